//! Sessions: a conversation of two is a group of two.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How the ids of such groups begin. They are not groups to the user.
const PREFIX: &str = "dm:";

/// The groups that are sessions, and which of them is used for sending.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Sessions {
    /// Peers by group.
    peers: BTreeMap<String, String>,
    /// The group begun last, by peer.
    current: BTreeMap<String, String>,
}

impl Sessions {
    /// The id of a new session's group.
    pub(crate) fn id(own: &str, peer: &str, random: [u8; 8]) -> String {
        format!("{PREFIX}{own}:{peer}:{:016x}", u64::from_be_bytes(random))
    }

    /// Whether a group of this id is a session.
    pub(crate) fn names(group: &str) -> bool {
        group.starts_with(PREFIX)
    }

    /// Says whether another session was in use.
    pub(crate) fn begin(&mut self, group: &str, peer: &str) -> bool {
        self.peers.insert(group.to_owned(), peer.to_owned());
        self.current.insert(peer.to_owned(), group.to_owned()).is_some()
    }

    pub(crate) fn current(&self, peer: &str) -> Option<&str> {
        self.current.get(peer).map(String::as_str)
    }

    pub(crate) fn peer(&self, group: &str) -> Option<&str> {
        self.peers.get(group).map(String::as_str)
    }

    /// Forgets all sessions with this peer.
    pub(crate) fn forget(&mut self, peer: &str) {
        self.current.remove(peer);
        self.peers.retain(|_, other| other != peer);
    }
}
