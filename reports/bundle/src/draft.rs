//! Writing a bundle.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hallmark_model::{Report, Sha256, Suite, event::Stamped};
use serde::Serialize;

use crate::{
    Bundle, BundleError,
    atomic::{self, Durability},
    digest::sha256,
    layout,
};

/// A bundle that a run is still writing.
///
/// Nothing in it can be taken for a finished one: until [`Draft::finish`] its report is absent or
/// says `"complete": false`. Dropping a draft keeps the folder as it is.
#[derive(Debug)]
pub struct Draft {
    dir: PathBuf,
    events: Mutex<File>,
    kept: Mutex<BTreeSet<Sha256>>,
}

impl Draft {
    /// Makes the folder of a new bundle, and its parents.
    ///
    /// # Errors
    ///
    /// When `dir` is a link, a file, or a folder that holds anything; or cannot be made.
    pub fn create(dir: &Path) -> Result<Self, BundleError> {
        // A trailing slash would make the system look through a link.
        let dir: PathBuf = dir.components().collect();
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                    BundleError::NotAFolder(parent.to_owned())
                }
                _ => BundleError::io("create", parent)(error),
            })?;
        }
        match fs::create_dir(&dir) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => expect_empty_folder(&dir)?,
            Err(error) => return Err(BundleError::io("create", dir)(error)),
        }
        let events = dir.join(layout::EVENTS);
        // Creating this file is also what keeps a second run out of the same folder.
        let file =
            OpenOptions::new().append(true).create_new(true).open(&events).map_err(|error| {
                match error.kind() {
                    ErrorKind::AlreadyExists => BundleError::NotEmpty(dir.clone()),
                    _ => BundleError::io("create", events)(error),
                }
            })?;
        Ok(Self { dir, events: Mutex::new(file), kept: Mutex::default() })
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Keeps `bytes` under their digest, once, however often they are given.
    ///
    /// # Errors
    ///
    /// When they are more than [`layout::MAX_EVIDENCE`] or cannot be written.
    pub fn keep_evidence(&self, bytes: &[u8]) -> Result<Sha256, BundleError> {
        let digest = sha256(bytes);
        if lock(&self.kept).contains(&digest) {
            return Ok(digest);
        }
        let path = self.dir.join(layout::evidence(&digest));
        within(&path, bytes, layout::MAX_EVIDENCE)?;
        self.make_folder(layout::EVIDENCE)?;
        atomic::write(&path, bytes, Durability::Unsynced)?;
        lock(&self.kept).insert(digest);
        Ok(digest)
    }

    /// Adds a line to the journal. When this returns, the line outlives the process.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn append_event(&self, event: &Stamped) -> Result<(), BundleError> {
        let path = self.dir.join(layout::EVENTS);
        let mut line = serde_json::to_vec(event).map_err(not_json("event"))?;
        line.push(b'\n');
        within(&path, &line, layout::MAX_RECORD)?;
        lock(&self.events).write_all(&line).map_err(BundleError::io("write", path))
    }

    /// Writes what a suite observed, replacing what it wrote before.
    ///
    /// # Errors
    ///
    /// When it is too large or cannot be written.
    pub fn write_facts(&self, suite: Suite, facts: &serde_json::Value) -> Result<(), BundleError> {
        self.make_folder(layout::FACTS)?;
        self.write_record(&layout::facts(suite), &pretty("facts record", facts)?)
    }

    /// Writes the report as it stands so far.
    ///
    /// # Errors
    ///
    /// When it says that it is complete, which only [`Draft::finish`] may write; when it is too
    /// large or cannot be written.
    pub fn write_report(&self, report: &Report) -> Result<(), BundleError> {
        if report.run.complete {
            return Err(BundleError::CompleteTooEarly);
        }
        self.write_record(layout::REPORT, &pretty("report", report)?)
    }

    /// Writes the report for people as it stands so far.
    ///
    /// # Errors
    ///
    /// When it is too large or cannot be written.
    pub fn write_page(&self, html: &str) -> Result<(), BundleError> {
        self.write_record(layout::PAGE, html.as_bytes())
    }

    /// Writes the last two records, the page and then the complete report, and reads the bundle
    /// back.
    ///
    /// # Errors
    ///
    /// When the report does not say that it is complete, or a record cannot be written.
    pub fn finish(self, report: &Report, page: &str) -> Result<Bundle, BundleError> {
        if !report.run.complete || report.run.finished.is_none() {
            return Err(BundleError::NotComplete);
        }
        let report = pretty("report", report)?;
        self.write_page(page)?;
        self.sync_journal()?;
        self.write_record(layout::REPORT, &report)?;
        Bundle::open(&self.dir)
    }

    fn write_record(&self, name: &str, bytes: &[u8]) -> Result<(), BundleError> {
        let path = self.dir.join(name);
        within(&path, bytes, layout::MAX_RECORD)?;
        atomic::write(&path, bytes, Durability::Synced)
    }

    fn make_folder(&self, name: &str) -> Result<(), BundleError> {
        let path = self.dir.join(name);
        fs::create_dir_all(&path).map_err(BundleError::io("create", path))
    }

    /// Brings the journal to the disk before the report that counts on it.
    ///
    /// Evidence is not synced: thousands of small files would cost seconds, and a piece that a loss
    /// of power took is noticed by its digest, here and by whoever verifies.
    fn sync_journal(&self) -> Result<(), BundleError> {
        let path = self.dir.join(layout::EVENTS);
        lock(&self.events).sync_all().map_err(BundleError::io("write", path))
    }
}

/// A folder may be given by the user when it is truly a folder, and empty.
fn expect_empty_folder(dir: &Path) -> Result<(), BundleError> {
    let found = fs::symlink_metadata(dir).map_err(BundleError::io("read", dir))?;
    if found.is_symlink() {
        return Err(BundleError::Link(dir.to_owned()));
    }
    if !found.is_dir() {
        return Err(BundleError::NotAFolder(dir.to_owned()));
    }
    match fs::read_dir(dir).map_err(BundleError::io("read", dir))?.next() {
        None => Ok(()),
        Some(_) => Err(BundleError::NotEmpty(dir.to_owned())),
    }
}

fn pretty<T: Serialize>(kind: &'static str, value: &T) -> Result<Vec<u8>, BundleError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(not_json(kind))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn not_json(kind: &'static str) -> impl FnOnce(serde_json::Error) -> BundleError {
    move |error| BundleError::NotJson { kind, reason: error.to_string() }
}

fn within(path: &Path, bytes: &[u8], limit: u64) -> Result<(), BundleError> {
    if bytes.len() as u64 > limit {
        return Err(BundleError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(())
}

/// A panic elsewhere does not make a file or a set of digests invalid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
