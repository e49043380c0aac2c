//! `cargo xtask peers`: the real messengers, servers and tools that tests work with.

mod museum;
mod npm;
mod python;
mod sets;
mod tools;

use std::{fmt, time::Instant};

use crate::{
    steps::{Outcome, Step},
    tally::Tally,
};
use museum::Museum;
use sets::SETS;
use tools::{TOOLS, Tool};

/// Names of drivers in `harness/drivers`.
pub(crate) const LIBSIGNAL: &str = "libsignal";
pub(crate) const TS_MLS: &str = "ts-mls";

/// Every messenger that has a driver here, in the order of reports.
pub(crate) const MESSENGERS: [&str; 9] = [
    LIBSIGNAL,
    "vodozemac-olm",
    "vodozemac-megolm",
    "openmls",
    "mls-rs",
    "ts-mls",
    "omemo-2",
    "omemo-legacy",
    "matrix-sdk-crypto",
];

/// Drivers in Rust, with the packages that they are built from.
const IN_RUST: [&str; 4] = ["vodozemac-olm", "vodozemac-megolm", "openmls", "mls-rs"];
const PACKAGES: [&str; 3] =
    ["hallmark-driver-vodozemac", "hallmark-driver-openmls", "hallmark-driver-mls-rs"];

/// Oldest Node release that libsignal and ts-mls support.
const NODE_MAJOR: u32 = 20;

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

    fn found(&mut self, what: &'static str, result: Result<(), String>) {
        match result {
            Ok(()) => self.present.push(what),
            Err(why) => self.miss(what, why),
        }
    }
}

/// The verb.
pub(crate) fn chore(strict: bool) -> bool {
    let (outcome, peers) = install(Drivers::ToBuild);
    println!("\npeers installed: {}", list(&peers.present));
    println!("could not be installed: {}", peers.missing.len());
    peers.missing.iter().for_each(|missing| println!("  {missing}"));
    outcome.ok && (!strict || peers.missing.is_empty())
}

/// Whether the drivers in Rust still have to be built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drivers {
    /// Build them, and nothing else.
    ToBuild,
    /// A build of the whole workspace has made them: building them by themselves would build what
    /// they rest on a second time, with fewer features.
    Built,
}

/// Says what it installs, then installs it. Fails only if a driver of ours does not build.
pub(crate) fn install(drivers: Drivers) -> (Outcome, Peers) {
    let started = Instant::now();
    let museum = Museum::new();
    let needed: Vec<&Tool> = TOOLS.iter().filter(|tool| !tool.runs()).collect();
    announce(&needed, &museum);

    let mut peers = Peers::default();
    let result = tools::install(&needed);
    for tool in &TOOLS {
        tool.report(result.as_ref().err(), &mut peers);
    }
    let packages = PACKAGES.iter().flat_map(|package| ["-p", package]);
    let build: Vec<_> = ["build", "--release"].into_iter().chain(packages).collect();
    let built = drivers == Drivers::Built || Step::cargo(&build).status();
    if built {
        peers.present.extend(IN_RUST);
    }
    for set in SETS {
        let installed = set.install();
        set.peers.iter().for_each(|peer| peers.found(peer, installed.clone()));
    }
    museum.install(&mut peers);

    let tally = if built { Tally::PASSED } else { Tally::FAILED };
    let name = "cargo xtask peers".to_owned();
    (Outcome { name, tally, took: started.elapsed(), ok: built }, peers)
}

fn announce(needed: &[&Tool], museum: &Museum) {
    println!("\n=== peers: what the tests with real messengers, servers and tools need");
    println!("  drivers {}: built with cargo", list(&IN_RUST));
    SETS.iter().for_each(|set| println!("  {}", set.line()));
    println!(
        "  servers {}: old and new releases of node (MIT), {}",
        museum.names(),
        museum.state()
    );
    let there: Vec<_> = TOOLS.iter().filter(|tool| !is_among(tool, needed)).collect();
    if !there.is_empty() {
        let programs: Vec<_> = there.iter().map(|tool| tool.program).collect();
        println!("  {}: there", list(&programs));
    }
    if !needed.is_empty() {
        let packages: Vec<_> = needed.iter().map(|tool| tool.package).collect();
        println!("  Debian packages: {} will be installed with apt-get", list(&packages));
        println!("  (no service is started meanwhile)");
    }
}

fn is_among(tool: &Tool, tools: &[&Tool]) -> bool {
    tools.iter().any(|other| other.program == tool.program)
}

fn node_is_new_enough() -> Result<(), String> {
    let version = Step::new("node", &["--version"]).output().ok_or("node is not installed")?;
    if major(&version).is_none_or(|major| major < NODE_MAJOR) {
        return Err(format!("node {version} is too old, {NODE_MAJOR} is needed"));
    }
    Ok(())
}

/// The first number of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

pub(crate) fn list(names: &[&str]) -> String {
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
        peers.found(LIBSIGNAL, Err("npm ci failed".to_owned()));
        assert_eq!(peers.missing[0].to_string(), "libsignal: npm ci failed");
        assert!(!peers.has(LIBSIGNAL));
        assert_eq!(list(&peers.present), "none");
    }
}
