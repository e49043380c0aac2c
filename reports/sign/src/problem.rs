//! What verification can find, in plain words that name the file.

use jiff::Timestamp;

use crate::{Contradiction, Flaw, inventory::Oddity, layout, statement::StatementError};

/// Something that keeps a bundle from being trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Something in the folder cannot be part of a bundle.
    #[error("{0}")]
    Odd(Oddity),
    /// A file that belongs in every signed bundle is not there.
    #[error("{0}: is missing")]
    Missing(&'static str),
    /// A file of our own cannot be read.
    #[error("{name}: cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        name: String,
        /// What the system says.
        reason: String,
    },
    /// Nobody signed.
    #[error("signatures: there is no signature; nobody vouches for this bundle")]
    Unsigned,
    /// More signatures than anybody should have to check.
    #[error("signatures: there are more than {} signature files", layout::MAX_SIGNATURES)]
    TooManySignatures,
    /// The statement cannot be read.
    #[error("{file}: {0}", file = layout::STATEMENT)]
    Statement(StatementError),
    /// The statement says something else than the report.
    #[error(
        "{}: does not agree with report.json about {}",
        layout::STATEMENT,
        fields.join(", ")
    )]
    Disagrees {
        /// In which fields.
        fields: Vec<String>,
    },
    /// The report cannot be read.
    #[error("{file}: does not have the form of a report: {0}", file = layout::REPORT)]
    Report(String),
    /// The report contradicts itself.
    #[error("{file}: {0}", file = layout::REPORT)]
    Contradiction(Contradiction),
    /// Other bytes than those that the statement covers.
    #[error("{0}: was changed after the statement was made")]
    Changed(String),
    /// Not covered by the statement.
    #[error("{0}: was added; the statement does not cover it")]
    Added(String),
    /// Covered by the statement, but gone.
    #[error("{0}: was removed")]
    Removed(String),
    /// The same bytes under another name.
    #[error("{to}: was renamed from {from}")]
    Renamed {
        /// The name in the statement.
        from: String,
        /// The name in the folder.
        to: String,
    },
    /// A signature file is wrong by itself.
    #[error("{file}: {flaw}")]
    Signature {
        /// Which file.
        file: String,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// The signature is good, but over other bytes.
    #[error(
        "{}: is not what {signature} was made over: it was changed, or the signature belongs to \
         another bundle",
        layout::STATEMENT
    )]
    NotWhatWasSigned {
        /// The signature file.
        signature: String,
    },
    /// A signing time that has not come yet.
    #[error("{file}: claims to have been made at {time}, which is in the future")]
    SignedInTheFuture {
        /// Which file.
        file: String,
        /// The time claimed.
        time: Timestamp,
    },
    /// A signing time at which the certificate was not valid.
    #[error("{file}: claims to have been made at {time}, when its certificate was not valid")]
    SignedOutsideValidity {
        /// Which file.
        file: String,
        /// The time claimed.
        time: Timestamp,
    },
    /// The chain does not lead to a trusted root.
    #[error("{file}: no chain from the signer `{signer}` to a trusted root holds: {reason}")]
    Untrusted {
        /// Which file.
        file: String,
        /// Whom the certificate names.
        signer: String,
        /// OpenSSL's words.
        reason: String,
    },
    /// The instructions are not those that belong to this statement and these signatures.
    #[error(
        "{}: is not the text that belongs to this statement and these signatures; do not follow it",
        layout::INSTRUCTIONS
    )]
    Instructions,
    /// A signature that the instructions name is not there.
    #[error("{0}: is named in VERIFY.txt and was removed or renamed")]
    SignatureRemoved(String),
    /// A signature that the instructions do not name.
    #[error("{0}: is not named in VERIFY.txt: it was added or renamed")]
    SignatureAdded(String),
    /// Nobody said whom to trust.
    #[error(
        "no trusted root was given, so nobody can say who signed; get the signer's root certificate \
         from somebody you trust and give it with --trust ROOT.pem"
    )]
    TrustNotGiven,
}

impl Problem {
    /// The files that the problem is about.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Self::Odd(oddity) => oddity.path().into_iter().collect(),
            Self::Missing(name) => vec![name],
            Self::Unsigned | Self::TooManySignatures => vec![layout::SIGNATURES],
            Self::Statement(_) | Self::Disagrees { .. } => vec![layout::STATEMENT],
            Self::Report(_) | Self::Contradiction(_) => vec![layout::REPORT],
            Self::Unreadable { name, .. }
            | Self::Changed(name)
            | Self::Added(name)
            | Self::Removed(name)
            | Self::SignatureRemoved(name)
            | Self::SignatureAdded(name) => vec![name],
            Self::Renamed { from, to } => vec![from, to],
            Self::Signature { file, .. }
            | Self::SignedInTheFuture { file, .. }
            | Self::SignedOutsideValidity { file, .. }
            | Self::Untrusted { file, .. } => vec![file],
            Self::NotWhatWasSigned { signature } => vec![layout::STATEMENT, signature],
            Self::Instructions => vec![layout::INSTRUCTIONS],
            Self::TrustNotGiven => Vec::new(),
        }
    }
}
