//! Puts plaintext into an encrypted conversation, as a server could: bare, in the forms in which
//! messengers write text, and in the clothes of the candidate's own envelopes.

use hallmark_driver::protocol::{
    Bytes, Warning, WarningClass,
    ops::{Envelope, EnvelopeKind},
};
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Sent, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Envelopes that were handed over.
    pub tried: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, answered without showing anything.
    pub nothing_shown: u64,
    /// Of these, shown with a warning that they were not encrypted or not verified.
    pub warned: u64,
    /// Of these, not understood by the driver.
    pub driver_errors: u64,
    /// Those that were shown like any other message.
    pub shown: Vec<String>,
}

/// Outer types that other protocols give to what is not encrypted.
const PLAIN_TAGS: [&str; 4] = ["", "plain", "plaintext", "text"];

/// How many of those that were shown are kept as steps.
const ENOUGH_SHOWN: usize = 4;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let own = pair.there(lab, trace).await?;
    let canary = lab.canary();
    let mut measured = Measured::default();
    pair.bob.take_warnings();
    for (what, envelope) in variants(&own.envelope, &canary, lab.depth) {
        let injected =
            Sent { plaintext: canary.clone(), setup: Vec::new(), envelope, ..own.clone() };
        let seen = pair.bob.receive(&injected).await;
        let warnings = pair.bob.take_warnings();
        measured.tried += 1;
        match &seen {
            Seen::Refused { .. } => measured.refused += 1,
            Seen::Delivered { .. } if tells(&warnings) => measured.warned += 1,
            Seen::Delivered { .. } => {
                if measured.shown.len() < ENOUGH_SHOWN {
                    let kept = trace.keep(what.clone(), &injected.envelope.body)?;
                    trace.outcome_with(what.clone(), seen, Some(kept), warnings);
                }
                measured.shown.push(what);
            }
            Seen::Broken { .. } => {
                let kept = trace.keep(what.clone(), &injected.envelope.body)?;
                trace.outcome(what, seen, Some(kept));
                trace.measured(&measured);
                return Ok(());
            }
            Seen::Done | Seen::NothingShown => measured.nothing_shown += 1,
            Seen::Unsupported { .. } | Seen::DriverError { .. } => measured.driver_errors += 1,
        }
    }
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("bob still reads what alice encrypts", pair.bob.receive(&sent).await);
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

fn variants(own: &Envelope, canary: &[u8], depth: Depth) -> Vec<(String, Envelope)> {
    let text = String::from_utf8_lossy(canary);
    let bodies = [
        ("the bare text", canary.to_vec()),
        ("JSON of a Matrix event", format!(
            r#"{{"type":"m.room.message","content":{{"msgtype":"m.text","body":"{text}"}}}}"#
        ).into_bytes()),
        ("JSON with a body", format!(r#"{{"type":"text","body":"{text}"}}"#).into_bytes()),
        ("an XMPP body", format!("<message><body>{text}</body></message>").into_bytes()),
        ("a Signal plaintext content", [&[0xC0], canary].concat()),
    ];
    let tags = || [own.tag.as_str()].into_iter().chain(PLAIN_TAGS);
    let mut variants = Vec::new();
    for (name, body) in bodies {
        for tag in tags() {
            for kind in [EnvelopeKind::Message, EnvelopeKind::Setup] {
                let what = format!("{name}, as `{tag}`");
                let body = Bytes(body.clone());
                variants.push((what, Envelope { kind, tag: tag.to_owned(), body }));
            }
        }
    }
    // The candidate's own first byte, then each type that could follow, then the text.
    let last = if depth == Depth::Quick { 15 } else { u8::MAX };
    for form in 0..=last {
        for tag in tags() {
            let body = Bytes([own.body.get(..1).unwrap_or_default(), &[form], canary].concat());
            let what = format!("the text after the candidate's first byte and {form}, as `{tag}`");
            let kind = EnvelopeKind::Message;
            variants.push((what, Envelope { kind, tag: tag.to_owned(), body }));
        }
    }
    variants
}

/// Whether a warning says that this was not encrypted, or by whom is not known. `/1` has no
/// classes.
fn tells(warnings: &[Warning]) -> bool {
    warnings.iter().any(|warning| {
        matches!(
            warning.class,
            WarningClass::Unencrypted | WarningClass::Unverified | WarningClass::Other
        )
    })
}
