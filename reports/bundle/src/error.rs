//! What can go wrong with a bundle.

use std::{io, path::PathBuf};

use hallmark_model::Sha256;

/// Why a bundle cannot be written or read. Reads well after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder of a new bundle holds something already.
    #[error("{} already exists and is not empty; name another folder or remove it", .0.display())]
    NotEmpty(PathBuf),
    /// A link stands where a folder or file is expected.
    #[error("{} is a link; name the real place, a bundle never follows links", .0.display())]
    Link(PathBuf),
    /// Something that is not a folder stands where the bundle should be.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// Something that is not an ordinary file stands where a record should be.
    #[error("{} is not an ordinary file", .0.display())]
    NotAFile(PathBuf),
    /// No `report.json` in the folder.
    #[error("{} holds no report.json: it is not a bundle, or its run stopped at once", .0.display())]
    NoReport(PathBuf),
    /// A record or a piece of evidence is larger than a reader accepts.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// A record is not of its form.
    #[error("{} does not have the form of a {kind}: {reason}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What it should be: `report`, `facts record`.
        kind: &'static str,
        /// What the parser says, with line and column.
        reason: String,
    },
    /// The report is of a version that this program does not read.
    #[error(
        "{} is written in schema {found}; this version of Hallmark reads schema {known}",
        path.display()
    )]
    Schema {
        /// Which file.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The version read.
        known: u32,
    },
    /// Kept bytes that are not there.
    #[error("evidence {0} is not in the bundle")]
    NoEvidence(Sha256),
    /// Kept bytes whose digest is not their name.
    #[error("evidence {name} was changed: its bytes have the digest {found}")]
    EvidenceChanged {
        /// The digest that it is filed under.
        name: Sha256,
        /// The digest of its bytes.
        found: Sha256,
    },
    /// A value that JSON cannot hold.
    #[error("{kind} cannot be written as JSON: {reason}")]
    NotJson {
        /// What was to be written.
        kind: &'static str,
        /// What the encoder says.
        reason: String,
    },
    /// A report that says `complete` before everything else is written.
    #[error("a report may say that it is complete only when it is the last record")]
    CompleteTooEarly,
    /// The last report does not say that it is complete.
    #[error("the last report of a bundle must say that it is complete and when the run finished")]
    NotComplete,
    /// The operating system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried: `write`, `read`.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl BundleError {
    /// Wraps an I/O error with what was tried, and where.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
