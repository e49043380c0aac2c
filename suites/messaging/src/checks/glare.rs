//! A conversation survives a simultaneous start and a damaged envelope.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GlareMeasured;

pub(super) const CHECK: Check = Check {
    name: "glare",
    title: "A conversation survives a simultaneous start and a damaged message",
    experiment: "glare",
    expected: "where both start at once, and after a damaged envelope, every further message is read \
               and none leaves unencrypted",
    judge: |experiment, _| {
        measured(experiment, |m: GlareMeasured| {
            if let Some(encoding) = m.found.first() {
                return Conclusion::new(
                    Verdict::Fail,
                    format!("a message stood in its envelope, as {encoding}"),
                    "in its trouble the candidate sent without encryption",
                );
            }
            match experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
                _ if experiment.outcome.is_empty() => {
                    Conclusion::unreadable("no step was recorded")
                }
                Some(step) => Conclusion::new(
                    Verdict::Fail,
                    format!("{}: {}", step.what, step.seen),
                    "two people who write to each other at the same moment, or one damaged \
                     envelope, can end a conversation",
                ),
                None => Conclusion::new(
                    Verdict::Pass,
                    format!(
                        "all {} messages were read, in none of {} envelopes was one found; the \
                         damaged envelope: {}",
                        experiment.outcome.len(),
                        m.envelopes,
                        m.damaged
                    ),
                    "the conversation finds itself again, encrypted",
                ),
            }
        })
    },
};
