//! Forward secrecy of a message that came late: its key waited in the state for a while, and must
//! be gone once the message has been read.

use super::{Lab, Stop, Trace};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let late = pair.alice.send("bob", "the late message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &late.setup).await?;
    for _ in 0..2 {
        pair.there(lab, trace).await?;
    }
    let before = pair.bob.snapshot().await?;
    let read = pair.bob.receive_envelope(&late, late.envelope.clone()).await;
    trace.control("the late message is read although later ones came first", read);
    let after = pair.bob.snapshot().await?;
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;

    let mut thief = lab.blank("thief").await?;
    thief.restore(&before).await?;
    let opened = thief.receive_envelope(&late, late.envelope.clone()).await;
    trace.control("A: the state from before the late message opens it", opened);

    thief.restore(&after).await?;
    let stolen = thief.receive_envelope(&late, late.envelope.clone()).await;
    trace.outcome("the state from after the late message", stolen, Some(late.evidence));

    thief.restore(&after).await?;
    trace.control("B: that state opens the next honest message", thief.receive(&next).await);
    lab.release([pair.alice, pair.bob, thief]);
    Ok(())
}
