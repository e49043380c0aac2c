//! The recorded start of a conversation cannot be played again.

use hallmark_model::Verdict;

use super::{Check, Conclusion, all_refused, measured};
use crate::probe::InitialReplayMeasured;

pub(super) const CHECK: Check = Check {
    name: "initial-replay",
    title: "The first message of a conversation cannot be played again",
    experiment: "initial-replay",
    expected: "the first message is refused when it comes again: at once and after its session was \
               deleted, with and without a one-time prekey",
    judge: |experiment, _| {
        measured(experiment, |m: InitialReplayMeasured| {
            let judged = all_refused(
                experiment,
                "what was begun once is remembered, or its keys are gone",
                "whoever recorded the start of a conversation starts it again, with the same text",
            );
            if m.not_tried.is_empty() || judged.verdict != Verdict::Pass {
                return judged;
            }
            let missed: Vec<_> =
                m.not_tried.iter().map(|leg| format!("{} ({})", leg.what, leg.seen)).collect();
            let why = format!("{}. Not tried: {}", judged.why, missed.join("; "));
            Conclusion::new(judged.verdict, judged.observed, why)
        })
    },
};
