//! Python packages in a virtual environment of their own, below the build folder.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::{steps::Step, workspace};

/// Oldest release of Python that the packages support.
const PYTHON: (u32, u32) = (3, 10);

/// A copy of the list of packages beside those that were installed from it.
const STAMP: &str = ".hallmark-installed-from";

/// A virtual environment, and the file that lists its packages by exact version.
pub(super) struct Environment {
    folder: String,
    requirements: &'static str,
    borrowed: &'static [&'static str],
}

/// Where Debian's packages for Python put theirs.
const DEBIAN: &str = "/usr/lib/python3/dist-packages";

impl Environment {
    /// The environment of this name, where manifests look for it, with the packages of this list and
    /// these files of Debian's.
    pub(super) fn new(
        name: &str,
        requirements: &'static str,
        borrowed: &'static [&'static str],
    ) -> Self {
        Self { folder: format!("target/release/peers/{name}"), requirements, borrowed }
    }

    /// For people.
    pub(super) fn state(&self) -> &'static str {
        if self.is_installed() { "is there" } else { "will be installed with pip" }
    }

    /// Makes the environment, unless it is there. Nothing is installed but what the list names,
    /// and nothing is built: all of it comes as wheels.
    pub(super) fn install(&self) -> Result<(), String> {
        if self.is_installed() {
            return Ok(());
        }
        let version = Step::new("python3", &["--version"]).output();
        let version = version.ok_or("python3 is not installed")?;
        if release(&version).is_none_or(|release| release < PYTHON) {
            let (major, minor) = PYTHON;
            return Err(format!("{version} is too old, {major}.{minor} is needed"));
        }
        if !Step::new("python3", &["-m", "venv", "--clear", &self.folder]).status() {
            return Err("python3 -m venv failed (Debian: python3-venv)".to_owned());
        }
        let python = self.path("bin/python");
        let pip = ["-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--quiet"];
        let arguments =
            [&pip[..], &["--disable-pip-version-check", "-r", self.requirements]].concat();
        if !Step::new(python, &arguments).status() {
            return Err("pip install failed".to_owned());
        }
        self.borrow()?;
        match fs::copy(workspace::root().join(self.requirements), self.path(STAMP)) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("failed to note what was installed: {error}")),
        }
    }

    /// Links what comes from Debian's packages into the environment, and nothing else of them.
    fn borrow(&self) -> Result<(), String> {
        if self.borrowed.is_empty() {
            return Ok(());
        }
        let asked = ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"];
        let site = Step::new(self.path("bin/python"), &asked).output();
        let site = PathBuf::from(site.ok_or("the environment's Python does not run")?);
        for name in self.borrowed {
            let (from, to) = (Path::new(DEBIAN).join(name), site.join(name));
            if !from.exists() {
                return Err(format!("{} is not there", from.display()));
            }
            symlink(&from, &to).map_err(|error| format!("failed to link {name}: {error}"))?;
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        workspace::root().join(&self.folder).join(name)
    }

    /// Whether the packages in place were installed from the present list.
    fn is_installed(&self) -> bool {
        fs::read(workspace::root().join(self.requirements))
            .is_ok_and(|listed| fs::read(self.path(STAMP)).is_ok_and(|stamp| stamp == listed))
    }
}

/// The first two numbers of `Python 3.11.7`.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.trim().strip_prefix("Python ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_python_are_read() {
        assert_eq!(release("Python 3.11.7"), Some((3, 11)));
        assert!(release("Python 3.9.2") < Some(PYTHON));
        assert_eq!(release("3.11"), None);
        assert_eq!(release("Python next"), None);
    }
}
