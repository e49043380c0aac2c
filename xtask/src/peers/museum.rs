//! Old and new releases of one server, side by side.

use std::path::Path;

use super::{Peers, npm::NpmFolder};
use crate::{steps::Step, workspace};

/// A release, by the name of its package.
struct Exhibit {
    name: &'static str,
    /// The program, within the package.
    program: &'static str,
    /// The archive in the package that holds the program, if any.
    archive: Option<&'static str>,
}

const EXHIBITS: [Exhibit; 3] = [
    Exhibit {
        name: "node-0.10",
        program: "node-v0.10.0-linux-x64/bin/node",
        archive: Some("node-v0.10.0-linux-x64.tar.gz"),
    },
    Exhibit { name: "node-8", program: "bin/node", archive: None },
    Exhibit { name: "node-24", program: "bin/node", archive: None },
];

/// The folder of the releases.
pub(super) struct Museum(NpmFolder);

impl Museum {
    pub(super) fn new() -> Self {
        Self(NpmFolder::new(workspace::MUSEUM))
    }

    pub(super) fn names(&self) -> String {
        EXHIBITS.map(|exhibit| exhibit.name).join(", ")
    }

    pub(super) fn state(&self) -> &'static str {
        self.0.state()
    }

    /// Installs all of them and runs each.
    pub(super) fn install(&self, peers: &mut Peers) {
        let installed = self.0.install();
        for exhibit in &EXHIBITS {
            let package = self.0.path().join("node_modules").join(exhibit.name);
            peers.found(exhibit.name, installed.clone().and_then(|()| exhibit.prepare(&package)));
        }
    }
}

impl Exhibit {
    fn prepare(&self, package: &Path) -> Result<(), String> {
        let program = package.join(self.program);
        if let Some(archive) = self.archive
            && !program.is_file()
        {
            self.unpack(&package.join(archive), package)?;
        }
        let runs = Step::new(&program, &["--version"]).output().is_some();
        if runs { Ok(()) } else { Err("it is installed and does not run".to_owned()) }
    }

    /// What the package's install script would do, for the program alone.
    fn unpack(&self, archive: &Path, package: &Path) -> Result<(), String> {
        let (archive, package) = (archive.to_string_lossy(), package.to_string_lossy());
        let arguments = ["-xzf", &*archive, "-C", &*package, self.program];
        let done = Step::new("tar", &arguments).named(&format!("unpack {}", self.name)).status();
        if done { Ok(()) } else { Err("its archive does not unpack".to_owned()) }
    }
}
