//! What travels between members: a signature, and what it covers.
//!
//! ```text
//! version u8 = 1 · form u8 · signature [64] · content, JSON, to the end
//! ```
//!
//! The signature covers the form and every byte of the content, so a content has no second reading
//! that anybody could make of it. No form differs from another, or from one of a pairwise
//! envelope, in one bit only.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_driver::{
    protocol::{
        Bytes,
        ops::{GroupEnvelope, GroupEnvelopeKind},
    },
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Member, sender::History};
use crate::{
    identity::{sign, verifies},
    kdf::Key,
    refused::Refused,
};

const VERSION: u8 = 1;
const SIGNATURE_LEN: usize = 64;

/// What an envelope holds.
pub(super) trait Content: Serialize + DeserializeOwned {
    const FORM: u8;
    const KIND: GroupEnvelopeKind;
    /// The outer tag.
    const TAG: &'static str;
}

/// A message of the group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) head: Head,
    /// Ciphertext and tag.
    pub(super) sealed: Bytes,
}

/// Where a message belongs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) group: Key,
    pub(super) epoch: u64,
    pub(super) from: String,
    /// Number of the sender key in its epoch.
    pub(super) chain: u32,
    /// Messages that the sender sent to the group before this one.
    pub(super) position: u64,
}

/// A change of the group's members and keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) group: Key,
    pub(super) from: String,
    /// The epoch that it ends.
    pub(super) epoch: u64,
    /// The transcript that it continues.
    pub(super) transcript: Key,
    /// The changer from now on, with a fresh leaf key.
    pub(super) member: Member,
    pub(super) added: BTreeMap<String, Member>,
    pub(super) removed: BTreeSet<String>,
    /// For opening the shares.
    pub(super) ephemeral: Key,
    /// A fresh secret, sealed to the leaf key of every member who stays.
    pub(super) shares: BTreeMap<String, Bytes>,
}

/// A sender's key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyShare {
    pub(super) group: Key,
    pub(super) epoch: u64,
    pub(super) transcript: Key,
    /// Who shares it.
    pub(super) from: String,
    /// Whose it is. A sender shares its own key only.
    pub(super) sender: String,
    /// Number of the sender key in its epoch.
    pub(super) number: u32,
    /// A [`super::sender::SenderKey`].
    pub(super) sealed: Bytes,
}

/// Makes its recipient a member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Welcome {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) signed_prekey: u64,
    pub(super) one_time_prekey: Option<u64>,
    pub(super) ephemeral: Key,
    /// An [`Invitation`].
    pub(super) sealed: Bytes,
}

/// What a newcomer learns.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    pub(super) name: String,
    pub(super) group: Key,
    pub(super) epoch: u64,
    pub(super) transcript: Key,
    pub(super) members: BTreeMap<String, Member>,
    /// The secret with which the epoch begins.
    pub(super) secret: Key,
    /// Earlier sender keys; stays empty without the fault that shares them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) history: Vec<History>,
}

impl Content for Message {
    const FORM: u8 = 0b1001;
    const KIND: GroupEnvelopeKind = GroupEnvelopeKind::Message;
    const TAG: &'static str = "group-message";
}

impl Content for Change {
    const FORM: u8 = 0b1010;
    const KIND: GroupEnvelopeKind = GroupEnvelopeKind::Change;
    const TAG: &'static str = "group-change";
}

impl Content for KeyShare {
    const FORM: u8 = 0b1100;
    const KIND: GroupEnvelopeKind = GroupEnvelopeKind::Key;
    const TAG: &'static str = "group-key";
}

impl Content for Welcome {
    const FORM: u8 = 0b1111;
    const KIND: GroupEnvelopeKind = GroupEnvelopeKind::Welcome;
    const TAG: &'static str = "group-welcome";
}

/// A content that was read; whoever knows the signer's key verifies it.
#[derive(Clone, Debug)]
pub(super) struct Signed<'a, C> {
    pub(super) content: C,
    /// As it stands in the envelope.
    pub(super) bytes: &'a [u8],
    signature: &'a [u8],
}

impl<'a, C: Content> Signed<'a, C> {
    /// Reads an envelope that must hold this content.
    pub(super) fn read(envelope: &'a GroupEnvelope) -> Result<Self, Refused> {
        if envelope.kind != C::KIND || envelope.tag != C::TAG {
            return Err(Refused::Malformed(
                "the envelope is not of the kind that is expected here",
            ));
        }
        Self::read_body(&envelope.body)
    }

    /// Reads the body of an envelope.
    pub(super) fn read_body(body: &'a [u8]) -> Result<Self, Refused> {
        let rest = body
            .strip_prefix(&[VERSION, C::FORM])
            .ok_or(Refused::Malformed("the envelope is not of the form that is expected here"))?;
        let (signature, bytes) = rest
            .split_at_checked(SIGNATURE_LEN)
            .ok_or(Refused::Malformed("the envelope ends before its signature does"))?;
        let content = serde_json::from_slice(bytes)
            .map_err(|_| Refused::Malformed("the content of the envelope cannot be read"))?;
        Ok(Self { content, bytes, signature })
    }

    /// Whether the owner of this Ed25519 key signed it.
    pub(super) fn is_signed_by(&self, signer: &Key) -> bool {
        verifies(signer, &covered::<C>(self.bytes), self.signature)
    }
}

/// An envelope with this content, signed with this Ed25519 seed, and the content as it stands there.
pub(super) fn envelope<C: Content>(
    content: &C,
    signer: &Key,
    to: Vec<String>,
) -> Reply<(GroupEnvelope, Vec<u8>)> {
    let bytes = serde_json::to_vec(content).map_err(Declined::error)?;
    let signature = sign(signer, &covered::<C>(&bytes));
    let body = [&[VERSION, C::FORM], &signature[..], &bytes].concat().into();
    Ok((GroupEnvelope { to, kind: C::KIND, tag: C::TAG.to_owned(), body }, bytes))
}

fn covered<C: Content>(bytes: &[u8]) -> Vec<u8> {
    [&b"Hallmark reference group"[..], &[C::FORM], bytes].concat()
}
