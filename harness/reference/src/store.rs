//! The whole persistent state of a device, and changes to it.

use std::collections::BTreeMap;

use hallmark_driver::sdk::{Declined, Reply};
use serde::{Deserialize, Serialize};

use crate::{
    entropy::Entropy,
    faults::{Fault, Faults},
    identity::{Identity, PublicIdentity, public},
    kdf::Key,
    ratchet::Ratchet,
    refused::Refused,
    session::{Opened, Session},
    wire::{Sealed, Start},
    x3dh::{self, OurPrekeys, PeerPrekeys},
};

const FORMAT: &str = "hallmark-reference-state/1";

/// Signed prekeys kept: the newest, and those that a slow initial message may still name.
const KEPT_SIGNED_PREKEYS: usize = 16;

/// One-time prekeys kept.
const MAX_ONE_TIME_PREKEYS: usize = 5000;

/// Peers known.
const MAX_PEERS: usize = 1000;

/// Sessions kept per peer, the one used last first. A start without one-time prekey could be
/// replayed once eight others have displaced its session: X3DH section 4.2 names that limit.
const MAX_SESSIONS: usize = 8;

/// Longest name, in bytes.
const MAX_NAME: usize = 256;

/// A device's persistent state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    format: String,
    /// Under which peers address it.
    pub(crate) name: String,
    pub(crate) identity: Identity,
    next_prekey: u64,
    /// Secrets by number.
    signed_prekeys: BTreeMap<u64, Key>,
    /// Secrets by number; each is removed on its first authenticated use.
    one_time_prekeys: BTreeMap<u64, Key>,
    peers: BTreeMap<String, Peer>,
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) identity: PublicIdentity,
    prekeys: Option<PeerPrekeys>,
    /// The one used last first.
    sessions: Vec<Session>,
}

/// A message that was opened but not yet accepted, and the session as it will be then.
pub(crate) struct Delivery {
    pub(crate) opened: Opened,
    pub(crate) session: Session,
    start: Option<Start>,
}

impl Store {
    /// A new device.
    pub(crate) fn create(name: &str, entropy: &mut Entropy) -> Reply<Self> {
        check_name(name)?;
        Ok(Self {
            format: FORMAT.to_owned(),
            name: name.to_owned(),
            identity: Identity { agreement: entropy.key()?, signing: entropy.key()? },
            next_prekey: 1,
            signed_prekeys: BTreeMap::new(),
            one_time_prekeys: BTreeMap::new(),
            peers: BTreeMap::new(),
        })
    }

    /// Reads a snapshot.
    pub(crate) fn read(state: &[u8]) -> Reply<Self> {
        let store: Self = serde_json::from_slice(state)
            .map_err(|error| Declined::error(format!("the state cannot be read: {error}")))?;
        if store.format != FORMAT {
            return Err(Declined::error(format!("the state is not of the format {FORMAT}")));
        }
        Ok(store)
    }

    /// Writes a snapshot.
    pub(crate) fn write(&self) -> Reply<Vec<u8>> {
        serde_json::to_vec(self).map_err(Declined::error)
    }

    /// Makes a new signed prekey; its number and public key.
    pub(crate) fn rotate_signed_prekey(&mut self, entropy: &mut Entropy) -> Reply<(u64, Key)> {
        let (id, secret) = self.new_prekey(entropy)?;
        let public = public(&secret);
        self.signed_prekeys.insert(id, secret);
        while self.signed_prekeys.len() > KEPT_SIGNED_PREKEYS {
            self.signed_prekeys.pop_first();
        }
        Ok((id, public))
    }

    /// Makes one-time prekeys; their numbers and public keys.
    pub(crate) fn add_one_time_prekeys(
        &mut self,
        count: u32,
        entropy: &mut Entropy,
    ) -> Reply<Vec<(u64, Key)>> {
        if self.one_time_prekeys.len().saturating_add(count as usize) > MAX_ONE_TIME_PREKEYS {
            return Err(
                Refused::Policy("the device has as many one-time prekeys as it keeps").into()
            );
        }
        (0..count)
            .map(|_| {
                let (id, secret) = self.new_prekey(entropy)?;
                let public = public(&secret);
                self.one_time_prekeys.insert(id, secret);
                Ok((id, public))
            })
            .collect()
    }

    fn new_prekey(&mut self, entropy: &mut Entropy) -> Reply<(u64, Key)> {
        let id = self.next_prekey;
        self.next_prekey =
            id.checked_add(1).ok_or_else(|| Declined::error("prekey numbers are exhausted"))?;
        Ok((id, entropy.key()?))
    }

    /// The peer of this name.
    pub(crate) fn peer(&self, name: &str) -> Result<&Peer, Refused> {
        self.peers.get(name).ok_or(Refused::Unknown("nothing is known of this peer"))
    }

    /// Remembers a peer's prekeys, whose signature was checked.
    pub(crate) fn import(
        &mut self,
        name: &str,
        identity: PublicIdentity,
        prekeys: PeerPrekeys,
    ) -> Result<(), Refused> {
        self.meet(name, &identity)?.prekeys = Some(prekeys);
        Ok(())
    }

