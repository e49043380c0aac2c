//! Reading a bundle.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use hallmark_model::{Report, Sha256, Suite, report::SCHEMA};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{BundleError, digest::sha256, layout};

/// A bundle on disk, as anybody may have sent it.
///
/// Opening one checks form, not truth: whether the files are those that were signed is the
/// business of the signing crate.
#[derive(Debug)]
pub struct Bundle {
    dir: PathBuf,
    report: Report,
}

impl Bundle {
    /// Opens the bundle in `dir` and reads its report.
    ///
    /// # Errors
    ///
    /// When there is no report, it is too large, of another version or not of its form (an unknown
    /// field is an error), or a link stands in the way.
    pub fn open(dir: &Path) -> Result<Self, BundleError> {
        let dir: PathBuf = dir.components().collect();
        let found = fs::symlink_metadata(&dir).map_err(BundleError::io("read", &dir))?;
        if found.is_symlink() {
            return Err(BundleError::Link(dir));
        }
        if !found.is_dir() {
            return Err(BundleError::NotAFolder(dir));
        }
        let bytes = read(&dir, layout::REPORT, layout::MAX_RECORD)?
            .ok_or_else(|| BundleError::NoReport(dir.clone()))?;
        let report = parse_report(&dir.join(layout::REPORT), &bytes)?;
        Ok(Self { dir, report })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was concluded.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What a suite observed; nothing where it did not run.
    ///
    /// # Errors
    ///
    /// When the record cannot be read, is too large or is not JSON.
    pub fn facts(&self, suite: Suite) -> Result<Option<Value>, BundleError> {
        let name = layout::facts(suite);
        read(&self.dir, &name, layout::MAX_RECORD)?
            .map(|bytes| parse(&self.dir.join(name), "facts record", &bytes))
            .transpose()
    }

    /// Kept bytes.
    ///
    /// # Errors
    ///
    /// When they are absent, too large, cannot be read, or are not the bytes of that digest.
    pub fn evidence(&self, digest: &Sha256) -> Result<Vec<u8>, BundleError> {
        let bytes = read(&self.dir, &layout::evidence(digest), layout::MAX_EVIDENCE)?
            .ok_or(BundleError::NoEvidence(*digest))?;
        let found = sha256(&bytes);
        if found != *digest {
            return Err(BundleError::EvidenceChanged { name: *digest, found });
        }
        Ok(bytes)
    }
}

/// Checks the version before the form, so that a newer report is called newer and not malformed.
fn parse_report(path: &Path, bytes: &[u8]) -> Result<Report, BundleError> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object with `schema`")]
    struct Version {
        schema: u64,
    }
    let Version { schema: found } = parse(path, "report", bytes)?;
    if found != u64::from(SCHEMA) {
        return Err(BundleError::Schema { path: path.to_owned(), found, known: SCHEMA });
    }
    parse(path, "report", bytes)
}

fn parse<T: DeserializeOwned>(
    path: &Path,
    kind: &'static str,
    bytes: &[u8],
) -> Result<T, BundleError> {
    serde_json::from_slice(bytes).map_err(|error| BundleError::Form {
        path: path.to_owned(),
        kind,
        reason: error.to_string(),
    })
}

/// Reads `dir/name` up to `limit` bytes without going through a link; nothing where it is absent.
fn read(dir: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, BundleError> {
    let mut path = dir.to_owned();
    let mut parts = Path::new(name).components().peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BundleError::io("read", path)(error)),
        };
        if found.is_symlink() {
            return Err(BundleError::Link(path));
        }
        match parts.peek() {
            Some(_) if !found.is_dir() => return Err(BundleError::NotAFolder(path)),
            None if !found.is_file() => return Err(BundleError::NotAFile(path)),
            _ => {}
        }
    }
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(BundleError::io("read", &path))?;
    if bytes.len() as u64 > limit {
        return Err(BundleError::TooLarge { path, limit });
    }
    Ok(Some(bytes))
}
