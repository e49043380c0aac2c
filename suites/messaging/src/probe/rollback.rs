//! Forward secrecy by state rollback.
//!
//! The state from *before* a message must open it (control A: the snapshot is complete). The
//! state from *after* it must not (the test), and must open the next honest message (control B:
//! alive, not broken). Needs no knowledge of keys, and works on any protocol.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Round trips between the message and the late snapshot.
    late_rounds: u64,
}

const LATE_ROUNDS: u64 = 3;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let message = pair.alice.send("bob", "the message", &lab.canary(), trace).await?;
    let before = pair.bob.snapshot().await?;
    pair.bob.must_receive("the message", &message).await?;
    let after = pair.bob.snapshot().await?;
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;

    let mut thief = lab.blank("thief").await?;
    thief.restore(&before).await?;
    trace.control("A: the state from before the message opens it", thief.receive(&message).await);

    thief.restore(&after).await?;
    let stolen = thief.receive_envelope(&message, message.envelope.clone()).await;
    trace.outcome("the state from after the message", stolen, Some(message.evidence.clone()));

    thief.restore(&after).await?;
    trace.control("B: that state opens the next honest message", thief.receive(&next).await);

    pair.bob.must_receive("the next message", &next).await?;
    for _ in 0..LATE_ROUNDS {
        pair.back(lab, trace).await?;
        pair.there(lab, trace).await?;
    }
    let late = pair.bob.snapshot().await?;
    let newest = pair.alice.send("bob", "a late message", &lab.canary(), trace).await?;
    thief.restore(&late).await?;
    let stolen = thief.receive_envelope(&message, message.envelope.clone()).await;
    let what = format!("the state from {LATE_ROUNDS} round trips later");
    trace.outcome(what, stolen, Some(message.evidence));
    thief.restore(&late).await?;
    trace.control("B: the late state opens the next honest message", thief.receive(&newest).await);

    trace.measured(&Measured { late_rounds: LATE_ROUNDS });
    lab.release([pair.alice, pair.bob, thief]);
    Ok(())
}
