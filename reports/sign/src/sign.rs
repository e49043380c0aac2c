//! Signing a finished bundle.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use hallmark_model::{Report, Sha256, text::one_line};
use jiff::Timestamp;

use crate::{
    Contradiction, KeyError, Role, Signer, Statement,
    cms::AssembleError,
    consistency::contradictions,
    digest, instructions,
    inventory::{self, Inventory, Oddity},
    layout,
    statement::StatementError,
};

/// What signing left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Digest of `statement.json`.
    pub statement: Sha256,
    /// Path of the signature file, relative to the bundle.
    pub signature: String,
    /// How many files the statement covers.
    pub covers: usize,
}

/// Why a bundle was not signed. Nothing that looks signed is left behind.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Not a folder, or one that cannot be listed.
    #[error("{} cannot be read as a bundle: {source}", dir.display())]
    NotABundle {
        /// The path given.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in the folder cannot be signed.
    #[error("{0}; nothing was signed")]
    Odd(Oddity),
    /// No report.
    #[error("report.json is missing: there is nothing to sign")]
    NoReport,
    /// The report on disk is not the one given.
    #[error("report.json is not the report that was to be signed")]
    OtherReport,
    /// The report contradicts itself, or is not complete.
    #[error("report.json {0}; nothing was signed")]
    Contradiction(Contradiction),
    /// There is a statement, but it does not describe the bundle as it is.
    #[error(
        "statement.json does not describe the bundle as it is now: the bundle was changed after it \
         was first signed, or by another version of Hallmark; nothing was signed"
    )]
    OtherStatement,
    /// There is a statement, and it cannot be read.
    #[error("statement.json {0}")]
    Statement(StatementError),
    /// No room for another signature.
    #[error("the bundle has {} signatures already", layout::MAX_SIGNATURES)]
    TooManySignatures,
    /// The key or a certificate cannot be used now.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature could not be made.
    #[error("the signature could not be made: {0}")]
    Cms(String),
    /// The operating system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// Signs the bundle in `dir`, whose report is `report`, as of `now`.
///
/// Writes `statement.json` unless it is there already and says exactly what would be written,
/// then `signatures/NN-role.p7s`, then `VERIFY.txt`.
///
/// # Errors
///
/// When the report is not complete or contradicts itself, the folder holds something that cannot
/// be signed, the key cannot be used now, or a file cannot be written.
pub fn sign_bundle(
    dir: &Path,
    report: &Report,
    signer: &Signer,
    role: &Role,
    now: Timestamp,
) -> Result<Signed, SignError> {
    let dir: PathBuf = dir.components().collect();
    let inventory = take(&dir)?;
    if read_report(&dir)? != *report {
        return Err(SignError::OtherReport);
    }
    let files = inventory.covered().map(|(name, entry)| (name, entry.sha256)).collect();
    if let Some(contradiction) = contradictions(report, &files).into_iter().next() {
        return Err(SignError::Contradiction(contradiction));
    }
    signer.check_validity(now)?;
    let statement = Statement::of(report, &inventory);
    let bytes = statement.to_bytes().map_err(SignError::Cms)?;
    // What we write, we must be able to read.
    Statement::parse(&bytes).map_err(SignError::Statement)?;
    let signature = signer.sign(&bytes, now).map_err(|error| match error {
        AssembleError::Der(error) => SignError::Cms(error.to_string()),
        AssembleError::Key => SignError::Cms("the key refused".to_owned()),
    })?;

    write_statement(&dir, &bytes)?;
    let name = next_signature(&inventory, role)?;
    let folder = dir.join(layout::SIGNATURES);
    fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
    write(&dir, &name, &signature)?;
    write_instructions(&dir)?;
    Ok(Signed {
        statement: digest::sha256(&bytes),
        signature: name,
        covers: statement.subject.len(),
    })
}

/// Writes `VERIFY.txt` anew: needed after a signature file was added by another tool.
///
/// # Errors
///
/// When there is no statement that can be read, or the file cannot be written.
pub fn write_instructions(dir: &Path) -> Result<(), SignError> {
    let inventory = take(dir)?;
    let bytes = read_statement(dir)?.ok_or(SignError::OtherStatement)?;
    let statement = Statement::parse(&bytes).map_err(SignError::Statement)?;
    let names: Vec<_> = inventory.signatures().collect();
    let text = instructions::text(&bytes, statement.subject.len(), &names);
    write(dir, layout::INSTRUCTIONS, text.as_bytes())
}

fn take(dir: &Path) -> Result<Inventory, SignError> {
    let mut inventory = Inventory::take(dir)
        .map_err(|source| SignError::NotABundle { dir: dir.to_owned(), source })?;
    match inventory.oddities.pop() {
        Some(oddity) => Err(SignError::Odd(oddity)),
        None => Ok(inventory),
    }
}

fn read_report(dir: &Path) -> Result<Report, SignError> {
    let path = dir.join(layout::REPORT);
    let bytes = inventory::read(dir, layout::REPORT, layout::MAX_REPORT)
        .map_err(failed("read", &path))?
        .ok_or(SignError::NoReport)?;
    serde_json::from_slice(&bytes).map_err(|_| SignError::OtherReport)
}

fn read_statement(dir: &Path) -> Result<Option<Vec<u8>>, SignError> {
    inventory::read(dir, layout::STATEMENT, layout::MAX_STATEMENT)
        .map_err(failed("read", &dir.join(layout::STATEMENT)))
}

fn write_statement(dir: &Path, bytes: &[u8]) -> Result<(), SignError> {
    match read_statement(dir)? {
        Some(found) if found == bytes => Ok(()),
        Some(_) => Err(SignError::OtherStatement),
        None => write(dir, layout::STATEMENT, bytes),
    }
}

fn next_signature(inventory: &Inventory, role: &Role) -> Result<String, SignError> {
    let last = inventory.signatures().filter_map(layout::signature_number).max().unwrap_or(0);
    let next = usize::from(last) + 1;
    if next > layout::MAX_SIGNATURES {
        return Err(SignError::TooManySignatures);
    }
    Ok(format!("{}/{next:02}-{role}.p7s", layout::SIGNATURES))
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), SignError> {
    let path = dir.join(name);
    crate::atomic::write(&path, bytes).map_err(failed("write", &path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SignError {
    let path = PathBuf::from(one_line(&path.to_string_lossy()));
    move |source| SignError::Io { action, path, source }
}
