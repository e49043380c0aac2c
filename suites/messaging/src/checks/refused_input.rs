//! What is refused leaves no trace.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::{facts::Step, probe::RefusedInputMeasured};

pub(super) const CHECK: Check = Check {
    name: "refused-input",
    title: "What a device refuses changes nothing",
    experiment: "refused-input",
    expected: "after each empty, random or altered input that is refused, the next honest message \
               is read, and the one after it",
    judge: |experiment, _| {
        let is_lost = |step: &&Step| !(step.seen.is_as_meant() && step.seen.is_delivered());
        let lost = experiment.outcome.iter().filter(is_lost);
        let lost: Vec<_> = lost.map(|step| format!("{}: {}", step.what, step.seen)).collect();
        if !lost.is_empty() {
            return Conclusion::new(
                Verdict::Fail,
                lost.join("; "),
                "whoever can send anything at all can take away what one person writes to another",
            );
        }
        measured(experiment, |m: RefusedInputMeasured| {
            if experiment.outcome.is_empty() {
                return Conclusion::unreadable("no honest message was handed over");
            }
            let observed = format!(
                "{} inputs: {} refused, {} showed nothing, {} were shown as a message; all {} honest \
                 messages after those that were not shown were read",
                m.tried,
                m.refused,
                m.nothing_shown,
                m.shown.len(),
                experiment.outcome.len()
            );
            if m.refused + m.nothing_shown == 0 {
                Conclusion::new(
                    Verdict::Inconclusive,
                    observed,
                    "nothing was refused, so no refusal could leave a trace",
                )
            } else {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "a message changes the session once it is known to be authentic, and not before",
                )
            }
        })
    },
};
