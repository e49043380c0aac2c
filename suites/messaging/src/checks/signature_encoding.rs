//! A signature has one encoding. Graded: a second one changes no meaning.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words};
use crate::facts::Seen;

pub(super) const CHECK: Check = Check {
    name: "signature-encoding",
    title: "A signature is accepted in one encoding only",
    experiment: "signature-encoding",
    expected: "a signature with the group order added to its second half is refused (RFC 8032, \
               section 5.1.7)",
    judge: |experiment, _| {
        let observed = in_words(&experiment.outcome);
        match experiment.outcome.first().map(|step| &step.seen) {
            None => Conclusion::unreadable("no step under test was recorded"),
            Some(Seen::Refused { .. }) => Conclusion::new(
                Verdict::Pass,
                observed,
                "one signature has one form, so that it can be compared and counted",
            ),
            Some(_) => Conclusion::new(
                Verdict::Warn,
                observed,
                "whoever carries a signature can write it in another way; nothing else can be \
                 signed with that, but what compares signatures is misled",
            ),
        }
    },
};
