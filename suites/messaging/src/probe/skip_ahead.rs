//! Withholds many messages at once and delivers the one after them: how far may a sender jump, and
//! what does the receiver keep for it?

use hallmark_driver::protocol::ops::{Envelope, EnvelopeKind, MessageDecrypt, MessageEncrypt};
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab::Pair};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The jumps that were tried, in their order.
    pub jumps: Vec<Jump>,
    /// The farthest jump that was read, in messages.
    pub read_at: Option<u64>,
    /// The nearest jump that was refused, in messages.
    pub refused_at: Option<u64>,
}

/// One jump.
#[derive(Debug, Serialize, Deserialize)]
pub struct Jump {
    /// How many messages were withheld before the one that was delivered.
    pub skipped: u64,
    /// Whether the message was read.
    pub read: bool,
    /// Length of the receiver's state before, in bytes.
    pub state_before: u64,
    /// Length of the receiver's state after, in bytes.
    pub state_after: u64,
    /// Key shares that were handed over meanwhile, in bytes as they were sent.
    #[serde(default)]
    pub handed_over: u64,
}

/// A jump that everybody must manage: a morning without network in a busy conversation.
const ORDINARY: u64 = 100;
/// How often the farthest jump is repeated to see whether the state goes on growing.
const REPEATS: u32 = 2;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let far: &[u64] = match lab.depth {
        Depth::Quick => &[1_100],
        Depth::Full => &[1_100, 2_600],
        Depth::Exhaustive => &[1_100, 2_600, 10_000, 26_000],
    };
    let Pair { mut alice, mut bob } = lab.pair(trace).await?;
    skip(&mut alice, &mut bob, 5).await?;
    let small = alice.send("bob", "a message after 5 withheld ones", &lab.canary(), trace).await?;
    trace.control("five messages may be skipped", bob.receive(&small).await);

    let mut measured = Measured { jumps: Vec::new(), read_at: None, refused_at: None };
    let (_, seen) = jump(&mut alice, &mut bob, ORDINARY, &mut measured, lab, trace).await?;
    let ordinary_read = seen.is_delivered();
    trace.outcome(format!("the message after {ORDINARY} withheld ones"), seen, None);
    if ordinary_read {
        let last = far.last().copied();
        'far: for skipped in far.iter().copied() {
            let times = if Some(skipped) == last { 1 + REPEATS } else { 1 };
            for _ in 0..times {
                let (near, seen) =
                    jump(&mut alice, &mut bob, skipped, &mut measured, lab, trace).await?;
                if !seen.is_delivered() {
                    let what = "a message nearer to the last one read is still read";
                    trace.control(what, bob.receive_envelope(&near, near.envelope.clone()).await);
                    break 'far;
                }
                if lab.out_of_time() {
                    break 'far;
                }
            }
        }
    }
    trace.measured(&measured);
    lab.release([alice, bob]);
    Ok(())
}

/// Withholds so many messages and delivers the next. Returns a withheld one from near the
/// beginning, and what came of the delivery.
async fn jump(
    alice: &mut Device,
    bob: &mut Device,
    skipped: u64,
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(Sent, Seen), Stop> {
    let state_before = bob.snapshot().await?.len() as u64;
    let mut handed_over = skip(alice, bob, skipped / 20).await?;
    let near = alice.send("bob", "a withheld message", &lab.canary(), trace).await?;
    bob.take_setup(&near).await;
    handed_over += skip(alice, bob, skipped.saturating_sub(skipped / 20 + 1)).await?;
    let label = format!("the message after {skipped} withheld ones");
    let sent = alice.send("bob", &label, &lab.canary(), trace).await?;
    let seen = bob.receive(&sent).await;
    let read = seen.is_delivered();
    match &seen {
        Seen::Delivered { .. } => {
            measured.read_at = Some(measured.read_at.unwrap_or(0).max(skipped));
        }
        Seen::Refused { .. } | Seen::NothingShown => measured.refused_at = Some(skipped),
        broken => return Err(Stop::at(label, broken.clone())),
    }
    let setups = near.setup.iter().chain(&sent.setup).map(|envelope| envelope.body.len() as u64);
    handed_over += setups.sum::<u64>();
    let state_after = bob.snapshot().await?.len() as u64;
    measured.jumps.push(Jump { skipped, read, state_before, state_after, handed_over });
    Ok((near, seen))
}

/// Encrypts messages that are never delivered. They are not kept: thousands would be. Key shares on the
/// way are handed over: a server queues them by themselves. Returns the bytes handed over.
async fn skip(alice: &mut Device, bob: &mut Device, count: u64) -> Result<u64, Stop> {
    let mut handed_over = 0;
    let args =
        MessageEncrypt { peer: "bob".to_owned(), plaintext: b"withheld".as_slice().into() };
    for _ in 0..count {
        let answer = alice.must("encrypts a message that is withheld", &args).await?;
        let carries = |envelope: &Envelope| envelope.kind == EnvelopeKind::Message;
        if !answer.envelopes.iter().any(carries) {
            let message = "`message.encrypt` answered without a message envelope".to_owned();
            return Err(Stop::at("alice encrypts", Seen::DriverError { message }));
        }
        for envelope in answer.envelopes.into_iter().filter(|envelope| !carries(envelope)) {
            handed_over += envelope.body.len() as u64;
            // What is made of it shows with the message that is delivered in the end.
            drop(bob.call(&MessageDecrypt { from: "alice".to_owned(), envelope }).await);
        }
    }
    Ok(handed_over)
}
