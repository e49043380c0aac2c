//! Nobody becomes a member of a group unless a member adds them.

use hallmark_model::Verdict;

use super::{Check, Conclusion, accepted_attempt, in_words, measured};
use crate::probe::GroupAddedByServerMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-added-by-server",
    title: "Whoever runs the server cannot put somebody into a group",
    experiment: "group-added-by-server",
    expected: "a stranger's welcomes, changes and messages do not enter the group, and the stranger \
               opens no message of it",
    judge: |experiment, _| {
        measured(experiment, |m: GroupAddedByServerMeasured| {
            let fail = |observed: String| {
                Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "whoever runs or breaks into the server can listen to, or speak in, a closed group",
                )
            };
            if m.opened {
                fail("the stranger opened the next message of a member".to_owned())
            } else if m.listed {
                fail("the stranger stands in a member's list".to_owned())
            } else if m.shown > 0 {
                fail(format!("{} messages of the stranger were shown in the group", m.shown))
            } else if let Some(attempt) = accepted_attempt(&m.attempts) {
                fail(attempt)
            } else if experiment.outcome.is_empty() {
                Conclusion::unreadable("no step under test was recorded")
            } else {
                Conclusion::new(
                    Verdict::Pass,
                    in_words(&experiment.outcome),
                    "only members change the group; one whom a member added could read the next \
                     message",
                )
            }
        })
    },
};
