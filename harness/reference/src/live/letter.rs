//! What stands in an envelope: a text, a file or a change of a group, signed by its account for one
//! device.

use hallmark_driver::{
    protocol::{Bytes, ops::Content},
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize};

use crate::{
    identity::{sign, verifies},
    kdf::Key,
};

/// What one user tells another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    /// Who wrote it.
    pub(super) from: String,
    /// Where, unless it is between two.
    pub(super) group: Option<Gathering>,
    /// None: it says who is in the group, and nothing else.
    pub(super) content: Option<Content>,
}

/// A group, as one of its members tells another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gathering {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) members: Vec<String>,
}

/// A note with its signature.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    /// The note, in JSON.
    note: String,
    signature: Bytes,
}

/// A note for the device at this address, by the account with this secret.
pub(super) fn seal(note: &Note, to: &str, account: &Key) -> Reply<Bytes> {
    let note = serde_json::to_string(note).map_err(Declined::error)?;
    let signature = sign(account, &signed(&note, to)).into();
    let letter = serde_json::to_vec(&Letter { note, signature }).map_err(Declined::error)?;
    Ok(letter.into())
}

/// The note of a letter, whoever signed it.
pub(super) fn open(letter: &[u8]) -> Option<Note> {
    let letter: Letter = serde_json::from_slice(letter).ok()?;
    serde_json::from_str(&letter.note).ok()
}

/// Whether this account signed the letter for the device at this address.
pub(super) fn is_signed_by(letter: &[u8], account: &Key, to: &str) -> bool {
    serde_json::from_slice::<Letter>(letter)
        .is_ok_and(|letter| verifies(account, &signed(&letter.note, to), &letter.signature))
}

fn signed(note: &str, to: &str) -> Vec<u8> {
    [b"note", to.as_bytes(), &[0], note.as_bytes()].concat()
}
