//! Plaintext is not shown as a message of an encrypted conversation.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::InjectedMeasured;

pub(super) const CHECK: Check = Check {
    name: "plaintext-injected",
    title: "What was not encrypted is not shown like an encrypted message",
    experiment: "plaintext-injected",
    expected: "plaintext in an encrypted conversation is refused, dropped, or shown with a warning",
    judge: |experiment, _| {
        measured(experiment, |m: InjectedMeasured| {
            let observed = format!(
                "{} envelopes without encryption: {} refused, {} showed nothing, {} shown with a \
                 warning, {} shown like any other message, {} not understood by the driver",
                m.tried,
                m.refused,
                m.nothing_shown,
                m.warned,
                m.shown.len(),
                m.driver_errors
            );
            match m.shown.first() {
                Some(first) => Conclusion::new(
                    Verdict::Fail,
                    format!("{observed}; the first that was shown: {}", text::one_line(first)),
                    "whoever runs the server writes into the conversation in the peer's name",
                ),
                None if m.refused + m.nothing_shown + m.warned == 0 => Conclusion::new(
                    Verdict::Inconclusive,
                    observed,
                    "no envelope reached the candidate",
                ),
                None => Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "what stands in the conversation was encrypted by the peer",
                ),
            }
        })
    },
};
