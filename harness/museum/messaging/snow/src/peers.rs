//! The people whom a device knows, and its sessions with them.

use std::collections::{BTreeMap, BTreeSet};

use snow::Keypair;

use crate::{
    noise::{self, Key, Receiving, Sending},
    protocol::{Declined, Reply},
};

/// Most people that are known, and most sessions that are remembered as begun.
const MOST: usize = 65_536;

/// A text that was opened.
pub(crate) struct Text {
    pub(crate) plaintext: Vec<u8>,
    pub(crate) position: u64,
}

/// A peer, by the name that the server gives it.
struct Peer {
    /// Trusted on first use.
    key: Key,
    sending: Option<Sending>,
    receiving: Option<Receiving>,
}

/// What `identity.create` makes, and `reset` forgets.
pub(crate) struct Account {
    keys: Keypair,
    peers: BTreeMap<String, Peer>,
    /// The ephemeral keys of the first messages that were read.
    begun: BTreeSet<Key>,
}

impl Account {
    pub(crate) fn new() -> Reply<Self> {
        Ok(Self { keys: noise::keypair()?, peers: BTreeMap::new(), begun: BTreeSet::new() })
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.keys.public.clone()
    }

    /// Learns a peer's static key.
    pub(crate) fn learn(&mut self, name: String, key: &[u8]) -> Reply<()> {
        let key = noise::key(key)?;
        self.recognise(&name, &key)?;
        self.meet(name, key);
        Ok(())
    }

    /// Starts a sending session anew; its first message will tell the peer.
    pub(crate) fn start(&mut self, name: &str) -> Reply<()> {
        let peer = self
            .peers
            .get_mut(name)
            .ok_or_else(|| Declined::error(format!("no prekeys of `{name}` were imported")))?;
        peer.sending = Some(Sending::new(&self.keys, &peer.key)?);
        Ok(())
    }

    /// Whether messages go to or come from this peer.
    pub(crate) fn session(&self, name: &str) -> Reply<()> {
        let peer = self.peers.get(name);
        let there = peer.is_some_and(|peer| peer.sending.is_some() || peer.receiving.is_some());
        if there { Ok(()) } else { Err(no_session(name)) }
    }

    /// Seals a text; the flag says that it is the first of its session. Who was written to answers
    /// in a session of its own, without being asked to start it.
    pub(crate) fn seal(&mut self, name: &str, text: &[u8]) -> Reply<(Vec<u8>, bool)> {
        self.session(name)?;
        let peer = self.peers.get_mut(name).ok_or_else(|| no_session(name))?;
        let mut sending = match peer.sending.take() {
            Some(sending) => sending,
            None => Sending::new(&self.keys, &peer.key)?,
        };
        let first = sending.is_first();
        match sending.write(text) {
            Ok(message) => {
                peer.sending = Some(sending.later()?);
                Ok((message, first))
            }
            Err(declined) => {
                peer.sending = Some(sending);
                Err(declined)
            }
        }
    }

    /// Opens the first message of a session, which takes the place of the one before.
    pub(crate) fn open_first(&mut self, name: &str, message: &[u8]) -> Reply<Text> {
        let opened = noise::open(&self.keys, message)?;
        if self.begun.contains(&opened.ephemeral) {
            return Err(Declined::refused("old-message", "this session was begun before"));
        }
        self.recognise(name, &opened.sender)?;
        if self.begun.len() >= MOST {
            return Err(Declined::refused("policy", "too many sessions were begun"));
        }
        self.begun.insert(opened.ephemeral);
        let peer = self.meet(name.to_owned(), opened.sender);
        peer.receiving = Some(opened.receiving);
        Ok(Text { plaintext: opened.text, position: 0 })
    }

    /// Opens a later message.
    pub(crate) fn open(&mut self, name: &str, message: &[u8]) -> Reply<Text> {
        let peer = self.peers.get_mut(name);
        let receiving = peer.and_then(|peer| peer.receiving.as_mut());
        let (plaintext, position) = receiving.ok_or_else(|| no_session(name))?.read(message)?;
        Ok(Text { plaintext, position })
    }

    /// A name keeps its key, and a key its name.
    fn recognise(&self, name: &str, key: &Key) -> Reply<()> {
        match self.peers.get(name) {
            Some(peer) if peer.key == *key => Ok(()),
            Some(_) => Err(Declined::refused(
                "identity-changed",
                format!("another static key of `{name}` is known"),
            )),
            None if self.peers.values().any(|peer| peer.key == *key) => {
                Err(Declined::refused("policy", "this static key is known under another name"))
            }
            None if self.peers.len() >= MOST => {
                Err(Declined::refused("policy", "too many people are known"))
            }
            None => Ok(()),
        }
    }

    fn meet(&mut self, name: String, key: Key) -> &mut Peer {
        self.peers.entry(name).or_insert(Peer { key, sending: None, receiving: None })
    }
}

fn no_session(name: &str) -> Declined {
    Declined::refused("unknown-key", format!("there is no session with `{name}`"))
}
