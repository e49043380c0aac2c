//! Why the messenger decides against something.

use hallmark_driver::{protocol::Class, sdk::Declined};

/// A decision against an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The bytes are not of the form they should have.
    #[error("{0}")]
    Malformed(&'static str),
    /// The message's authentication tag is wrong or not whole.
    #[error("the authentication tag of the message does not verify")]
    Tag,
    /// Something is not signed by its owner.
    #[error("the signature of the {0} does not verify")]
    Signature(&'static str),
    /// A public key forces the shared secret to zero (RFC 7748, section 6.1).
    #[error("key agreement with the {0} gives the all-zero secret")]
    ZeroSecret(&'static str),
    /// Something is not signed by who should have signed it.
    #[error("{0}")]
    Unsigned(&'static str),
    /// The message's key was used, or expired.
    #[error("the key of message {0} of its chain is gone")]
    Old(u32),
    /// Something that came before, or is of a state that is past.
    #[error("{0}")]
    Stale(&'static str),
    /// Somebody is not in the group.
    #[error("{0}")]
    NotMember(&'static str),
    /// Something that the input names is not there.
    #[error("{0}")]
    Unknown(&'static str),
    /// The peer is known under another identity.
    #[error("the peer shows another identity key than before")]
    IdentityChanged,
    /// A limit of the messenger.
    #[error("{0}")]
    Policy(&'static str),
}

impl Refused {
    fn class(&self) -> Class {
        match self {
            Self::Malformed(_) => Class::Malformed,
            Self::Tag | Self::Signature(_) | Self::Unsigned(_) => Class::BadSignature,
            Self::ZeroSecret(_) => Class::BadKey,
            Self::Old(_) | Self::Stale(_) => Class::OldMessage,
            Self::NotMember(_) => Class::NotMember,
            Self::Unknown(_) => Class::UnknownKey,
            Self::IdentityChanged => Class::IdentityChanged,
            Self::Policy(_) => Class::Policy,
        }
    }
}

impl From<Refused> for Declined {
    fn from(refused: Refused) -> Self {
        Self::refused(refused.class(), refused)
    }
}
