//! Verifying a signed bundle. Finds everything that is wrong, not just the first thing.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

use hallmark_model::{Report, Sha256, text::one_line};
use jiff::Timestamp;

use crate::{
    Predicate, Problem, SignerSummary, Statement, TrustError,
    consistency::contradictions,
    digest, instructions,
    inventory::{self, Inventory},
    layout, signature,
    trust::Trust,
};

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Everything that is wrong, in the order in which a person would look.
    pub problems: Vec<Problem>,
    /// Who signed; one entry for each signature file that could be read.
    pub signers: Vec<SignerSummary>,
    /// What was signed, where it could be read.
    pub statement: Option<Statement>,
    /// How many files the folder holds.
    pub files: usize,
}

impl Verification {
    /// Whether everything holds, up to a root that the caller trusts.
    #[must_use]
    pub fn is_trusted(&self) -> bool {
        self.problems.is_empty()
            && !self.signers.is_empty()
            && self.signers.iter().all(|signer| signer.root.is_some())
    }

    /// Whether everything holds but for the question whom to trust, which was not answered.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        !self.signers.is_empty() && self.problems.iter().all(|p| *p == Problem::TrustNotGiven)
    }
}

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Not a folder, or one that cannot be listed.
    #[error("{} cannot be read as a bundle: {source}", dir.display())]
    NotABundle {
        /// The path given.
        dir: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The trusted roots cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Verifies the bundle in `dir` as of `now`, against PEM roots that the caller trusts.
///
/// Without roots everything else is checked, and the verification says that it trusts nobody.
///
/// # Errors
///
/// When `dir` is not a folder, or `trust` holds no usable certificate. Whatever is wrong with the
/// bundle itself is a [`Problem`].
pub fn verify(
    dir: &Path,
    trust: Option<&[u8]>,
    now: Timestamp,
) -> Result<Verification, VerifyError> {
    let dir: PathBuf = dir.components().collect();
    let trust = trust.map(|pem| Trust::from_pem(pem, now)).transpose()?;
    let inventory = Inventory::take(&dir)
        .map_err(|source| VerifyError::NotABundle { dir: dir.clone(), source })?;
    let mut check = Check { dir, inventory, problems: Vec::new() };
    check.problems.extend(check.inventory.oddities.iter().cloned().map(Problem::Odd));

    let statement_bytes = check.read(layout::STATEMENT, layout::MAX_STATEMENT);
    let statement = statement_bytes.as_deref().and_then(|bytes| check.statement(bytes));
    if let Some(statement) = &statement {
        check.files(statement);
        check.report(statement);
    }
    let signers = check.signatures(statement_bytes.as_deref(), trust.as_ref(), now);
    check.instructions(statement_bytes.as_deref(), statement.as_ref());
    if trust.is_none() {
        check.problems.push(Problem::TrustNotGiven);
    }
    let files = check.inventory.files.len();
    Ok(Verification { problems: check.problems, signers, statement, files })
}

struct Check {
    dir: PathBuf,
    inventory: Inventory,
    problems: Vec<Problem>,
}

impl Check {
    fn read(&mut self, name: &'static str, limit: u64) -> Option<Vec<u8>> {
        let read = self.read_present(name, limit);
        if read.is_none() && !self.problems.iter().any(|p| p.paths().contains(&name)) {
            self.problems.push(Problem::Missing(name));
        }
        read
    }

    /// Reads a file that the inventory has seen; a problem where that fails.
    fn read_present(&mut self, name: &str, limit: u64) -> Option<Vec<u8>> {
        let entry = self.inventory.files.get(name)?;
        match inventory::read(&self.dir, name, limit) {
            // What is looked into must be what was hashed.
            Ok(Some(bytes)) if digest::sha256(&bytes) == entry.sha256 => Some(bytes),
            Ok(_) => {
                let reason = "it changed while it was read".to_owned();
                self.problems.push(Problem::Unreadable { name: name.to_owned(), reason });
                None
            }
            Err(error) => {
                let reason = error.to_string();
                self.problems.push(Problem::Unreadable { name: name.to_owned(), reason });
                None
            }
        }
    }

    fn statement(&mut self, bytes: &[u8]) -> Option<Statement> {
        Statement::parse(bytes).map_err(|error| self.problems.push(Problem::Statement(error))).ok()
    }

    /// Compares the files that the statement covers with those that are there.
    fn files(&mut self, statement: &Statement) {
        let signed: BTreeMap<_, _> =
            statement.subject.iter().map(|s| (&s.name[..], s.digest.sha256)).collect();
        let present: BTreeMap<_, _> =
            self.inventory.covered().map(|(name, entry)| (name, entry.sha256)).collect();
        let mut problems = Vec::new();
        let mut removed: Vec<(&str, Sha256)> = Vec::new();
        for (name, sha256) in &signed {
            match present.get(name) {
                Some(found) if found == sha256 => {}
                Some(_) => problems.push(Problem::Changed((*name).to_owned())),
                None => removed.push((name, *sha256)),
            }
        }
        for (name, sha256) in present.iter().filter(|(name, _)| !signed.contains_key(*name)) {
            match removed.iter().position(|(_, was)| was == sha256) {
                Some(at) => {
                    let from = removed.remove(at).0.to_owned();
                    problems.push(Problem::Renamed { from, to: (*name).to_owned() });
                }
                None => problems.push(Problem::Added((*name).to_owned())),
            }
        }
        problems.extend(removed.iter().map(|(name, _)| Problem::Removed((*name).to_owned())));
        self.problems.extend(problems);
    }

    /// Recomputes from the report what the statement says.
    fn report(&mut self, statement: &Statement) {
        let Some(bytes) = self.read(layout::REPORT, layout::MAX_REPORT) else { return };
        let report: Report = match serde_json::from_slice(&bytes) {
            Ok(report) => report,
            Err(error) => {
                return self.problems.push(Problem::Report(one_line(&error.to_string())));
            }
        };
        let files = statement.subject.iter().map(|s| (&s.name[..], s.digest.sha256)).collect();
        let found = contradictions(&report, &files);
        self.problems.extend(found.into_iter().map(Problem::Contradiction));
        let fields = Predicate::of(&report, &statement.subject).differences(&statement.predicate);
        if !fields.is_empty() {
            self.problems.push(Problem::Disagrees { fields });
        }
    }

    fn signatures(
        &mut self,
        statement: Option<&[u8]>,
        trust: Option<&Trust>,
        now: Timestamp,
    ) -> Vec<SignerSummary> {
        let names: Vec<_> = self.inventory.signatures().map(str::to_owned).collect();
        if names.is_empty() {
            self.problems.push(Problem::Unsigned);
        }
        if names.len() > layout::MAX_SIGNATURES {
            self.problems.push(Problem::TooManySignatures);
        }
        let mut signers = Vec::new();
        for name in names.iter().take(layout::MAX_SIGNATURES) {
            let bytes = self.read_present(name, layout::MAX_SIGNATURE);
            if let (Some(bytes), Some(statement)) = (bytes, statement) {
                let problems = &mut self.problems;
                signers.extend(signature::check(name, &bytes, statement, trust, now, problems));
            }
        }
        signers
    }

    fn instructions(&mut self, bytes: Option<&[u8]>, statement: Option<&Statement>) {
        let Some(found) = self.read(layout::INSTRUCTIONS, layout::MAX_INSTRUCTIONS) else { return };
        let (Some(bytes), Some(statement)) = (bytes, statement) else { return };
        let names: Vec<_> = self.inventory.signatures().collect();
        let expected = instructions::text(bytes, statement.subject.len(), &names);
        if found == expected.as_bytes() {
            return;
        }
        let found = String::from_utf8_lossy(&found);
        let named: BTreeSet<_> =
            found.split_whitespace().filter(|word| layout::is_signature(word)).collect();
        let present: BTreeSet<_> = names.into_iter().collect();
        let mut problems: Vec<_> = named
            .difference(&present)
            .map(|name| Problem::SignatureRemoved((*name).to_owned()))
            .collect();
        problems.extend(
            present.difference(&named).map(|name| Problem::SignatureAdded((*name).to_owned())),
        );
        problems.push(Problem::Instructions);
        self.problems.extend(problems);
    }
}
