//! Hands over envelopes of a first session again, once a second session with the same peer is in
//! use.

use hallmark_driver::protocol::ops::Envelope;

use super::{Device, Lab, Sent, Stop, Trace, lab};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let [prekeys, further] = lab::offers(&mut bob).await?;
    let setup = lab::meet(&mut alice, "bob", prekeys, trace).await?;
    bob.must_take("alice", &setup).await?;
    let first = alice.send("bob", "the first message", &lab.canary(), trace).await?;
    trace.control("the first message is delivered", bob.receive(&first).await);
    let reply = bob.send("alice", "a reply", &lab.canary(), trace).await?;
    trace.control("a reply is delivered", alice.receive(&reply).await);
    let second = alice.send("bob", "the second message", &lab.canary(), trace).await?;
    trace.control("the second message is delivered", bob.receive(&second).await);

    let setup = lab::meet(&mut alice, "bob", further, trace).await?;
    bob.must_take("alice", &setup).await?;
    let third = alice.send("bob", "a message of the second session", &lab.canary(), trace).await?;
    trace.control("the second session carries a message", bob.receive(&third).await);
    let old = [(&first, "the first message"), (&second, "the second message")];
    again(&mut bob, &old, &third, "in the second session", trace).await;

    let reply = bob.send("alice", "a reply", &lab.canary(), trace).await?;
    trace.control("a reply in the second session is delivered", alice.receive(&reply).await);
    let fourth = alice.send("bob", "a further message", &lab.canary(), trace).await?;
    trace.control("a further message is delivered", bob.receive(&fourth).await);
    again(&mut bob, &old, &fourth, "after a round trip in the second session", trace).await;

    let last = alice.send("bob", "the next message", &lab.canary(), trace).await?;
    trace.control("the next honest message is delivered", bob.receive(&last).await);
    lab.release([alice, bob]);
    Ok(())
}

/// Hands the old envelopes over again, as they were and dressed as one of the session in use.
async fn again(
    bob: &mut Device,
    old: &[(&Sent, &str)],
    newest: &Sent,
    when: &str,
    trace: &mut Trace<'_>,
) {
    for (sent, label) in old {
        let seen = bob.receive_envelope(sent, sent.envelope.clone()).await;
        trace.outcome(format!("{label} again, {when}"), seen, Some(sent.evidence.clone()));
        if sent.envelope.tag != newest.envelope.tag {
            let dressed = Envelope { tag: newest.envelope.tag.clone(), ..sent.envelope.clone() };
            let seen = bob.receive_envelope(sent, dressed).await;
            let what = format!("{label} again, {when}, with the outer tag of its messages");
            trace.outcome(what, seen, Some(sent.evidence.clone()));
        }
    }
}
