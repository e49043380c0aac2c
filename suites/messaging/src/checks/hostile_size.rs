//! Oversized, nested and over-claiming input does not end a conversation.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::HostileMeasured;

pub(super) const CHECK: Check = Check {
    name: "hostile-size",
    title: "Oversized and malformed input does not end a conversation",
    experiment: "hostile-size",
    expected: "input that is too long, too deep or claims to be longer than it is, is answered in \
               time, and the next honest message is read",
    judge: |experiment, _| {
        if let Some(step) = experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
            return Conclusion::new(
                Verdict::Fail,
                format!("{}: {}", step.what, step.seen),
                "whoever can send anything at all can cut two people off from each other",
            );
        }
        measured(experiment, |m: HostileMeasured| {
            if m.inputs.is_empty() || experiment.outcome.is_empty() {
                return Conclusion::unreadable("nothing was handed over");
            }
            let told: Vec<_> = m
                .inputs
                .iter()
                .map(|input| {
                    format!(
                        "{} ({}, up to {} bytes): {} shown, slowest {} ms",
                        text::one_line(&input.what),
                        input.count,
                        input.bytes,
                        input.shown,
                        input.slowest_millis
                    )
                })
                .collect();
            let observed = format!("{}; every next honest message was read", told.join("; "));
            if m.inputs.iter().any(|input| input.shown > 0) {
                Conclusion::new(
                    Verdict::Warn,
                    observed,
                    "input that no honest sender makes was shown as a message",
                )
            } else {
                Conclusion::new(Verdict::Pass, observed, "the conversation goes on")
            }
        })
    },
};
