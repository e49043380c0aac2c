//! The library's errors, as classes of refusal.

use hallmark_driver::{protocol::Class, sdk::Declined};
use vodozemac::{
    DecodeError, KeyError,
    megolm::{self, SessionKeyDecodeError},
    olm::{self, SessionCreationError},
};

/// An error by which the library refuses its input.
pub(crate) trait Refuses: std::fmt::Display {
    /// Why, in the protocol's vocabulary.
    fn class(&self) -> Class;

    /// The refusal, in the library's words.
    fn refusal(&self) -> Declined {
        Declined::refused(self.class(), self)
    }
}

impl Refuses for DecodeError {
    fn class(&self) -> Class {
        Class::Malformed
    }
}

impl Refuses for KeyError {
    fn class(&self) -> Class {
        Class::BadKey
    }
}

impl Refuses for SessionCreationError {
    fn class(&self) -> Class {
        match self {
            Self::MissingOneTimeKey(_) => Class::UnknownKey,
            Self::MismatchedIdentityKey(..) => Class::IdentityChanged,
            Self::MismatchedSessionConfig { .. } => Class::Policy,
            Self::Decryption(error) => error.class(),
            Self::NonContributoryKey => Class::BadKey,
        }
    }

    fn refusal(&self) -> Declined {
        match self {
            Self::Decryption(error) => error.refusal(),
            _ => Declined::refused(self.class(), self),
        }
    }
}

impl Refuses for olm::DecryptionError {
    fn class(&self) -> Class {
        match self {
            Self::InvalidMAC(_) => Class::BadSignature,
            Self::InvalidMACLength(..) | Self::InvalidPadding(_) => Class::Malformed,
            Self::NonContributoryKey => Class::BadKey,
            Self::MissingMessageKey(_) => Class::OldMessage,
            Self::TooBigMessageGap(..) => Class::Policy,
        }
    }
}

impl Refuses for olm::EncryptionError {
    fn class(&self) -> Class {
        match self {
            Self::NonContributoryKey => Class::BadKey,
        }
    }
}

impl Refuses for megolm::DecryptionError {
    fn class(&self) -> Class {
        match self {
            Self::Signature(_) | Self::InvalidMAC(_) => Class::BadSignature,
            Self::InvalidMACLength(..) | Self::InvalidPadding(_) => Class::Malformed,
            Self::UnknownMessageIndex(..) => Class::OldMessage,
        }
    }
}

impl Refuses for SessionKeyDecodeError {
    fn class(&self) -> Class {
        match self {
            Self::Signature(_) => Class::BadSignature,
            Self::PublicKey(_) => Class::BadKey,
            _ => Class::Malformed,
        }
    }
}

/// Of two refusals of one message by two sessions, the one that says more about the message.
///
/// A session that a message does not belong to can only find that its tag is wrong; every other
/// finding comes from the session to which it does belong.
pub(crate) fn more_telling<E: Refuses>(one: Option<E>, other: E) -> E {
    match one {
        Some(one) if one.class() != Class::BadSignature => one,
        _ => other,
    }
}