    /// Starts a session with a peer whose prekeys were imported (X3DH section 3.3).
    pub(crate) fn start(&mut self, name: &str, entropy: &mut Entropy, faults: Faults) -> Reply<()> {
        let us = self.identity.clone();
        let unknown = Refused::Unknown("no prekeys of this peer were imported");
        let peer = self.peers.get_mut(name).ok_or(unknown.clone())?;
        let prekeys = peer.prekeys.as_mut().ok_or(unknown)?;
        let (ephemeral, first) = (entropy.key()?, entropy.key()?);
        let agreed = x3dh::initiate(&us, &peer.identity, prekeys, &ephemeral, faults)?;
        let ratchet =
            Ratchet::initiator(agreed.root.clone(), first, &prekeys.signed.public, faults)?;
        let start = Start {
            identity: us.public(),
            base: public(&ephemeral),
            signed_prekey: prekeys.signed.id,
            one_time_prekey: prekeys.one_time.take().map(|key| key.id),
        };
        peer.use_session(Session::initiator(agreed, start, ratchet));
        Ok(())
    }

    /// The session in use with a peer.
    pub(crate) fn session(&mut self, name: &str) -> Option<&mut Session> {
        self.peers.get_mut(name)?.sessions.first_mut()
    }

    /// Opens a message of a session that both sides have, without accepting it yet.
    pub(crate) fn open(
        &self,
        from: &str,
        id: u64,
        sealed: &Sealed<'_>,
        faults: Faults,
    ) -> Result<Delivery, Refused> {
        let mut session = self
            .peers
            .get(from)
            .and_then(|peer| peer.sessions.iter().find(|session| session.id == id))
            .ok_or(Refused::Unknown("there is no such session with this peer"))?
            .clone();
        let opened = session.open(sealed, faults)?;
        Ok(Delivery { opened, session, start: None })
    }

    /// Opens a message that starts a session, without accepting it yet (X3DH section 3.4).
    pub(crate) fn open_start(
        &self,
        from: &str,
        start: &Start,
        sealed: &Sealed<'_>,
        faults: Faults,
    ) -> Result<Delivery, Refused> {
        self.check_sender(from, &start.identity)?;
        let begun = self
            .peers
            .get(from)
            .and_then(|peer| peer.sessions.iter().find(|session| session.base == start.base));
        if let Some(session) = begun {
            return self.open(from, session.id, sealed, faults);
        }
        let signed = self
            .signed_prekeys
            .get(&start.signed_prekey)
            .ok_or(Refused::Unknown("the signed prekey of the message is not there"))?;
        let gone = Refused::Unknown("the one-time prekey of the message is not there");
        let one_time = start
            .one_time_prekey
            .map(|id| self.one_time_prekeys.get(&id).ok_or(gone))
            .transpose()?;
        let prekeys = OurPrekeys { signed, one_time };
        let agreed = x3dh::respond(&self.identity, &start.identity, &prekeys, &start.base, faults)?;
        let mut session = Session::responder(agreed, start.base.clone(), signed.clone());
        let opened = session.open(sealed, faults)?;
        Ok(Delivery { opened, session, start: Some(start.clone()) })
    }

    /// Accepts a message: now the state changes.
    pub(crate) fn accept(
        &mut self,
        from: &str,
        delivery: Delivery,
        faults: Faults,
    ) -> Result<Opened, Refused> {
        let Delivery { opened, session, start } = delivery;
        let peer = match start {
            Some(start) => {
                if let Some(id) = start.one_time_prekey
                    && !faults.has(Fault::ReuseOneTimePrekey)
                {
                    self.one_time_prekeys.remove(&id);
                }
                self.meet(from, &start.identity)?
            }
            None => self.peers.get_mut(from).ok_or(Refused::Unknown("the peer is gone"))?,
        };
        peer.use_session(session);
        Ok(opened)
    }

    /// Whether `identity` may speak under this name.
    fn check_sender(&self, name: &str, identity: &PublicIdentity) -> Result<(), Refused> {
        match self.peers.get(name) {
            Some(peer) if peer.identity != *identity => Err(Refused::IdentityChanged),
            Some(_) => Ok(()),
            None if self.peers.values().any(|peer| peer.identity == *identity) => {
                Err(Refused::Policy("this identity is already known under another name"))
            }
            None => Ok(()),
        }
    }

    /// The peer of this name, remembered with this identity if it is new.
    fn meet(&mut self, name: &str, identity: &PublicIdentity) -> Result<&mut Peer, Refused> {
        check_name(name)?;
        self.check_sender(name, identity)?;
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(name) {
            return Err(Refused::Policy("the device knows as many peers as it keeps"));
        }
        Ok(self.peers.entry(name.to_owned()).or_insert_with(|| Peer {
            identity: identity.clone(),
            prekeys: None,
            sessions: Vec::new(),
        }))
    }
}

impl Peer {
    /// Puts a session first, in the place of what it was before.
    fn use_session(&mut self, session: Session) {
        self.sessions.retain(|known| known.id != session.id);
        self.sessions.insert(0, session);
        self.sessions.truncate(MAX_SESSIONS);
    }
}

fn check_name(name: &str) -> Result<(), Refused> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Refused::Policy("a name has between 1 and 256 bytes"));
    }
    Ok(())
}
