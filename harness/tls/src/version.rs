//! Versions of the protocol.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of SSL or TLS.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ProtocolVersion {
    /// 1995; RFC 6176 forbids it.
    #[serde(rename = "SSLv2")]
    Ssl2,
    /// RFC 6101; RFC 7568 forbids it.
    #[serde(rename = "SSLv3")]
    Ssl3,
    /// RFC 2246; RFC 8996 forbids it.
    #[serde(rename = "TLSv1.0")]
    Tls10,
    /// RFC 4346; RFC 8996 forbids it.
    #[serde(rename = "TLSv1.1")]
    Tls11,
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl ProtocolVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 6] =
        [Self::Ssl2, Self::Ssl3, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// The name in facts and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssl2 => "SSLv2",
            Self::Ssl3 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }

    /// The two bytes on the wire.
    #[must_use]
    pub fn wire(self) -> u16 {
        match self {
            Self::Ssl2 => 0x0002,
            Self::Ssl3 => 0x0300,
            Self::Tls10 => 0x0301,
            Self::Tls11 => 0x0302,
            Self::Tls12 => 0x0303,
            Self::Tls13 => 0x0304,
        }
    }

    /// The version of two bytes on the wire. Drafts of TLS 1.3 (`0x7fXX`) count as TLS 1.3.
    #[must_use]
    pub fn from_wire(wire: u16) -> Option<Self> {
        if wire & 0xff00 == 0x7f00 {
            return Some(Self::Tls13);
        }
        Self::ALL.into_iter().find(|version| version.wire() == wire)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ProtocolVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL.into_iter().find(|version| version.name() == text).ok_or(UnknownVersion)
    }
}

/// A text that names no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a version of SSL or TLS")]
pub struct UnknownVersion;
