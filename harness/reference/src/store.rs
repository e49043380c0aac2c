//! The whole persistent state of a device, and changes to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hallmark_driver::sdk::{Declined, Reply};
use serde::{Deserialize, Serialize};

use crate::{
    entropy::Entropy,
    faults::{Fault, Faults},
    group::{Group, Invited},
    identity::{Identity, PublicIdentity, public},
    kdf::Key,
    ratchet::Ratchet,
    refused::Refused,
    session::{Opened, Session},
    wire::{Address, Header, Sealed, Start},
    x3dh::{self, OurPrekeys, PeerPrekeys},
};

const FORMAT: &str = "hallmark-reference-state/1";

/// Signed prekeys kept: the newest, and those that a slow initial message may still name.
const KEPT_SIGNED_PREKEYS: usize = 16;

/// One-time prekeys kept.
const MAX_ONE_TIME_PREKEYS: usize = 5000;

/// Peers known.
const MAX_PEERS: usize = 1000;

/// Sessions kept per peer, the one used last first.
const MAX_SESSIONS: usize = 8;

/// Further devices kept per peer.
const MAX_LINKED: usize = 16;

const NO_PREKEYS: Refused = Refused::Unknown("no prekeys of this peer were imported");

/// Starts remembered per peer beyond the life of their session. A start without one-time prekey
/// could be replayed once so many others have come after it: X3DH section 4.2 names the replay.
const REMEMBERED_STARTS: usize = 1000;

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
    /// Further devices of peers, by the peer's name and their own. They are written to.
    linked: BTreeMap<String, BTreeMap<String, Peer>>,
    /// By name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) groups: BTreeMap<String, Group>,
    /// Groups of which we were a member.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) left: BTreeSet<String>,
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) identity: PublicIdentity,
    prekeys: Option<PeerPrekeys>,
    /// Whether sessions with it use the older content cipher: with the fault `accept-downgrade`.
    older: bool,
    /// Whether the server's word that it has no encryption was taken: with the fault
    /// `strip-encryption`.
    unencrypted: bool,
    /// The one used last first.
    sessions: Vec<Session>,
    /// The ephemeral keys with which sessions began that are gone.
    #[serde(default)]
    ended_starts: VecDeque<Key>,
}

/// A message that was opened but not yet accepted, and the session as it will be then.
pub(crate) struct Delivery {
    pub(crate) opened: Opened,
    pub(crate) session: Session,
    start: Option<Start>,
    /// Whether it starts a session while another with the same peer is in use.
    pub(crate) displaces: bool,
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
            linked: BTreeMap::new(),
            groups: BTreeMap::new(),
            left: BTreeSet::new(),
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

    /// Makes the signed prekey of this number once more, as a one-time prekey.
    pub(crate) fn use_twice(&mut self, signed_prekey: u64, one_time: u64) {
        if let Some(secret) = self.signed_prekeys.get(&signed_prekey) {
            self.one_time_prekeys.insert(one_time, secret.clone());
        }
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
        older: bool,
        faults: Faults,
    ) -> Result<(), Refused> {
        let peer = self.meet(name, &identity, faults)?;
        (peer.prekeys, peer.older, peer.unencrypted) = (Some(prekeys), older, false);
        Ok(())
    }

    /// Takes the server's word that a known peer has no encryption.
    pub(crate) fn strip(&mut self, name: &str) {
        if let Some(peer) = self.peers.get_mut(name) {
            peer.unencrypted = true;
            peer.sessions.clear();
        }
    }

    /// Whether messages to this peer leave as they are.
    pub(crate) fn is_stripped(&self, name: &str) -> bool {
        self.peers.get(name).is_some_and(|peer| peer.unencrypted)
    }

    /// Remembers a further device of a peer, and starts a session with it.
    pub(crate) fn link(
        &mut self,
        (name, device): (&str, &str),
        identity: PublicIdentity,
        prekeys: PeerPrekeys,
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<()> {
        check_name(device)?;
        let devices = self.linked.entry(name.to_owned()).or_default();
        if devices.len() >= MAX_LINKED && !devices.contains_key(device) {
            return Err(Refused::Policy("the peer has as many devices as are kept").into());
        }
        let mut linked = Peer { prekeys: Some(prekeys), ..Peer::new(identity) };
        linked.start(&self.identity, entropy, faults)?;
        devices.insert(device.to_owned(), linked);
        Ok(())
    }

    /// The sessions with further devices of a peer.
    pub(crate) fn linked(&mut self, name: &str) -> impl Iterator<Item = &mut Session> {
        let devices = self.linked.get_mut(name).into_iter().flatten();
        devices.filter_map(|(_, device)| device.sessions.first_mut())
    }

    /// A peer whose prekeys were imported, to be made a member of a group.
    pub(crate) fn invite(&mut self, name: &str) -> Result<Invited, Refused> {
        let unknown = Refused::Unknown("no prekeys of this peer were imported");
        let peer = self.peers.get_mut(name).ok_or(unknown.clone())?;
        let prekeys = peer.prekeys.as_mut().ok_or(unknown)?;
        let one_time = prekeys.one_time.take();
        let prekeys = PeerPrekeys { signed: prekeys.signed.clone(), one_time };
        Ok(Invited { name: name.to_owned(), identity: peer.identity.clone(), prekeys })
    }

    /// Our prekeys of these numbers.
    pub(crate) fn prekeys(
        &self,
        signed: u64,
        one_time: Option<u64>,
    ) -> Result<OurPrekeys<'_>, Refused> {
        let signed = self
            .signed_prekeys
            .get(&signed)
            .ok_or(Refused::Unknown("the signed prekey of the message is not there"))?;
        let gone = Refused::Unknown("the one-time prekey of the message is not there");
        let one_time = one_time.map(|id| self.one_time_prekeys.get(&id).ok_or(gone)).transpose()?;
        Ok(OurPrekeys { signed, one_time })
    }

