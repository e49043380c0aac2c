//! What a candidate shows its user beside an answer.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Version;

/// A warning that the candidate gives its user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// What it is about.
    pub class: WarningClass,
    /// In the candidate's words.
    pub text: String,
}

/// What a warning is about.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WarningClass {
    /// A known peer shows another identity key.
    IdentityChanged,
    /// A known peer has a device more.
    NewDevice,
    /// A known peer began a new session while another was in use.
    NewSession,
    /// Somebody joined a conversation.
    MemberAdded,
    /// The sender shown by the server is not the one that was authenticated.
    SenderMismatch,
    /// Who sent this was not verified.
    Unverified,
    /// This was not encrypted end to end.
    Unencrypted,
    /// Something arrived that could not be read.
    Undecryptable,
    /// None of these, or the driver speaks `hallmark-driver/1`, which has no classes.
    Other,
}

impl fmt::Display for WarningClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::IdentityChanged => "identity-changed",
            Self::NewDevice => "new-device",
            Self::NewSession => "new-session",
            Self::MemberAdded => "member-added",
            Self::SenderMismatch => "sender-mismatch",
            Self::Unverified => "unverified",
            Self::Unencrypted => "unencrypted",
            Self::Undecryptable => "undecryptable",
            Self::Other => "other",
        })
    }
}

/// A warning as it stands on the line: a text in `/1`, a [`Warning`] in `/2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WarningLine {
    /// As in `hallmark-driver/1`.
    Text(String),
    /// As in `hallmark-driver/2`.
    Classed(Warning),
}

impl WarningLine {
    /// How a device of this version writes the warning.
    #[must_use]
    pub fn of(warning: Warning, version: Version) -> Self {
        match version {
            Version::V1 => Self::Text(warning.text),
            Version::V2 => Self::Classed(warning),
        }
    }

    /// The warning, if it has the form that this version wants.
    pub(super) fn read(self, version: Version) -> Result<Warning, &'static str> {
        match (self, version) {
            (Self::Text(text), Version::V1) => Ok(Warning { class: WarningClass::Other, text }),
            (Self::Classed(warning), Version::V2) => Ok(warning),
            (Self::Text(_), Version::V2) => Err("a warning is an object with `class` and `text`"),
            (Self::Classed(_), Version::V1) => Err("a warning is a text"),
        }
    }
}
