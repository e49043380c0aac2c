//! Hands a live device input that it should refuse, each before an honest message, and sees whether
//! that is still read: what was refused must leave no trace.

use serde::{Deserialize, Serialize};

use super::{Lab, Sent, Stop, Trace, lab::Pair};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Inputs that were handed over.
    pub tried: u64,
    /// Of these, refused.
    pub refused: u64,
    /// Of these, answered without showing anything.
    pub nothing_shown: u64,
    /// Those that were shown as a message: what that means is for other experiments to say.
    pub shown: Vec<String>,
}

/// What is handed over in the place of an honest envelope.
#[derive(Clone, Copy)]
enum Input {
    Empty,
    /// So many bytes at random.
    Junk(usize),
    /// The envelope with one bit of its first byte changed: where a version may stand.
    First,
    /// The same of the byte in its middle.
    Middle,
    /// The same of its last byte: where a tag may stand.
    Last,
}

/// Junk is longer and shorter than the tags and nonces that a device may look for.
const INPUTS: [Input; 10] = [
    Input::Empty,
    Input::Junk(1),
    Input::Junk(15),
    Input::Junk(16),
    Input::Junk(40),
    Input::Junk(100),
    Input::Junk(1000),
    Input::First,
    Input::Middle,
    Input::Last,
];

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    // Bob has heard the chain in which alice goes on.
    let mut pair = lab.pair(trace).await?;
    let mut measured = Measured::default();
    for input in INPUTS {
        let what = input.words();
        let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
        pair.bob.must_take("alice", &sent.setup).await?;
        let body = input.body(&sent.envelope.body, lab);
        measured.tried += 1;
        match pair.bob.receive_body(&sent, body.clone()).await {
            Seen::Refused { .. } => measured.refused += 1,
            Seen::Done | Seen::NothingShown => measured.nothing_shown += 1,
            // It took the place of the message, which would be its second copy.
            Seen::Delivered { .. } => {
                measured.shown.push(what);
                continue;
            }
            broken => return Err(Stop::at(format!("bob is handed {what}"), broken)),
        }
        if !still_reads(&mut pair, &sent, &what, trace).await {
            trace.keep(format!("alice to bob: {what}"), &body)?;
            break;
        }
    }
    and_after(&mut pair, lab, trace).await?;
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

impl Input {
    fn words(self) -> String {
        match self {
            Self::Empty => "an empty envelope".to_owned(),
            Self::Junk(bytes) => format!("junk of {bytes} bytes"),
            Self::First => "the envelope with its first byte altered".to_owned(),
            Self::Middle => "the envelope with its middle byte altered".to_owned(),
            Self::Last => "the envelope with its last byte altered".to_owned(),
        }
    }

    fn body(self, honest: &[u8], lab: &mut Lab<'_>) -> Vec<u8> {
        let at = match self {
            Self::Empty => return Vec::new(),
            Self::Junk(bytes) => {
                return (0..bytes).map(|_| u8::try_from(lab.below(256)).unwrap_or(0)).collect();
            }
            Self::First => 0,
            Self::Middle => honest.len() / 2,
            Self::Last => honest.len().saturating_sub(1),
        };
        let mut body = honest.to_vec();
        if let Some(byte) = body.get_mut(at) {
            *byte ^= 1;
        }
        body
    }
}

/// Whether the honest message is read that the input came before.
async fn still_reads(pair: &mut Pair, sent: &Sent, what: &str, trace: &mut Trace<'_>) -> bool {
    let seen = pair.bob.receive_envelope(sent, sent.envelope.clone()).await;
    let reads = seen.is_as_meant() && seen.is_delivered();
    let what = format!("the honest message after {what}");
    trace.outcome(what, seen, Some(sent.evidence.clone()));
    reads
}

/// What is left of the conversation: a lost message, or none that is ever read again.
async fn and_after(pair: &mut Pair, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let sent = pair.alice.send("bob", "a further message", &lab.canary(), trace).await?;
    let seen = pair.bob.receive(&sent).await;
    trace.outcome("the one after it", seen, Some(sent.evidence));
    let reply = pair.bob.send("alice", "a reply", &lab.canary(), trace).await?;
    let seen = pair.alice.receive(&reply).await;
    trace.outcome("bob's reply", seen, Some(reply.evidence));
    Ok(())
}
