//! Accounts, and the devices for which they vouch.

use hallmark_driver::{
    protocol::{
        Bytes,
        ops::{IdentityCreate, IdentityPublic, Prekeys, PrekeysPublish},
    },
    sdk::{Device, Reply},
};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::{
    Messenger,
    faults::Faults,
    identity::{sign, signing_public, verifies},
    kdf::{Key, hmac},
};

/// One-time prekeys of a new device.
const ONE_TIME: u32 = 20;

/// The secret of an account: an Ed25519 seed that every device with its password has.
pub(super) fn secret(user: &str, password: &str) -> Key {
    Key(hmac(password.as_bytes(), &[b"account", user.as_bytes()]))
}

/// A device, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// `user/device`.
    pub(super) address: String,
    /// The identity key of its messenger.
    pub(super) identity: Bytes,
    /// Ed25519; the key of the account.
    pub(super) account: Key,
    /// By that key.
    signature: Bytes,
}

impl Listing {
    fn new(address: &str, identity: Bytes, account: &Key) -> Self {
        let signature = sign(account, &vouched(address, &identity)).into();
        let address = address.to_owned();
        Self { address, identity, account: signing_public(account), signature }
    }

    /// Whether this account key vouches for the device.
    pub(super) fn is_vouched_for(&self, account: &Key) -> bool {
        verifies(account, &vouched(&self.address, &self.identity), &self.signature)
    }

    /// Under which name the messenger knows it: a device with another key is another peer.
    pub(super) fn alias(&self) -> String {
        let Key(tag) = Key(hmac(&self.identity, &[b"alias"]));
        let tag: String = tag.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{}#{tag}", self.address)
    }

    pub(super) fn user(&self) -> &str {
        user_of(&self.address)
    }
}

/// `user` of `user/device`.
pub(super) fn user_of(address: &str) -> &str {
    address.split_once('/').map_or(address, |(user, _)| user)
}

/// What two users compare: both account keys.
pub(super) fn fingerprint(one: &Key, two: &Key) -> String {
    let mut digest = Context::new(&SHA256);
    let mut keys = [one, two];
    keys.sort();
    keys.iter().for_each(|key| digest.update(&key.0));
    digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A new device: its messenger, and what others are told of it.
pub(super) fn device(
    address: &str,
    account: &Key,
    seed: Option<u64>,
) -> Reply<(Messenger, Listing, Prekeys)> {
    let mut messenger = Messenger::new(Faults::NONE);
    messenger.reset(seed)?;
    messenger.identity_create(IdentityCreate { name: address.to_owned() })?;
    let prekeys = messenger.prekeys_publish(PrekeysPublish { one_time: ONE_TIME })?.prekeys;
    let identity = messenger.identity_public(IdentityPublic {})?.identity_key;
    Ok((messenger, Listing::new(address, identity, account), prekeys))
}

fn vouched(address: &str, identity: &[u8]) -> Vec<u8> {
    [b"device", address.as_bytes(), &[0], identity].concat()
}
