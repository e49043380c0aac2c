//! Starts two sessions from the same one-time prekey: the second must find its key gone. And the
//! state that is stolen after that must not open the first message of the first.

use super::{Lab, Stop, Trace, lab};
use crate::facts::Seen;

/// Where the protocol is MLS, all that is published at once serves once.
const KEY_PACKAGE: &str = "key_package";

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(2).await?;
    let (used, fresh) = if prekeys.extra.get(KEY_PACKAGE).is_some() {
        (prekeys, bob.publish(2).await?)
    } else if prekeys.one_time_prekeys.len() < 2 {
        let reason = "bob publishes no one-time prekeys";
        return Err(Stop::not_offered("bob publishes two one-time prekeys", reason));
    } else {
        (lab::hand_out(prekeys.clone(), 0), lab::hand_out(prekeys, 1))
    };

    let mut devices = Vec::new();
    let mut initial = None;
    for (name, prekeys, first_use) in
        [("alice", used.clone(), true), ("carol", used, false), ("dave", fresh, true)]
    {
        let mut device = lab.device(name).await?;
        let setup = lab::meet(&mut device, "bob", prekeys, trace).await?;
        let mut sent = device.send("bob", "a first message", &lab.canary(), trace).await?;
        sent.setup.splice(0..0, setup);
        let seen: Seen = bob.receive(&sent).await;
        if first_use {
            trace.control(format!("{name} uses a fresh one-time prekey and reaches bob"), seen);
            initial.get_or_insert(sent);
        } else {
            let what = format!("{name} uses the one-time prekey that alice used");
            trace.outcome(what, seen, Some(sent.evidence));
        }
        devices.push(device);
    }
    if let (Some(initial), Some(last)) = (initial, devices.last_mut()) {
        let state = bob.snapshot().await?;
        let next = last.send("bob", "the next message", &lab.canary(), trace).await?;
        let mut thief = lab.blank("thief").await?;
        thief.restore(&state).await?;
        let stolen = thief.receive(&initial).await;
        trace.outcome("the state after further sessions, the initial message", stolen, Some(initial.evidence));
        thief.restore(&state).await?;
        trace.control("that state opens the next honest message", thief.receive(&next).await);
        lab.release([thief]);
    }
    lab.release([bob]);
    for device in devices {
        lab.release([device]);
    }
    Ok(())
}
