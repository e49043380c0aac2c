//! Groups: what the members' devices do, and what travels between them.
//!
//! A change of its own takes effect on the device that makes it at once; the harness hands its
//! envelopes to the others, and does not hand a device its own envelopes back unless that is the
//! test. Before a device is asked to add a member, or to speak, the prekeys of those concerned were
//! imported with `prekeys.import`.
//!
//! A live application does all of this through its server: it answers without envelopes, and one who
//! was added joins on the way to the first `message.await` or `conversation.read` that names the group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Bytes;

/// What travels between the members of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupEnvelope {
    /// For these members; for every other member where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// What it is for.
    pub kind: GroupEnvelopeKind,
    /// The candidate's own outer type, which a server can see and change.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The bytes.
    pub body: Bytes,
}

/// What an envelope of a group is for, which says how it is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GroupEnvelopeKind {
    /// Makes its recipient a member; handed over with `group.join`.
    Welcome,
    /// Changes the group's members or keys; handed over with `group.process`.
    Change,
    /// Shares a sender's key; handed over with `group.process`.
    Key,
    /// Carries a message; handed over with `group.decrypt`.
    Message,
}

/// Envelopes to be carried, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAnswer {
    /// May be empty.
    pub envelopes: Vec<GroupEnvelope>,
}

/// Make a group of which you are the only member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupCreate {
    /// Its name, the same for all members.
    pub group: String,
    /// The title that its members are shown, where an application has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl GroupCreate {
    /// A group of this name, without a title.
    #[must_use]
    pub fn named(group: &str) -> Self {
        Self { group: group.to_owned(), title: None }
    }
}

/// Add members, all at once. Their prekeys were imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAdd {
    /// To which group.
    pub group: String,
    /// Whom.
    pub members: Vec<String>,
}

/// Remove members. What is sent afterwards must be closed to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRemove {
    /// From which group.
    pub group: String,
    /// Whom.
    pub members: Vec<String>,
}

/// You were made a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupJoin {
    /// Of which group, as the server says.
    pub group: String,
    /// By whom, as the server says.
    pub from: String,
    /// The welcome.
    pub envelope: GroupEnvelope,
}

/// A change of the group, or a sender's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupProcess {
    /// Of which group, as the server says.
    pub group: String,
    /// By whom, as the server says.
    pub from: String,
    /// The change or key.
    pub envelope: GroupEnvelope,
}

/// Encrypt one message for the group. Key shares that must go before it come first. One who is not
/// a member is `refused` as `not-member`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupEncrypt {
    /// For which group.
    pub group: String,
    /// What.
    pub plaintext: Bytes,
}

/// Here is a message of the group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupDecrypt {
    /// Of which group, as the server says.
    pub group: String,
    /// By whom, as the server says.
    pub from: String,
    /// The message.
    pub envelope: GroupEnvelope,
}

/// Replace your own key material in the group: an update with a commit, a fresh sender key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRotate {
    /// In which group.
    pub group: String,
}

/// Hand a member the key under which another member sends, as a feature that shares history or
/// repairs a gap would. Used on a device that plays a hostile member: nobody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupForward {
    /// Of which group.
    pub group: String,
    /// Whose key the recipient is to believe it is.
    pub sender: String,
    /// To whom.
    pub to: String,
}

/// How do you see the group?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupInfo {
    /// Which group.
    pub group: String,
}

/// A member's view of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupInfoAnswer {
    /// Counts the changes, where the protocol does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// Equal for all members who agree on the group's state, and for no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<Bytes>,
    /// Names, oneself included, in any order.
    pub members: Vec<String>,
    /// Protocol and version: `MLS 1.0, MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519`.
    pub protocol: String,
    /// Cipher of message contents.
    pub cipher: String,
    /// Authentication of contents; the cipher's own name where it is an AEAD.
    pub mac: String,
    /// Length of the authentication tag, in bits.
    pub mac_bits: u32,
    /// Key agreement between members.
    pub key_agreement: String,
}
