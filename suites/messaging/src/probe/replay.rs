//! Hands a live device the same envelope again.

use super::{Lab, Stop, Trace, lab};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(1).await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    bob.must_take("alice", &setup).await?;

    let first = alice.send("bob", "the first message", &lab.canary(), trace).await?;
    trace.control("the first message is delivered", bob.receive(&first).await);
    let again = bob.receive_envelope(&first, first.envelope.clone()).await;
    trace.outcome("the first message again, at once", again, Some(first.evidence.clone()));

    let reply = bob.send("alice", "a reply", &lab.canary(), trace).await?;
    trace.control("a reply is delivered", alice.receive(&reply).await);
    let second = alice.send("bob", "a second message", &lab.canary(), trace).await?;
    trace.control("a second message is delivered", bob.receive(&second).await);
    let again = bob.receive_envelope(&second, second.envelope.clone()).await;
    trace.outcome("the second message again, at once", again, Some(second.evidence.clone()));

    let third = alice.send("bob", "a third message", &lab.canary(), trace).await?;
    trace.control("a third message is delivered", bob.receive(&third).await);
    let again = bob.receive_envelope(&second, second.envelope.clone()).await;
    trace.outcome("the second message again, after the third", again, Some(second.evidence));

    let last = alice.send("bob", "a last message", &lab.canary(), trace).await?;
    trace.control("the next honest message is delivered", bob.receive(&last).await);
    lab.release([alice, bob]);
    Ok(())
}
