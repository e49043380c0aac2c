//! What a driver's process may reach over the network.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a driver's process may reach over the network.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// Nothing: what a driver for a library needs, since the harness carries its envelopes.
    #[default]
    None,
    /// A loopback interface of its own, for programs that talk to helpers of theirs that way. What
    /// listens on this machine's loopback is not there.
    Loopback,
    /// Everything that Hallmark can reach: what a driver of an application needs.
    Any,
}

impl Network {
    /// As in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Loopback => "loopback",
            Self::Any => "any",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Network {
    type Err = UnknownNetwork;

    fn from_str(text: &str) -> Result<Self, UnknownNetwork> {
        [Self::None, Self::Loopback, Self::Any]
            .into_iter()
            .find(|network| network.name() == text)
            .ok_or(UnknownNetwork)
    }
}

/// A word that names no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected none, loopback or any")]
pub struct UnknownNetwork;
