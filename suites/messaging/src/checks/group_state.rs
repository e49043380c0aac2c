//! Changes and welcomes count once, in their epoch, for those for whom they were made.

use hallmark_model::Verdict;

use super::{Check, Conclusion, accepted_attempt, measured};
use crate::probe::Attempts;

pub(super) const CHECK: Check = Check {
    name: "group-state",
    title: "Old, repeated and misdirected changes do not change a group",
    experiment: "group-state",
    expected: "changes and welcomes out of their time and place leave the group as it is",
    judge: |experiment, _| {
        measured(experiment, |m: Attempts| {
            if m.attempts.is_empty() {
                return Conclusion::unreadable("nothing was tried");
            }
            let refused = m.attempts.iter().filter(|attempt| attempt.seen.is_refused()).count();
            match accepted_attempt(&m) {
                Some(attempt) => Conclusion::new(
                    Verdict::Fail,
                    attempt,
                    "whoever carries envelopes can turn a group back to an earlier state, or bring \
                     devices out of step",
                ),
                None => Conclusion::new(
                    Verdict::Pass,
                    format!(
                        "{} envelopes out of time and place: {refused} refused, the others without \
                         effect",
                        m.attempts.len()
                    ),
                    "the group stayed as it was and went on working",
                ),
            }
        })
    },
};
