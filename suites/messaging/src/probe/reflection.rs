//! Hands a device its own envelope, as if the peer had sent it.

use super::{Lab, Sent, Stop, Trace};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("bob reads the message of alice", pair.bob.receive(&sent).await);
    let reflected = Sent { from: "bob".to_owned(), ..sent.clone() };
    drop(pair.alice.take_warnings());
    let seen = pair.alice.receive_envelope(&reflected, sent.envelope.clone()).await;
    let warnings = pair.alice.take_warnings();
    let what = "alice is handed her own message as one of bob";
    trace.outcome_with(what, seen, Some(sent.evidence), warnings);
    let reply = pair.bob.send("alice", "a reply", &lab.canary(), trace).await?;
    trace.control("alice still reads what bob sends", pair.alice.receive(&reply).await);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}
