//! Restores a sender to one state twice, and lets it say something else each time: how much of the
//! beginning that both texts share shows in the envelopes.
//!
//! A third text, which shares nothing, tells what envelopes of one state have in common whatever
//! they say, and two honest envelopes tell what the format repeats. Only bytes that neither
//! explains are counted.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};

/// What was measured, in bytes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How much the texts share from their beginning.
    pub shared_text: u64,
    /// The longest run of equal bytes at equal offsets that only the shared text explains.
    pub longest_run: u64,
    /// All such bytes.
    pub shared_bytes: u64,
    /// Length of the envelopes.
    pub envelope: u64,
}

/// Three blocks of AES.
const SHARED: usize = 48;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    pair.there(lab, trace).await?;
    let state = pair.alice.snapshot().await?;
    let shared: Vec<u8> = [lab.canary(), lab.canary()].concat().into_iter().take(SHARED).collect();
    let text = |start: &[u8], end: Vec<u8>| [start, &end].concat();
    let texts = [
        text(&shared, lab.canary()),
        text(&shared, lab.canary().into_iter().rev().collect()),
        text(&shared.iter().map(|byte| byte ^ 0x15).collect::<Vec<_>>(), lab.canary()),
    ];

    let mut twin = lab.blank("alice").await?;
    let mut sent = Vec::new();
    for (text, label) in texts.iter().zip([
        "a message of the restored state",
        "another message of the same state",
        "an unlike message of the same state",
    ]) {
        twin.restore(&state).await?;
        sent.push(twin.send("bob", label, text, trace).await?);
    }
    let first = pair.alice.send("bob", "an honest message", &texts[0], trace).await?;
    let second = pair.alice.send("bob", "the honest message after it", &texts[1], trace).await?;
    trace.control("the honest message is read", pair.bob.receive(&first).await);
    trace.control("the honest message after it is read", pair.bob.receive(&second).await);

    let body = |at: usize| sent.get(at).map_or(&[][..], |sent| &sent.envelope.body[..]);
    let (one, other, unlike) = (body(0), body(1), body(2));
    let equal = |a: &[u8], b: &[u8], at: usize| a.get(at).is_some_and(|byte| b.get(at) == Some(byte));
    let told: Vec<bool> = (0..one.len())
        .map(|at| {
            equal(one, other, at)
                && !equal(one, unlike, at)
                && !equal(&first.envelope.body, &second.envelope.body, at)
        })
        .collect();
    let longest = told.split(|told| !told).map(<[bool]>::len).max().unwrap_or_default();
    trace.measured(&Measured {
        shared_text: SHARED as u64,
        longest_run: longest as u64,
        shared_bytes: told.iter().filter(|told| **told).count() as u64,
        envelope: one.len() as u64,
    });
    lab.release([pair.alice, pair.bob, twin]);
    Ok(())
}
