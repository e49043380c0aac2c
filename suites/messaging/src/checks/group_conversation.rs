//! A message stays in the group in which it was said.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words, measured};
use crate::probe::GroupConversationMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-conversation",
    title: "A message of one group is never shown in another",
    experiment: "group-conversation",
    expected: "a message handed over in another group of the same people is not shown there",
    judge: |experiment, _| {
        measured(experiment, |m: GroupConversationMeasured| match m {
            _ if experiment.outcome.is_empty() => Conclusion::unreadable("no message was moved"),
            GroupConversationMeasured { misplaced: 0, put_right: 0 } => Conclusion::new(
                Verdict::Pass,
                in_words(&experiment.outcome),
                "a message is bound to its group",
            ),
            GroupConversationMeasured { misplaced: 0, put_right } => Conclusion::new(
                Verdict::Pass,
                format!("{put_right} messages were shown in their own group nevertheless"),
                "a message is bound to its group, whatever the server says",
            ),
            GroupConversationMeasured { misplaced, .. } => Conclusion::new(
                Verdict::Fail,
                format!("{misplaced} messages were shown in a group in which they were not said"),
                "\"stop all infusions\" said about one patient is read in the group of another",
            ),
        })
    },
};
