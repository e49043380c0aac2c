//! Messages that are signed first and encrypted afterwards, as in OpenPGP (RFC 9580): a recipient can take
//! the signed message out of its encryption and encrypt it for somebody else, as it stands or altered. None
//! of it needs the sender's keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bytes, Envelope};

/// Decrypt, and answer what is below the encryption as it stands: signature and signed text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedOpen {
    /// By whom.
    pub from: String,
    /// What came.
    pub envelope: Envelope,
}

/// A signed message without its encryption.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedAnswer {
    /// Its bytes, in the protocol's own form: for OpenPGP, its packets.
    pub signed: Bytes,
}

/// Encrypt these bytes for a peer, and sign nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedSeal {
    /// For whom.
    pub peer: String,
    /// In the protocol's own form.
    pub signed: Bytes,
}
