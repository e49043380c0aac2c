//! Encryption, once in use, is not switched off by the server.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words, measured};
use crate::probe::MarkerMeasured;

pub(super) const CHECK: Check = Check {
    name: "encryption-marker",
    title: "The server cannot switch encryption off in a conversation that has it",
    experiment: "encryption-marker",
    expected: "the candidate refuses, or goes on to encrypt; no message leaves readable",
    judge: |experiment, _| {
        measured(experiment, |m: MarkerMeasured| {
            if experiment.outcome.len() < 2 {
                Conclusion::unreadable("the steps were not recorded")
            } else if m.found.is_empty() {
                Conclusion::new(
                    Verdict::Pass,
                    in_words(&experiment.outcome),
                    "that a person's messages are encrypted is remembered, whatever the server says",
                )
            } else {
                Conclusion::new(
                    Verdict::Fail,
                    format!("the message left the device as {}", m.found.join(", ")),
                    "a server that says of a known person \"no encryption\" reads the next message",
                )
            }
        })
    },
};
