//! A key that nobody asked for is not taken for the word of the one whose name it bears.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words, measured};
use crate::probe::GroupForwardedKeyMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-forwarded-key",
    title: "A member cannot hand out keys in another member's name",
    experiment: "group-forwarded-key",
    expected: "a key forwarded without being asked for is not taken, or marked as not trusted",
    judge: |experiment, _| {
        measured(experiment, |m: GroupForwardedKeyMeasured| match m {
            _ if experiment.outcome.is_empty() => Conclusion::unreadable("nothing was forwarded"),
            GroupForwardedKeyMeasured { shown: false, .. } => Conclusion::new(
                Verdict::Pass,
                in_words(&experiment.outcome),
                "only a member itself says under which key it speaks",
            ),
            GroupForwardedKeyMeasured { warned: true, .. } => Conclusion::new(
                Verdict::Warn,
                "the message is shown as the third one's, with a warning",
                "whether staff act on the warning decides whether they are deceived",
            ),
            GroupForwardedKeyMeasured { .. } => Conclusion::new(
                Verdict::Fail,
                "the message is shown as the third one's, without a warning",
                "a member can hand out a key of its own making as a colleague's and speak as them \
                 (CVE-2022-39246 and its siblings)",
            ),
        })
    },
};
