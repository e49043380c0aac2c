//! For whom a message is encrypted after a device of the reader was removed.

use std::collections::BTreeSet;

use hallmark_driver::protocol::ops::{DeviceList, DeviceRemove};
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile, Person},
};
use crate::facts::Seen;

/// What was measured: devices of the reader for which messages were encrypted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// While there was one.
    pub first: u64,
    /// While there were two.
    pub both: u64,
    /// After one was removed. None: no key was shared again, and the old one serves on.
    pub after: u64,
    /// Of these, those that were removed.
    pub removed_among_them: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    lab.offers::<DeviceRemove>("a device is removed")?;
    lab.offers::<DeviceList>("devices are listed")?;
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    let first = hostile.genuine(bob.user());
    let listed = devices(&mut alice, bob.user()).await?;

    let tablet = hostile.enter_as(bob.user(), "bob-tablet", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    let both = hostile::devices_of(bob.user(), &hostile.seen().await?);
    let second: BTreeSet<_> = both.difference(&first).cloned().collect();
    if second.is_empty() {
        return Err(Stop::at("alice writes to bob's second device too", Seen::Done));
    }
    // It is switched off before it is removed: one that is in use may list itself again.
    hostile.dismiss(tablet, lab).await;
    let now = devices(&mut alice, bob.user()).await?;
    let Some(device) = now.difference(&listed).next().cloned() else {
        return Err(Stop::at("alice is shown bob's second device", Seen::Done));
    };
    bob.app().device.must("removes his second device", &DeviceRemove { device }).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    let relay = hostile.seen().await?;
    let after = hostile::devices_of(bob.user(), &relay);
    let evidence = hostile::keep(&relay, "after a removal", trace)?;
    trace.outcome("alice writes to bob after the removal", Seen::Done, Some(evidence));
    let count = |devices: usize| u64::try_from(devices).unwrap_or(u64::MAX);
    trace.measured(&Measured {
        first: count(first.len()),
        both: count(both.len()),
        after: count(after.len()),
        removed_among_them: count(after.intersection(&second).count()),
    });
    hostile.end([alice, bob], lab).await;
    Ok(())
}

async fn devices(person: &mut Person, user: &str) -> Result<BTreeSet<String>, Stop> {
    let list = DeviceList { user: user.to_owned() };
    let listed = person.app().device.must("lists devices", &list).await?;
    Ok(listed.devices.into_iter().collect())
}
