//! `cargo xtask test`: everything that must hold, in order, up to the first failure.

use std::{env, fmt::Write, panic, path::PathBuf, thread, time::Duration};

use crate::{
    chores, drivers,
    peers::{self, Peers},
    steps::{Outcome, Step},
    tally::Tally,
    workspace,
};

/// Names the peers that are installed, to the tests that need them.
const PEERS_VARIABLE: &str = "HALLMARK_PEERS";

/// `-D warnings`, as clippy wants to be told.
const CLIPPY_ARGS: &str = "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__";

/// Runs the steps, then prints what became of them. The closing line is `N passed, N failed,
/// N skipped`.
pub(crate) fn test() -> bool {
    let mut gate = Gate::default();
    let complete = gate.run();
    print!("{}", gate.summary(complete));
    complete
}

/// The same with clippy in the place of rustc for the crates of the house, warnings denied. A run of
/// `cargo clippy` beside the build would read every dependency a second time.
fn linting(step: Step) -> Step {
    step.with("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").with("CLIPPY_ARGS", CLIPPY_ARGS)
}

/// Clippy, and the build of everything that tests use.
pub(crate) fn build() -> Step {
    let build = ["test", "--release", "--workspace", "--no-run"];
    linting(Step::cargo(&build)).named("clippy, and build of everything")
}

/// What has been run so far, and what could not be.
#[derive(Default)]
struct Gate {
    outcomes: Vec<Outcome>,
    not_run: Vec<String>,
}

impl Gate {
    /// Whether every step succeeded; stops at the first that does not.
    fn run(&mut self) -> bool {
        self.step(Step::cargo(&["fmt", "--all", "--check"]))
            && self.ready().is_some_and(|peers| self.tests(&peers))
            && self.licences()
    }

    fn step(&mut self, step: Step) -> bool {
        let outcome = step.run();
        let ok = outcome.ok;
        self.outcomes.push(outcome);
        ok
    }

    /// Builds everything, and meanwhile installs the peers, which mostly waits for the network. What
    /// cannot be installed is named and skipped, what does not build is a failure.
    fn ready(&mut self) -> Option<Peers> {
        let (built, (installed, peers)) = thread::scope(|scope| {
            let peers = scope.spawn(|| peers::install(peers::Drivers::Built));
            (build().run(), peers.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
        });
        let ok = built.ok && installed.ok;
        self.outcomes.extend([built, installed]);
        self.not_run.extend(peers.missing.iter().map(ToString::to_string));
        ok.then_some(peers)
    }

    fn tests(&mut self, peers: &Peers) -> bool {
        let present = peers.present.join(",");
        self.recordings();
        self.not_run.extend(drivers::left_out(peers));
        self.step(
            linting(Step::cargo(&["test", "--release", "--workspace", "--no-fail-fast"]))
                .with(PEERS_VARIABLE, &present)
                .with(chores::SABOTAGE_VARIABLE, "1"),
        ) && drivers::brief(peers).into_iter().all(|tests| self.step(tests))
    }

    /// Says which recordings from outside are not there for the tests.
    fn recordings(&mut self) {
        let named = env::var_os("HALLMARK_CAPTURES").map(PathBuf::from);
        let folder = named.unwrap_or_else(|| workspace::root().join("../shared/captures"));
        for kind in ["messaging", "real"] {
            if !folder.join(kind).is_dir() {
                let what = "HALLMARK_CAPTURES names no folder that holds them";
                self.not_run.push(format!("tests with recordings ({kind}): {what}"));
            }
        }
    }

    fn licences(&mut self) -> bool {
        if Step::cargo(&["deny", "--version"]).output().is_none() {
            self.not_run.push("licences, bans and sources: cargo-deny is not installed".to_owned());
            return true;
        }
        self.step(Step::cargo(&["deny", "check", "licenses", "bans", "sources"]))
    }

    fn summary(&self, complete: bool) -> String {
        let mut text = String::from("\n");
        let width = self.outcomes.iter().map(|outcome| outcome.name.len()).max().unwrap_or(0);
        let mut sum = Tally::default();
        for Outcome { name, tally, took, ok } in &self.outcomes {
            let word = if *ok { "ok" } else { "FAILED" };
            let seconds = seconds(*took);
            let _ = writeln!(text, "{word:6}  {seconds:>8}  {name:width$}  {tally}");
            sum += *tally;
        }
        if !self.not_run.is_empty() {
            let _ = writeln!(text, "\nnot run:");
            for what in &self.not_run {
                let _ = writeln!(text, "  {what}");
            }
        }
        if !complete {
            let _ = writeln!(text, "\nstopped at the first failure; later steps were not run");
        }
        sum.skipped += self.not_run.len() as u64;
        let _ = writeln!(text, "\n{sum}");
        text
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &str, tally: Tally, ok: bool) -> Outcome {
        Outcome { name: name.to_owned(), tally, took: Duration::from_millis(1234), ok }
    }

    #[test]
    fn the_summary_ends_in_the_counts() {
        let tests = Tally { passed: 41, failed: 0, skipped: 1 };
        let gate = Gate {
            outcomes: vec![
                outcome("cargo fmt", Tally::PASSED, true),
                outcome("cargo test", tests, true),
            ],
            not_run: vec!["libsignal: npm is not installed".to_owned()],
        };
        let expected = "
ok         1.2 s  cargo fmt   1 passed, 0 failed, 0 skipped
ok         1.2 s  cargo test  41 passed, 0 failed, 1 skipped

not run:
  libsignal: npm is not installed

42 passed, 0 failed, 2 skipped
";
        assert_eq!(gate.summary(true), expected);
    }

    #[test]
    fn a_failure_is_named_and_counted() {
        let outcomes = vec![outcome("cargo fmt", Tally::FAILED, false)];
        let gate = Gate { outcomes, not_run: Vec::new() };
        let expected = "
FAILED     1.2 s  cargo fmt  0 passed, 1 failed, 0 skipped

stopped at the first failure; later steps were not run

0 passed, 1 failed, 0 skipped
";
        assert_eq!(gate.summary(false), expected);
    }
}
