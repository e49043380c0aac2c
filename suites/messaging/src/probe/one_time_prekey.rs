//! Starts two sessions from the same one-time prekey: the second must find its key gone.

use super::{Lab, Stop, Trace, lab};
use crate::facts::Seen;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(2).await?;
    if prekeys.one_time_prekeys.len() < 2 {
        let reason = "bob publishes no one-time prekeys";
        return Err(Stop::not_offered("bob publishes two one-time prekeys", reason));
    }
    let used = lab::hand_out(prekeys.clone(), 0);
    let fresh = lab::hand_out(prekeys, 1);

    let mut devices = Vec::new();
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
        } else {
            let what = format!("{name} uses the one-time prekey that alice used");
            trace.outcome(what, seen, Some(sent.evidence));
        }
        devices.push(device);
    }
    lab.release([bob]);
    for device in devices {
        lab.release([device]);
    }
    Ok(())
}
