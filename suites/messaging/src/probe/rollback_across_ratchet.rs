//! Forward secrecy across a ratchet step: after one change of keys in each direction, the state
//! must open no message of the chain that ended.

use super::{Lab, Stop, Trace};

/// Messages of the chain that ends; the one in the middle has the control.
const OLD: usize = 3;
const MIDDLE: usize = 1;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let mut old = Vec::new();
    let mut before = None;
    for number in 0..OLD {
        let sent = pair.alice.send("bob", "a message of the old chain", &lab.canary(), trace).await?;
        if number == MIDDLE {
            pair.bob.must_take("alice", &sent.setup).await?;
            before = Some((pair.bob.snapshot().await?, sent.clone()));
        }
        pair.bob.must_receive("a message of the old chain", &sent).await?;
        old.push(sent);
    }
    pair.back(lab, trace).await?;
    pair.there(lab, trace).await?;
    let after = pair.bob.snapshot().await?;
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;

    let mut thief = lab.blank("thief").await?;
    if let Some((state, sent)) = before {
        thief.restore(&state).await?;
        let opened = thief.receive_envelope(&sent, sent.envelope.clone()).await;
        trace.control("A: the state from before a message of the old chain opens it", opened);
    }
    for (number, sent) in (1..).zip(old) {
        thief.restore(&after).await?;
        let stolen = thief.receive_envelope(&sent, sent.envelope.clone()).await;
        let what = format!("the state from after the step, message {number} of the old chain");
        trace.outcome(what, stolen, Some(sent.evidence));
    }
    thief.restore(&after).await?;
    trace.control("B: that state opens the next honest message", thief.receive(&next).await);
    lab.release([pair.alice, pair.bob, thief]);
    Ok(())
}
