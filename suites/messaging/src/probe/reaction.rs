//! What became of an attempt to bring in a key that should not be trusted.

use std::fmt;

use hallmark_driver::protocol::{Warning, WarningClass};
use serde::{Deserialize, Serialize};

use crate::facts::Seen;

/// What was measured: the attempts of one experiment.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// In the order in which they were made.
    pub attempts: Vec<Attempt>,
    /// Whether the fingerprint that users compare changed with the key, where the key was taken
    /// and fingerprints are shown.
    #[serde(default)]
    pub fingerprint_changed: Option<bool>,
}

/// One attempt.
#[derive(Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// What was tried.
    pub what: String,
    /// What became of it.
    pub reaction: Reaction,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// The candidate refused.
    Refused,
    /// It did not, but nothing was shown, and nothing opens with the key.
    WithoutEffect,
    /// The user was told in time.
    Warned,
    /// The user was told with the message that already used the key.
    WarnedLate,
    /// The key was used, and nobody was told.
    Silent,
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Refused => "refused",
            Self::WithoutEffect => "without effect",
            Self::Warned => "accepted, and the user is told",
            Self::WarnedLate => "accepted, and the user is told when it is too late",
            Self::Silent => "accepted without a word",
        })
    }
}

impl Measured {
    pub(super) fn note(&mut self, what: &str, reaction: Reaction) {
        self.attempts.push(Attempt { what: what.to_owned(), reaction });
    }
}

/// What a received message came to. A step that is no answer at all is judged from the record.
pub(super) fn on_receipt(seen: &Seen, warnings: &[Warning]) -> Reaction {
    match seen {
        Seen::Delivered { .. } if tells(warnings) => Reaction::Warned,
        Seen::Delivered { .. } => Reaction::Silent,
        Seen::Refused { .. } => Reaction::Refused,
        _ => Reaction::WithoutEffect,
    }
}

/// What a message that was sent came to; `opened` says whether the wrong key opens it.
pub(super) fn on_sending(opened: bool, before: &[Warning], with_it: &[Warning]) -> Reaction {
    match opened {
        false => Reaction::WithoutEffect,
        true if tells(before) => Reaction::Warned,
        true if tells(with_it) => Reaction::WarnedLate,
        true => Reaction::Silent,
    }
}

/// Whether a warning says something of who the other side is. `/1` has no classes.
fn tells(warnings: &[Warning]) -> bool {
    warnings.iter().any(|warning| {
        matches!(
            warning.class,
            WarningClass::IdentityChanged
                | WarningClass::NewDevice
                | WarningClass::SenderMismatch
                | WarningClass::Unverified
                | WarningClass::Other
        )
    })
}
