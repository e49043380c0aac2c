//! Inspects what two devices publish, several times over: no key in two roles, no one-time key
//! twice, no key of one device at the other.

use std::collections::BTreeMap;

use hallmark_driver::protocol::{Bytes, ops::Prekeys};
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, lab};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many keys were published, each counted once.
    pub keys: u64,
    /// How many one-time prekeys were among them.
    pub one_time: u64,
    /// Keys that were met where they should not be, in words.
    pub reused: Vec<String>,
}

/// How often each device publishes.
const TIMES: usize = 3;
/// How many one-time prekeys it is asked for each time.
const ONE_TIME: u32 = 8;

/// Where a key was met.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    device: &'static str,
    time: usize,
    role: &'static str,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let mut carol = lab.device("carol").await?;
    let mut met: BTreeMap<Vec<u8>, Vec<Place>> = BTreeMap::new();
    let mut last = None;
    for time in 1..=TIMES {
        for (device, name) in [(&mut carol, "carol"), (&mut bob, "bob")] {
            let prekeys = device.publish(ONE_TIME).await?;
            for (role, key) in keys(&prekeys) {
                met.entry(point(key)).or_default().push(Place { device: name, time, role });
            }
            last = Some(prekeys);
        }
    }
    if let Some(prekeys) = last {
        let mut alice = lab.device("alice").await?;
        let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
        bob.must_take("alice", &setup).await?;
        let sent = alice.send("bob", "a message", &lab.canary(), trace).await?;
        trace.control("prekeys that were published serve", bob.receive(&sent).await);
        lab.release([alice]);
    }
    let one_time = met.values().flatten().filter(|place| place.role == ONE_TIME_ROLE).count();
    trace.measured(&Measured {
        keys: met.len() as u64,
        one_time: one_time as u64,
        reused: met.values().filter_map(|places| reuse(places)).collect(),
    });
    lab.release([bob, carol]);
    Ok(())
}

const ONE_TIME_ROLE: &str = "one-time prekey";

fn keys(prekeys: &Prekeys) -> Vec<(&'static str, &Bytes)> {
    let mut keys = vec![("identity key", &prekeys.identity_key)];
    keys.extend(prekeys.signing_key.as_ref().map(|key| ("signing key", key)));
    keys.extend(prekeys.signed_prekey.as_ref().map(|key| ("signed prekey", &key.public)));
    keys.extend(prekeys.kem_prekey.as_ref().map(|key| ("key-encapsulation prekey", &key.public)));
    keys.extend(prekeys.one_time_prekeys.iter().map(|key| (ONE_TIME_ROLE, &key.public)));
    keys
}

/// The key without the byte that some serialisations put before a curve point.
fn point(key: &Bytes) -> Vec<u8> {
    match &key[..] {
        [_, point @ ..] if point.len() == 32 => point.to_vec(),
        other => other.to_vec(),
    }
}

/// What is wrong with a key that was met in these places, if anything.
fn reuse(places: &[Place]) -> Option<String> {
    let (first, rest) = places.split_first()?;
    let other = rest.iter().find(|place| {
        place.role != first.role || place.device != first.device || place.role == ONE_TIME_ROLE
    })?;
    let words = |place: &Place| {
        format!("{} of {} in publication {}", place.role, place.device, place.time)
    };
    Some(format!("{} is also {}", words(first), words(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_role_one_device_and_serves_once() {
        let place = |device, time, role| Place { device, time, role };
        let identity = place("bob", 1, "identity key");
        assert_eq!(reuse(&[identity, Place { time: 2, ..identity }]), None);
        assert_eq!(reuse(&[place("bob", 1, ONE_TIME_ROLE)]), None);
        for other in [
            place("bob", 2, "signing key"),
            place("carol", 1, "identity key"),
            place("bob", 1, ONE_TIME_ROLE),
        ] {
            assert!(reuse(&[identity, other]).is_some());
        }
        let once = place("bob", 1, ONE_TIME_ROLE);
        assert!(reuse(&[once, Place { time: 2, ..once }]).is_some());
    }
}