    /// Becomes a member of a group; the one-time prekey of the welcome has served.
    pub(crate) fn join(&mut self, name: &str, group: Group, one_time: Option<u64>) {
        if let Some(id) = one_time {
            self.one_time_prekeys.remove(&id);
        }
        self.left.remove(name);
        self.groups.insert(name.to_owned(), group);
    }

    /// Starts a session with a peer whose prekeys were imported (X3DH section 3.3).
    pub(crate) fn start(&mut self, name: &str, entropy: &mut Entropy, faults: Faults) -> Reply<()> {
        let peer = self.peers.get_mut(name).ok_or(NO_PREKEYS)?;
        peer.start(&self.identity, entropy, faults)
    }

    /// The session in use with a peer.
    pub(crate) fn session(&mut self, name: &str) -> Option<&mut Session> {
        self.peers.get_mut(name)?.sessions.first_mut()
    }

    /// Whose session this is: the peer's that the server names, or, with the fault that believes
    /// the server, that of any peer.
    pub(crate) fn speaker<'a>(
        &'a self,
        from: &'a str,
        address: &Address,
        faults: Faults,
    ) -> &'a str {
        let Address::Session(id) = address else { return from };
        let has_it = |peer: &Peer| peer.sessions.iter().any(|session| session.id == *id);
        if !faults.has(Fault::TrustOuterSender) || self.peers.get(from).is_some_and(has_it) {
            return from;
        }
        self.peers.iter().find(|(_, peer)| has_it(peer)).map_or(from, |(name, _)| name)
    }

    /// Whether another session with this peer has come into use since the one that is named.
    pub(crate) fn is_superseded(&self, from: &str, address: &Address) -> bool {
        let in_use = self.peers.get(from).and_then(|peer| peer.sessions.first());
        in_use.is_some_and(|session| match address {
            Address::Session(id) => session.id != *id,
            Address::Start(start) => session.base != start.base,
        })
    }

    /// Drops every session with this peer: what an overrun leaves, with the fault that allows one.
    pub(crate) fn overrun(&mut self, from: &str) {
        if let Some(peer) = self.peers.get_mut(from) {
            peer.sessions.clear();
        }
    }

    /// Whether we started a session with this peer that is not answered yet.
    fn is_starting(&self, name: &str) -> bool {
        let peer = self.peers.get(name);
        peer.is_some_and(|peer| peer.sessions.iter().any(Session::is_unanswered))
    }

    /// Forgets the sessions with a peer, but not with what they were started.
    pub(crate) fn delete_sessions(&mut self, name: &str, faults: Faults) -> Result<(), Refused> {
        let unknown = Refused::Unknown("there is no session with this peer");
        let peer = self.peers.get_mut(name).ok_or(unknown.clone())?;
        if peer.sessions.is_empty() {
            return Err(unknown);
        }
        for session in std::mem::take(&mut peer.sessions) {
            if !faults.has(Fault::ForgetInitialMessages) {
                peer.remember_start(session.base);
            }
        }
        Ok(())
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
        Ok(Delivery { opened, session, start: None, displaces: false })
    }

    /// Uses up the key of a message that was refused: with the fault `advance-on-refusal` only.
    pub(crate) fn spend(&mut self, from: &str, id: u64, header: &Header, faults: Faults) {
        let sessions = self.peers.get_mut(from).map(|peer| peer.sessions.iter_mut());
        let session = sessions.into_iter().flatten().find(|session| session.id == id);
        if let Some(session) = session {
            session.spend(header, faults);
        }
    }

    /// Opens a message that starts a session, without accepting it yet (X3DH section 3.4).
    pub(crate) fn open_start(
        &self,
        from: &str,
        start: &Start,
        sealed: &Sealed<'_>,
        faults: Faults,
    ) -> Result<Delivery, Refused> {
        self.check_sender(from, &start.identity, faults)?;
        let begun = self
            .peers
            .get(from)
            .and_then(|peer| peer.sessions.iter().find(|session| session.base == start.base));
        if let Some(session) = begun {
            return self.open(from, session.id, sealed, faults);
        }
        if faults.has(Fault::GlareDeadlock) && self.is_starting(from) {
            return Err(Refused::Policy("a session with this peer is being started from here"));
        }
        if self.peers.get(from).is_some_and(|peer| peer.ended_starts.contains(&start.base)) {
            return Err(Refused::Old(sealed.header.number));
        }
        let prekeys = self.prekeys(start.signed_prekey, start.one_time_prekey)?;
        let agreed = x3dh::respond(&self.identity, &start.identity, &prekeys, &start.base, faults)?;
        let mut session =
            Session::responder(agreed, start.base.clone(), prekeys.signed.clone(), faults);
        let opened = match session.clone().open(sealed, faults) {
            // Whoever was made to use the older cipher did not say so.
            Err(Refused::Tag | Refused::Malformed(_)) if faults.has(Fault::AcceptDowngrade) => {
                session.older = true;
                session.open(sealed, faults)?
            }
            _ => session.open(sealed, faults)?,
        };
        let displaces = self.peers.get(from).is_some_and(|peer| !peer.sessions.is_empty());
        Ok(Delivery { opened, session, start: Some(start.clone()), displaces })
    }

    /// Accepts a message: now the state changes.
    pub(crate) fn accept(
        &mut self,
        from: &str,
        delivery: Delivery,
        faults: Faults,
    ) -> Result<Opened, Refused> {
        let Delivery { opened, session, start, .. } = delivery;
        let peer = match start {
            Some(start) => {
                if let Some(id) = start.one_time_prekey
                    && !faults.has(Fault::ReuseOneTimePrekey)
                {
                    self.one_time_prekeys.remove(&id);
                }
                self.meet(from, &start.identity, faults)?
            }
            None => self.peers.get_mut(from).ok_or(Refused::Unknown("the peer is gone"))?,
        };
        peer.use_session(session);
        Ok(opened)
    }

    /// Whether `identity` may speak under this name.
    pub(crate) fn check_sender(
        &self,
        name: &str,
        identity: &PublicIdentity,
        faults: Faults,
    ) -> Result<(), Refused> {
        let known = self.peers.get(name);
        if known.is_some_and(|peer| peer.identity == *identity) {
            return Ok(());
        }
        let elsewhere = self.peers.values().any(|peer| peer.identity == *identity);
        match known {
            _ if elsewhere && faults.has(Fault::UnboundIdentity) => Ok(()),
            Some(_) if !elsewhere && faults.has(Fault::AcceptIdentityChange) => Ok(()),
            Some(_) => Err(Refused::IdentityChanged),
            None if elsewhere => {
                Err(Refused::Policy("this identity is already known under another name"))
            }
            None => Ok(()),
        }
    }

    /// The peer of this name, remembered with this identity if it is new.
    fn meet(
        &mut self,
        name: &str,
        identity: &PublicIdentity,
        faults: Faults,
    ) -> Result<&mut Peer, Refused> {
        check_name(name)?;
        self.check_sender(name, identity, faults)?;
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(name) {
            return Err(Refused::Policy("the device knows as many peers as it keeps"));
        }
        let peer = self.peers.entry(name.to_owned()).or_insert_with(|| Peer::new(identity.clone()));
        if peer.identity != *identity {
            *peer = Peer::new(identity.clone());
        }
        Ok(peer)
    }
}

