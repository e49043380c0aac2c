//! Forward secrecy and freshness across a restart: a fresh process that takes over the stored
//! state must know what was read before, and must erase what is read afterwards.

use super::{Lab, Stop, Trace};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let read_before = pair.alice.send("bob", "the message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &read_before.setup).await?;
    let before = pair.bob.snapshot().await?;
    pair.bob.must_receive("the message", &read_before).await?;
    let stored = pair.bob.snapshot().await?;
    let read_after = pair.alice.send("bob", "a message after the restart", &lab.canary(), trace).await?;
    let newest = pair.alice.send("bob", "the newest message", &lab.canary(), trace).await?;
    lab.release([pair.bob]);

    let mut bob = lab.fresh_process("bob").await?;
    bob.restore(&stored).await?;
    let again = bob.receive_envelope(&read_before, read_before.envelope.clone()).await;
    let what = "the message read before the restart, first thing after it";
    trace.outcome(what, again, Some(read_before.evidence.clone()));
    bob.restore(&stored).await?;
    trace.control("the restarted device reads on", bob.receive(&read_after).await);
    for (what, sent) in [
        ("the message read before the restart, again after the next", &read_before),
        ("the message read after the restart, again", &read_after),
    ] {
        let again = bob.receive_envelope(sent, sent.envelope.clone()).await;
        trace.outcome(what, again, Some(sent.evidence.clone()));
    }
    let stored_later = bob.snapshot().await?;

    let mut thief = lab.blank("thief").await?;
    thief.restore(&before).await?;
    let opened = thief.receive_envelope(&read_before, read_before.envelope.clone()).await;
    trace.control("A: the state from before the message opens it", opened);
    for (what, sent) in [
        ("the state from after the restart, the message read before it", &read_before),
        ("the state from after the restart, the message read after it", &read_after),
    ] {
        thief.restore(&stored_later).await?;
        let stolen = thief.receive_envelope(sent, sent.envelope.clone()).await;
        trace.outcome(what, stolen, Some(sent.evidence.clone()));
    }
    thief.restore(&stored_later).await?;
    trace.control("B: that state opens the next honest message", thief.receive(&newest).await);
    lab.release([pair.alice, bob, thief]);
    Ok(())
}
