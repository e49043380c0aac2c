//! Folders whose packages npm installs from a lock file.

use std::{fs, path::PathBuf};

use crate::{steps::Step, workspace};

/// A copy of the lock file beside the packages that were installed from it.
const STAMP: &str = "node_modules/.hallmark-installed-from";

/// A folder with a `package-lock.json`.
pub(super) struct NpmFolder {
    folder: &'static str,
}

impl NpmFolder {
    /// By its path in the workspace.
    pub(super) fn new(folder: &'static str) -> Self {
        Self { folder }
    }

    /// Where it is.
    pub(super) fn path(&self) -> PathBuf {
        workspace::root().join(self.folder)
    }

    /// For people.
    pub(super) fn state(&self) -> &'static str {
        if self.is_installed() { "is there" } else { "will be installed with npm ci" }
    }

    /// Installs the packages, unless they are there. None of them needs its install script.
    pub(super) fn install(&self) -> Result<(), String> {
        if self.is_installed() {
            return Ok(());
        }
        if Step::new("npm", &["--version"]).output().is_none() {
            return Err("npm is not installed".to_owned());
        }
        let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        if !Step::new("npm", &flags).within(self.folder).status() {
            return Err("npm ci failed".to_owned());
        }
        match fs::copy(self.path().join("package-lock.json"), self.path().join(STAMP)) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("failed to note what was installed: {error}")),
        }
    }

    /// Whether the packages in place were installed from the present lock file.
    fn is_installed(&self) -> bool {
        let read = |name: &str| fs::read(self.path().join(name)).ok();
        read("package-lock.json").is_some_and(|lock| read(STAMP) == Some(lock))
    }
}