impl Peer {
    fn new(identity: PublicIdentity) -> Self {
        Self {
            identity,
            prekeys: None,
            older: false,
            unencrypted: false,
            sessions: Vec::new(),
            ended_starts: VecDeque::new(),
        }
    }

    fn start(&mut self, us: &Identity, entropy: &mut Entropy, faults: Faults) -> Reply<()> {
        let prekeys = self.prekeys.as_mut().ok_or(NO_PREKEYS)?;
        let (ephemeral, first) = (entropy.key()?, entropy.key()?);
        let agreed = x3dh::initiate(us, &self.identity, prekeys, &ephemeral, faults)?;
        let ratchet =
            Ratchet::initiator(agreed.root.clone(), first, &prekeys.signed.public, faults)?;
        let start = Start {
            identity: us.public(),
            base: public(&ephemeral),
            signed_prekey: prekeys.signed.id,
            one_time_prekey: prekeys.one_time.take().map(|key| key.id),
        };
        let mut session = Session::initiator(agreed, start, ratchet, faults);
        session.older = self.older;
        self.use_session(session);
        Ok(())
    }

    /// Puts a session first, in the place of what it was before.
    fn use_session(&mut self, session: Session) {
        self.sessions.retain(|known| known.id != session.id);
        self.sessions.insert(0, session);
        while self.sessions.len() > MAX_SESSIONS {
            let displaced = self.sessions.pop();
            displaced.into_iter().for_each(|session| self.remember_start(session.base));
        }
    }

    fn remember_start(&mut self, base: Key) {
        self.ended_starts.push_back(base);
        if self.ended_starts.len() > REMEMBERED_STARTS {
            self.ended_starts.pop_front();
        }
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), Refused> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(Refused::Policy("a name has between 1 and 256 bytes"));
    }
    Ok(())
}
