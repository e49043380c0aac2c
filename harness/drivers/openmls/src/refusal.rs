//! The library's errors, as classes of refusal.

use std::fmt::{Debug, Display};

use hallmark_driver::{protocol::Class, sdk::Declined};
use openmls::{
    framing::errors::MessageDecryptionError,
    group::{
        AddMembersError, CreateMessageError, MergeCommitError, MergePendingCommitError,
        MlsGroupStateError, NewGroupError, ProcessMessageError, RemoveMembersError,
        SelfUpdateError, StageCommitError, ValidationError, WelcomeError,
    },
    prelude::KeyPackageVerifyError,
};

/// An error by which the library refuses its input.
pub(crate) trait Refuses: Display {
    /// Why, in the protocol's vocabulary.
    fn class(&self) -> Class;

    /// The refusal, in the library's words.
    fn refusal(&self) -> Declined {
        Declined::refused(self.class(), self)
    }
}

/// Why a message of an epoch that is not the group's cannot be read.
pub(crate) fn of_another_epoch(message: u64, group: u64) -> Class {
    if message < group { Class::OldMessage } else { Class::UnknownKey }
}

impl<E: Debug + Display> Refuses for ProcessMessageError<E> {
    fn class(&self) -> Class {
        match self {
            Self::ValidationError(error) => error.class(),
            Self::GroupStateError(error) => error.class(),
            Self::InvalidCommit(error) => error.class(),
            Self::IncompatibleWireFormat
            | Self::UnauthorizedExternalApplicationMessage
            | Self::UnauthorizedExternalCommitMessage
            | Self::UnsupportedProposalType => Class::Policy,
            Self::LibraryError(_) | Self::StorageError(_) => Class::Other,
        }
    }
}

impl Refuses for ValidationError {
    fn class(&self) -> Class {
        match self {
            Self::InvalidSignature
            | Self::InvalidMembershipTag
            | Self::InvalidLeafNodeSignature => Class::BadSignature,
            Self::UnableToDecrypt(error) => error.class(),
            Self::NoPastEpochData => Class::OldMessage,
            Self::WrongEpoch => Class::UnknownKey,
            Self::UnknownMember => Class::NotMember,
            Self::WrongGroupId => Class::Policy,
            Self::KeyPackageVerifyError(error) => error.class(),
            Self::MissingMembershipTag
            | Self::MissingConfirmationTag
            | Self::WrongWireFormat
            | Self::NotACommit
            | Self::NoPath => Class::Malformed,
            _ => Class::Other,
        }
    }
}

impl Refuses for MessageDecryptionError {
    fn class(&self) -> Class {
        match self {
            Self::AeadError => Class::BadSignature,
            Self::GenerationOutOfBound => Class::OldMessage,
            Self::WrongWireFormat | Self::MalformedContent => Class::Malformed,
            Self::SecretTreeError(error) => secret_tree(&error.to_string()),
            Self::LibraryError(_) => Class::Other,
        }
    }
}

/// The library does not export the type of this error; the texts are those of version 0.9.2.
fn secret_tree(text: &str) -> Class {
    match text {
        "Generation is too old to be processed."
        | "The requested secret was deleted to preserve forward secrecy." => Class::OldMessage,
        "Generation is too far in the future to be processed." => Class::Policy,
        "Index out of bounds" => Class::NotMember,
        _ => Class::Other,
    }
}

impl Refuses for StageCommitError {
    fn class(&self) -> Class {
        match self {
            Self::PathLeafNodeVerificationFailure | Self::ConfirmationTagMismatch => {
                Class::BadSignature
            }
            Self::EpochMismatch => Class::OldMessage,
            Self::ConfirmationTagMissing
            | Self::RequiredPathNotFound
            | Self::WrongPlaintextContentType => Class::Malformed,
            Self::SenderTypeExternal | Self::SenderTypeNewMemberProposal => Class::Policy,
            _ => Class::Other,
        }
    }
}

impl Refuses for MlsGroupStateError {
    fn class(&self) -> Class {
        match self {
            Self::UseAfterEviction => Class::NotMember,
            _ => Class::Other,
        }
    }
}

impl<E: Debug + Display> Refuses for WelcomeError<E> {
    fn class(&self) -> Class {
        match self {
            Self::NoMatchingKeyPackage
            | Self::NoMatchingEncryptionKey
            | Self::PrivateInitKeyNotFound
            | Self::JoinerSecretNotFound => Class::UnknownKey,
            Self::ConfirmationTagMismatch
            | Self::InvalidGroupInfoSignature
            | Self::UnableToDecrypt
            | Self::GroupSecrets(_) => Class::BadSignature,
            Self::NotAWelcomeMessage
            | Self::MalformedWelcomeMessage
            | Self::MissingRatchetTree
            | Self::UnknownSender
            | Self::GroupInfo(_) => Class::Malformed,
            Self::CiphersuiteMismatch
            | Self::UnsupportedMlsVersion
            | Self::UnsupportedCapability
            | Self::UnsupportedCiphersuite(_)
            | Self::UnsupportedExtensions
            | Self::GroupAlreadyExists => Class::Policy,
            _ => Class::Other,
        }
    }
}

impl Refuses for KeyPackageVerifyError {
    fn class(&self) -> Class {
        match self {
            Self::InvalidSignature | Self::InvalidLeafNodeSignature => Class::BadSignature,
            Self::InitKeyEqualsEncryptionKey => Class::BadKey,
            Self::LibraryError(_) => Class::Other,
            _ => Class::Policy,
        }
    }
}

impl<E: Debug + Display> Refuses for NewGroupError<E> {
    fn class(&self) -> Class {
        match self {
            Self::GroupAlreadyExists => Class::Policy,
            _ => Class::Other,
        }
    }
}

/// Errors of one's own changes: apart from having left, they are odd.
macro_rules! own_change {
    ($($error:ident)*) => {
        $(impl<E: Debug + Display> Refuses for $error<E> {
            fn class(&self) -> Class {
                match self {
                    Self::GroupStateError(error) => error.class(),
                    _ => Class::Other,
                }
            }
        })*
    };
}

own_change! { AddMembersError RemoveMembersError SelfUpdateError }

impl Refuses for CreateMessageError {
    fn class(&self) -> Class {
        match self {
            Self::GroupStateError(error) => error.class(),
            Self::LibraryError(_) => Class::Other,
        }
    }
}

impl<E: Debug + Display> Refuses for MergeCommitError<E> {
    fn class(&self) -> Class {
        Class::Other
    }
}

impl<E: Debug + Display> Refuses for MergePendingCommitError<E> {
    fn class(&self) -> Class {
        Class::Other
    }
}
