//! `cargo xtask peers-report`: every real messenger through the whole messaging suite, as a table
//! candidate × experiment × outcome × measured window, beside what was measured by hand before.

mod expected;
mod table;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{gate, peers, steps::Step, workspace};
use expected::{Deviation, MLS};
use table::Table;

/// The seed of every run, so that two reports can be compared.
const SEED: &str = "7f3a";

/// What one candidate's run showed.
struct Seen {
    name: &'static str,
    /// `@signalapp/libsignal-client 0.103.0`.
    candidate: String,
    took: Duration,
    /// By experiment: its facts.
    experiments: BTreeMap<String, Value>,
    /// By check: verdict, and whether the protocol explains it.
    checks: BTreeMap<String, (String, bool)>,
}

/// Runs what is installed, prints the table; fails where a healthy candidate deviates from what
/// was measured by hand.
pub(crate) fn chore(depth: &str) -> bool {
    // The whole workspace, as the tests build it: less would be built apart, with fewer features.
    if !gate::build().status() {
        return false;
    }
    let (outcome, peers) = peers::install(peers::Drivers::Built);
    if !outcome.ok {
        return false;
    }
    println!("\neach candidate at depth {depth}");
    let mut seen = Vec::new();
    for name in peers::MESSENGERS {
        if !peers.has(name) {
            println!("not run: {name} is not installed");
            continue;
        }
        match run(name, depth) {
            Ok(candidate) => seen.push(candidate),
            Err(why) => {
                println!("{name}: {why}");
                return false;
            }
        }
    }
    print!("{}", Table::of(&seen));
    let deviations: Vec<Deviation> = seen.iter().flat_map(expected::deviations).collect();
    println!("\ndeviations from what was measured by hand: {}", deviations.len());
    deviations.iter().for_each(|deviation| println!("  {deviation}"));
    let apart = interoperate(&seen);
    deviations.is_empty() && apart
}

/// The whole suite on one candidate.
fn run(name: &'static str, depth: &str) -> Result<Seen, String> {
    let started = Instant::now();
    let args = ["messaging", name, "--format", "json", "-q", "--depth", depth, "--seed", SEED];
    let out = Step::new(workspace::hallmark(), &args)
        .said()
        .ok_or_else(|| "the run printed nothing".to_owned())?;
    let took = started.elapsed();
    let object: Value = serde_json::from_str(&out).map_err(|error| error.to_string())?;
    Seen::read(name, took, &object).ok_or_else(|| "the answer has not the form of facts".to_owned())
}

impl Seen {
    fn read(name: &'static str, took: Duration, object: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let facts = object.get("facts")?;
        let candidate = facts.pointer("/driver/hello/candidate")?;
        let short = |id: &str| id.trim_start_matches("messaging/").to_owned();
        let experiments = facts.get("experiments")?.as_array()?.iter();
        let experiments =
            experiments.filter_map(|e| Some((short(e.get("id")?.as_str()?), e.clone()))).collect();
        let rows = object.get("requirements")?.as_array()?.iter();
        let checks = rows
            .filter_map(|row| row.get("checks")?.as_array())
            .flatten()
            .filter_map(|check| {
                let explained = check.get("by_design").is_some_and(|limit| !limit.is_null());
                let verdict = text(check.get("verdict")?)?;
                Some((short(check.get("id")?.as_str()?), (verdict, explained)))
            })
            .collect();
        Some(Self {
            name,
            candidate: format!(
                "{} {}",
                text(candidate.get("name")?)?,
                text(candidate.get("version")?)?
            ),
            took,
            experiments,
            checks,
        })
    }

    /// What an experiment measured under this name.
    fn measured(&self, experiment: &str, name: &str) -> Option<&Value> {
        self.experiments.get(experiment)?.get("measured")?.get(name)
    }
}

/// Every ordered pair of MLS implementations: one makes the group, the other joins it.
fn interoperate(seen: &[Seen]) -> bool {
    let there: Vec<_> = MLS.iter().filter(|name| seen.iter().any(|s| s.name == **name)).collect();
    let mut all = true;
    println!("\nMLS implementations with each other (`hallmark driver check A --with B`)");
    for a in &there {
        for b in there.iter().filter(|b| *b != a) {
            let step = Step::new(workspace::hallmark(), &["driver", "check", a, "--with", b]);
            let ok = step.output().is_some();
            println!("  {a:<10} {b:<10} {}", if ok { "understand each other" } else { "FAILED" });
            all &= ok;
        }
    }
    all
}
