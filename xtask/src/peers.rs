//! `cargo xtask peers`: the real messengers that tests drive.

use std::{fmt, fs, time::Instant};

use crate::{
    packages,
    steps::{Outcome, Step},
    tally::Tally,
    workspace,
};

/// Names of drivers in `harness/drivers`.
pub(crate) const LIBSIGNAL: &str = "libsignal";
const VODOZEMAC: [&str; 2] = ["vodozemac-olm", "vodozemac-megolm"];

/// Oldest Node release that the library supports.
const NODE_MAJOR: u32 = 20;

/// A copy of the lock file beside the packages that were installed from it.
const STAMP: &str = "node_modules/.hallmark-installed-from";

/// What is there for the tests, and what is not.
#[derive(Default)]
pub(crate) struct Peers {
    pub(crate) present: Vec<&'static str>,
    pub(crate) missing: Vec<Missing>,
}

/// Something that could not be installed.
pub(crate) struct Missing {
    what: &'static str,
    why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

impl Peers {
    pub(crate) fn has(&self, peer: &str) -> bool {
        self.present.contains(&peer)
    }

    fn miss(&mut self, what: &'static str, why: impl Into<String>) {
        self.missing.push(Missing { what, why: why.into() });
    }
}

/// The verb.
pub(crate) fn chore(strict: bool) -> bool {
    let (outcome, peers) = install();
    println!("\npeers installed: {}", list(&peers.present));
    println!("could not be installed: {}", peers.missing.len());
    peers.missing.iter().for_each(|missing| println!("  {missing}"));
    outcome.ok && (!strict || peers.missing.is_empty())
}

/// Says what it installs, then installs it. Fails only if a driver of ours does not build.
pub(crate) fn install() -> (Outcome, Peers) {
    let started = Instant::now();
    let needed = missing_packages();
    announce(&needed);
    let mut peers = Peers::default();
    if !needed.is_empty() {
        install_packages(&needed, &mut peers);
    }
    let built = Step::cargo(&["build", "--release", "-p", "hallmark-driver-vodozemac"]).status();
    if built {
        peers.present.extend(VODOZEMAC);
    }
    match install_libsignal() {
        Ok(()) => peers.present.push(LIBSIGNAL),
        Err(why) => peers.miss(LIBSIGNAL, why),
    }
    let tally = if built { Tally::PASSED } else { Tally::FAILED };
    let name = "cargo xtask peers".to_owned();
    (Outcome { name, tally, took: started.elapsed(), ok: built }, peers)
}

/// Debian packages whose programs are not there.
fn missing_packages() -> Vec<&'static str> {
    let programs = [("node", "nodejs"), ("npm", "npm"), ("openssl", "openssl")];
    let flag = |program| if program == "openssl" { "version" } else { "--version" };
    programs
        .into_iter()
        .filter(|(program, _)| Step::new(program, &[flag(*program)]).output().is_none())
        .map(|(_, package)| package)
        .collect()
}

fn announce(packages: &[&str]) {
    println!("\n=== peers: what the tests with real messengers need");
    println!("  drivers {}: built with cargo", list(&VODOZEMAC));
    let state = if libsignal_is_installed() { "is there" } else { "will be installed with npm ci" };
    println!("  driver {LIBSIGNAL}: @signalapp/libsignal-client (AGPL-3.0-only), {state}");
    if packages.is_empty() {
        println!("  node, npm, openssl: are there");
    } else {
        println!("  Debian packages: {} will be installed with apt-get", list(packages));
        println!("  (no service is started meanwhile)");
    }
}

fn install_packages(packages: &[&'static str], peers: &mut Peers) {
    let installed = match packages::installer() {
        Ok(()) if packages::install(packages) => return,
        Ok(()) => "apt-get failed".to_owned(),
        Err(why) => why.to_owned(),
    };
    packages.iter().for_each(|package| peers.miss(package, installed.clone()));
}

fn install_libsignal() -> Result<(), String> {
    let version = Step::new("node", &["--version"]).output().ok_or("node is not installed")?;
    if major(&version).is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("node {version} is too old, {NODE_MAJOR} is needed"));
    }
    if libsignal_is_installed() {
        return Ok(());
    }
    if Step::new("npm", &["--version"]).output().is_none() {
        return Err("npm is not installed".to_owned());
    }
    // The package's only install script prints a hint; none needs to run.
    let flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    if !Step::new("npm", &flags).within(workspace::LIBSIGNAL).status() {
        return Err("npm ci failed".to_owned());
    }
    let folder = workspace::root().join(workspace::LIBSIGNAL);
    match fs::copy(folder.join("package-lock.json"), folder.join(STAMP)) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("failed to note what was installed: {error}")),
    }
}

/// Whether the packages in place were installed from the present lock file.
fn libsignal_is_installed() -> bool {
    let folder = workspace::root().join(workspace::LIBSIGNAL);
    let read = |name: &str| fs::read(folder.join(name)).ok();
    read("package-lock.json").is_some_and(|lock| read(STAMP) == Some(lock))
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn list(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v18"), Some(18));
        assert_eq!(major("unknown"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_its_reason() {
        let mut peers = Peers::default();
        peers.miss(LIBSIGNAL, "npm ci failed");
        assert_eq!(peers.missing[0].to_string(), "libsignal: npm ci failed");
        assert!(!peers.has(LIBSIGNAL));
        assert_eq!(list(&peers.present), "none");
    }
}
