//! Lets a known peer come back under another identity key, as after a reinstall or with somebody
//! else behind its name: once in the prekeys that the server hands out, once in a message.

use hallmark_driver::protocol::ops::IdentityFingerprint;

use super::{
    Device, Lab, Stop, Trace, lab,
    reaction::{self, Measured, Reaction},
};
use crate::facts::Seen;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut measured = Measured::default();
    in_prekeys(&mut measured, lab, trace).await?;
    in_a_message(&mut measured, lab, trace).await?;
    trace.measured(&measured);
    Ok(())
}

async fn in_prekeys(
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let prekeys = lab::hand_out(pair.bob.publish(1).await?, 0);
    let setup = lab::meet(&mut pair.alice, "bob", prekeys, trace).await?;
    pair.bob.must_take("alice", &setup).await?;
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    let seen = pair.bob.receive(&sent).await;
    trace.control("new prekeys of bob under the same identity serve", seen);

    let before = fingerprint(&mut pair.alice).await;
    let mut other = lab.device("bob").await?;
    let prekeys = lab::hand_out(other.publish(1).await?, 0);
    pair.alice.take_warnings();
    let what = "alice is handed prekeys of another identity as bob's, and sends";
    let (seen, reaction) = match pair.alice.meet("bob", prekeys, trace).await? {
        Err(seen) => (seen, Reaction::Refused),
        Ok(setup) => {
            measured.fingerprint_changed = match (before, fingerprint(&mut pair.alice).await) {
                (Some(before), Some(after)) => Some(before != after),
                _ => None,
            };
            let told = pair.alice.take_warnings();
            match pair.alice.try_send("bob", "a message", &lab.canary(), trace).await? {
                Err(seen) => (seen, Reaction::Refused),
                Ok(mut sent) => {
                    sent.setup.splice(0..0, setup);
                    let opened = other.receive_any(&sent).await.is_delivered();
                    let late = pair.alice.take_warnings();
                    (Seen::Done, reaction::on_sending(opened, &told, &late))
                }
            }
        }
    };
    trace.outcome_with(what, seen, None, pair.alice.take_warnings());
    measured.note(what, reaction);
    lab.release([pair.alice, pair.bob, other]);
    Ok(())
}

async fn in_a_message(
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let mut other = lab.device("bob").await?;
    let prekeys = lab::hand_out(pair.alice.publish(1).await?, 0);
    let setup = lab::meet(&mut other, "alice", prekeys, trace).await?;
    let mut sent = other.send("alice", "a first message", &lab.canary(), trace).await?;
    sent.setup.splice(0..0, setup);
    pair.alice.take_warnings();
    let seen = pair.alice.receive(&sent).await;
    let warnings = pair.alice.take_warnings();
    let what = "alice is handed a first message of another identity as bob's";
    measured.note(what, reaction::on_receipt(&seen, &warnings));
    trace.outcome_with(what, seen, Some(sent.evidence), warnings);
    lab.release([pair.alice, pair.bob, other]);
    Ok(())
}

async fn fingerprint(device: &mut Device) -> Option<String> {
    let args = IdentityFingerprint { peer: "bob".to_owned() };
    device.call(&args).await.ok().map(|answer| answer.fingerprint)
}
