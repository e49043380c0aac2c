//! Hands a live device input that is too long, too deep, or claims to be longer than it is, and
//! sees whether the conversation goes on.

use std::time::Instant;

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab::Pair};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Each kind of input.
    pub inputs: Vec<Input>,
}

/// One kind of input.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// What it is.
    pub what: String,
    /// How many inputs of this kind were handed over.
    pub count: u64,
    /// Length of the longest, in bytes.
    pub bytes: u64,
    /// How many of them were shown as a message.
    pub shown: u64,
    /// How long the slowest took, in milliseconds.
    pub slowest_millis: u64,
}

/// Brackets one inside the other.
const NESTED: usize = 100_000;
/// A length as many formats write it, or would read it: more than 4 GiB in bytes of 7 or 8 bits.
const CLAIM: [u8; 9] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
/// At `--depth quick` a claim follows every prefix up to this length, then every sixteenth.
const EVERY: usize = 32;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let large = match lab.depth {
        Depth::Quick => 1280 * 1024,
        Depth::Full => 4 * 1024 * 1024,
        Depth::Exhaustive => 8 * 1024 * 1024,
    };
    let mut pair = lab.pair(trace).await?;
    let mut measured = Measured { inputs: Vec::new() };
    for kind in [Kind::Appended, Kind::Repeated, Kind::Nested, Kind::Claims] {
        let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
        pair.bob.must_take("alice", &sent.setup).await?;
        let bodies = kind.bodies(&sent.envelope.body, large, lab.depth);
        let input = hand_over(&mut pair.bob, kind, &sent, bodies, trace).await?;
        measured.inputs.push(input);
        still_alive(&mut pair, kind, lab, trace).await?;
    }
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Appended,
    Repeated,
    Nested,
    Claims,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Appended => "a valid envelope with zeros behind it",
            Self::Repeated => "one byte, over and over",
            Self::Nested => "100,000 opening brackets",
            Self::Claims => "beginnings of an envelope with a length that is not there",
        }
    }

    fn bodies(self, honest: &[u8], large: usize, depth: Depth) -> Vec<Vec<u8>> {
        let marked = |byte: u8, count: usize| {
            let mut body = honest.get(..2).unwrap_or_default().to_vec();
            body.resize(count, byte);
            body
        };
        match self {
            Self::Appended => {
                let mut body = honest.to_vec();
                body.resize(honest.len() + large, 0);
                vec![body]
            }
            Self::Repeated => vec![marked(0xff, large)],
            // Brackets of JSON, and of the groups that protocol buffers once had.
            Self::Nested => {
                vec![vec![b'['; NESTED], b"{\"a\":".repeat(NESTED / 5), marked(0x0b, NESTED)]
            }
            // In the first half only: what stands behind it may be a tag, and no length.
            Self::Claims => (0..honest.len() / 2)
                .filter(|at| depth != Depth::Quick || *at < EVERY || at % 16 == 0)
                .map(|at| [honest.get(..at).unwrap_or_default(), &CLAIM[..]].concat())
                .collect(),
        }
    }
}

async fn hand_over(
    bob: &mut Device,
    kind: Kind,
    sent: &Sent,
    bodies: Vec<Vec<u8>>,
    trace: &mut Trace<'_>,
) -> Result<Input, Stop> {
    let mut input = Input {
        what: kind.words().to_owned(),
        count: 0,
        bytes: 0,
        shown: 0,
        slowest_millis: 0,
    };
    for body in bodies {
        let bytes = body.len() as u64;
        let began = Instant::now();
        let seen = bob.receive_body(sent, body).await;
        let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        input.count += 1;
        input.bytes = input.bytes.max(bytes);
        input.slowest_millis = input.slowest_millis.max(millis);
        match seen {
            Seen::Delivered { .. } => input.shown += 1,
            Seen::Done | Seen::NothingShown | Seen::Refused { .. } => {}
            // What broke the device is a step of its own: no answer is not a refusal.
            broken => {
                trace.outcome(format!("{} ({bytes} bytes)", kind.words()), broken.clone(), None);
                return Err(Stop::at(format!("{} ({bytes} bytes)", kind.words()), broken));
            }
        }
    }
    Ok(input)
}

async fn still_alive(
    pair: &mut Pair,
    kind: Kind,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;
    let what = format!("the next honest message after: {}", kind.words());
    trace.outcome(what, pair.bob.receive(&next).await, Some(next.evidence));
    Ok(())
}
