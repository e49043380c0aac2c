//! Versions of the protocol.

use std::{fmt, str::FromStr};

/// A version of the protocol. Both are spoken side by side; `hello` chooses.
///
/// Operations are the same in both: which of them work is said by the capabilities. They differ
/// in what an answer's `warnings` are: texts in `/1`, [`super::Warning`]s with a class in `/2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `hallmark-driver/1`.
    V1,
    /// `hallmark-driver/2`.
    V2,
}

impl Version {
    /// Best first, as `hello` offers them.
    pub const ALL: [Self; 2] = [Self::V2, Self::V1];

    /// As on the line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1 => "hallmark-driver/1",
            Self::V2 => "hallmark-driver/2",
        }
    }

    /// The best of those offered that we speak too.
    #[must_use]
    pub fn best_of(offered: &[String]) -> Option<Self> {
        Self::ALL.into_iter().find(|version| offered.iter().any(|name| name == version.name()))
    }

    /// What `hello` offers.
    #[must_use]
    pub fn offer() -> Vec<String> {
        Self::ALL.iter().map(|version| version.name().to_owned()).collect()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        Self::ALL
            .into_iter()
            .find(|version| version.name() == text)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

/// A version that is not spoken here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a version of the protocol that is spoken here: {}", .0, Version::offer().join(", "))]
pub struct UnknownVersion(pub String);
