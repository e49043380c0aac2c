//! The library's errors, as classes of refusal.

use hallmark_driver::{protocol::Class, sdk::Declined};
use mls_rs::error::MlsError;

/// The refusal, in the library's words.
pub(crate) fn refusal(error: MlsError) -> Declined {
    Declined::refused(class(&error), error)
}

fn class(error: &MlsError) -> Class {
    match error {
        // Of the cryptography only opening can fail on what comes from outside: the tag is wrong.
        MlsError::CryptoProviderError(_)
        | MlsError::InvalidSignature
        | MlsError::InvalidConfirmationTag
        | MlsError::InvalidMembershipTag
        | MlsError::TreeHashMismatch
        | MlsError::ParentHashMismatch => Class::BadSignature,
        MlsError::KeyMissing(_) | MlsError::EpochNotFound | MlsError::InvalidLeafConsumption => {
            Class::OldMessage
        }
        MlsError::InvalidEpoch
        | MlsError::WelcomeKeyPackageNotFound
        | MlsError::UpdateErrorNoSecretKey => Class::UnknownKey,
        MlsError::GroupNotFound
        | MlsError::LeafNotFound(_)
        | MlsError::InvalidNodeIndex(_)
        | MlsError::ExpectedNode
        | MlsError::MemberNotFound
        | MlsError::RemovingNonExistingMember => Class::NotMember,
        MlsError::InvalidInitKey | MlsError::InitLeafKeyEquality | MlsError::SameHpkeKey(_) => {
            Class::BadKey
        }
        MlsError::GroupIdMismatch
        | MlsError::CantProcessMessageFromSelf
        | MlsError::InvalidFutureGeneration(_)
        | MlsError::CipherSuiteMismatch
        | MlsError::UnsupportedCipherSuite(_)
        | MlsError::UnsupportedProtocolVersion(_)
        | MlsError::ProtocolVersionMismatch
        | MlsError::ExternalProposalsDisabled
        | MlsError::InvalidLifetime { .. }
        | MlsError::DuplicateLeafData(_) => Class::Policy,
        MlsError::SerializationError(_)
        | MlsError::UnexpectedMessageType
        | MlsError::UnencryptedApplicationMessage
        | MlsError::CommitMissingPath
        | MlsError::RatchetTreeNotFound
        | MlsError::InvalidGroupInfo
        | MlsError::InvalidWelcomeMessage => Class::Malformed,
        _ => Class::Other,
    }
}
