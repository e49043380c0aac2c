//! Hands an envelope over under another name than its sender's: a known peer's, then a stranger's.

use hallmark_driver::{Outcome, protocol::ops::MessageDecrypt};

use super::{Device, Lab, Sent, Stop, Trace, lab};
use crate::facts::{Seen, Sender, Text};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let mut carol = lab.device("carol").await?;
    let prekeys = pair.bob.publish(1).await?;
    let setup = lab::meet(&mut carol, "bob", lab::hand_out(prekeys, 0), trace).await?;
    pair.bob.must_take("carol", &setup).await?;
    let sent = carol.send("bob", "a first message", &lab.canary(), trace).await?;
    pair.bob.must_receive("a first message", &sent).await?;
    let reply = pair.bob.send("carol", "a reply", &lab.canary(), trace).await?;
    trace.control("bob talks with carol too", carol.receive(&reply).await);

    for (name, who) in [("carol", "carol, whom bob knows"), ("mallory", "mallory, a stranger")] {
        let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
        pair.bob.must_take("alice", &sent.setup).await?;
        pair.bob.take_warnings();
        let seen = under_another_name(&mut pair.bob, name, &sent).await;
        let warnings = pair.bob.take_warnings();
        let what = format!("a message of alice, handed over as one of {who}");
        trace.outcome_with(what, seen, Some(sent.evidence), warnings);
    }

    for (sender, name) in [(&mut pair.alice, "alice"), (&mut carol, "carol")] {
        let sent = sender.send("bob", "the next message", &lab.canary(), trace).await?;
        let what = format!("bob still reads what {name} sends under her own name");
        trace.control(what, pair.bob.receive(&sent).await);
    }
    lab.release([pair.alice, pair.bob, carol]);
    Ok(())
}

/// What is shown when the server names somebody else; the right sender is the real one.
async fn under_another_name(bob: &mut Device, name: &str, sent: &Sent) -> Seen {
    let args = MessageDecrypt { from: name.to_owned(), envelope: sent.envelope.clone() };
    let outcome = bob.call(&args).await;
    match &outcome {
        Outcome::Ok(answer, _) if answer.messages.is_empty() => Seen::NothingShown,
        Outcome::Ok(answer, _) => {
            let all = |holds: fn(&str, &Sent, &[u8]) -> bool| {
                answer.messages.iter().all(|shown| holds(&shown.sender, sent, &shown.plaintext))
            };
            Seen::Delivered {
                text: if all(|_, sent, text| text == &sent.plaintext[..]) {
                    Text::AsSent
                } else {
                    Text::Different
                },
                sender: if all(|sender, sent, _| sender == sent.from) {
                    Sender::Right
                } else {
                    Sender::Wrong
                },
                position: answer.messages.first().and_then(|shown| shown.position),
            }
        }
        other => Seen::of(other),
    }
}
