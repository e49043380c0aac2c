//! What an app keeps from one start to the next, in one file.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use hallmark_driver::protocol::{
    Bytes,
    ops::{Content, Shown},
};
use serde::{Deserialize, Serialize};

use super::{account::Listing, letter::Gathering};
use crate::kdf::Key;

/// Messages that are shown of one conversation.
const MOST_SHOWN: usize = 1000;

/// What an app keeps.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) user: String,
    /// The secret of the account.
    pub(super) account: Key,
    pub(super) listing: Listing,
    /// The state of the messenger.
    pub(super) state: Bytes,
    /// Account keys, by user: those that were seen first.
    pub(super) pinned: BTreeMap<String, Key>,
    /// Users whose fingerprint was compared.
    pub(super) verified: BTreeSet<String>,
    /// Devices that were written to or heard from, by address.
    pub(super) known: BTreeMap<String, Listing>,
    /// Peers of the messenger with whom it has a session.
    pub(super) sessions: BTreeSet<String>,
    pub(super) groups: BTreeMap<String, Gathering>,
    pub(super) shown: BTreeMap<String, Vec<Shown>>,
}

impl Kept {
    pub(super) fn new(user: &str, account: Key, listing: Listing) -> Self {
        Self {
            user: user.to_owned(),
            account,
            listing,
            state: Bytes::default(),
            pinned: BTreeMap::new(),
            verified: BTreeSet::new(),
            known: BTreeMap::new(),
            sessions: BTreeSet::new(),
            groups: BTreeMap::new(),
            shown: BTreeMap::new(),
        }
    }

    /// None, where nothing was kept yet.
    pub(super) fn read(file: &Path) -> io::Result<Option<Self>> {
        match fs::read(file) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, file: &Path) -> io::Result<()> {
        fs::write(file, serde_json::to_vec(self)?)
    }

    /// Shows a message.
    pub(super) fn show(&mut self, conversation: &str, sender: &str, content: Content) {
        let shown = self.shown.entry(conversation.to_owned()).or_default();
        if shown.len() < MOST_SHOWN {
            // Of oneself, nobody asks.
            let verified = (sender != self.user).then(|| self.verified.contains(sender));
            shown.push(Shown {
                message: None,
                sender: sender.to_owned(),
                content,
                encrypted: Some(true),
                verified,
                marks: Vec::new(),
            });
        }
    }
}
