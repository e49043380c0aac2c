//! In which capacity somebody signs.

use std::{fmt, str::FromStr};

/// The capacity in which somebody signs, part of the name of the signature file: `vendor`,
/// `assessor`.
///
/// It is a label that the signature does not cover: who signed is what the certificate says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(String);

/// A text that is not a role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a role: use up to 32 lower-case letters, digits and hyphens, for instance `vendor`"
)]
pub struct BadRole(String);

impl Role {
    /// The one word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Role {
    type Err = BadRole;

    fn from_str(text: &str) -> Result<Self, BadRole> {
        let word = |w: &str| {
            !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if text.len() <= 32 && text.split('-').all(word) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadRole(hallmark_model::text::one_line(text)))
        }
    }
}
