//! Without a session nothing is sent in clear.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words, measured};
use crate::{facts::Seen, probe::FallbackMeasured};

pub(super) const CHECK: Check = Check {
    name: "plaintext-fallback",
    title: "Nothing is sent in clear where no session can be had",
    experiment: "plaintext-fallback",
    expected: "the candidate refuses, or encrypts; no message leaves readable",
    judge: |experiment, _| {
        measured(experiment, |m: FallbackMeasured| {
            if !m.found.is_empty() {
                return Conclusion::new(
                    Verdict::Fail,
                    format!("the message left the device as {}", m.found.join(", ")),
                    "a server that withholds or breaks keys would make the candidate speak in clear",
                );
            }
            let stranger = experiment.outcome.first();
            match stranger.map(|step| &step.seen) {
                None => Conclusion::unreadable("no attempt was recorded"),
                Some(Seen::Refused { .. }) => Conclusion::new(
                    Verdict::Pass,
                    in_words(&experiment.outcome),
                    "no session, no message",
                ),
                Some(_) => Conclusion::new(
                    Verdict::Inconclusive,
                    format!(
                        "the candidate sent {} envelope(s) without a session; no encoding searched \
                         shows the message",
                        m.envelopes
                    ),
                    "to whom, and under which key, cannot be told from outside",
                ),
            }
        })
    },
};
