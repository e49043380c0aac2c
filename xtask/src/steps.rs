//! Running a program as a step: its output streams through and is counted.

use std::{
    ffi::OsStr,
    io::{self, BufRead, BufReader, IsTerminal, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{tally::Tally, workspace};

/// A program to run, in the root of the workspace unless told otherwise.
pub(crate) struct Step {
    name: String,
    command: Command,
}

/// What became of a step.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
    pub(crate) ok: bool,
}

impl Step {
    /// A program with arguments; both together name the step.
    pub(crate) fn new(program: impl AsRef<OsStr>, arguments: &[&str]) -> Self {
        let shown = Path::new(program.as_ref()).file_stem().unwrap_or(program.as_ref());
        let mut words = vec![shown.to_string_lossy().into_owned()];
        words.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(workspace::root());
        Self { name: words.join(" "), command }
    }

    /// `cargo` with these arguments.
    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        let mut step = Self::new(workspace::cargo(), arguments);
        if io::stdout().is_terminal() {
            step.command.env("CARGO_TERM_COLOR", "always");
        }
        step
    }

    /// The same with a variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// The same under another name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The same in a folder of the workspace.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.command.current_dir(workspace::root().join(folder));
        self.name = format!("{} (in {folder})", self.name);
        self
    }

    /// Whether it succeeds.
    pub(crate) fn status(self) -> bool {
        self.run().ok
    }

    /// What it writes to its standard output, if it can be run and succeeds; silently.
    pub(crate) fn output(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// What it writes to its standard output, however it ends; silently.
    pub(crate) fn said(mut self) -> Option<String> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it. A program that prints no summary of tests counts as one.
    pub(crate) fn run(self) -> Outcome {
        self.run_into(&mut io::stdout())
    }

    fn run_into(mut self, sink: &mut impl Write) -> Outcome {
        // Nobody may be reading what we print; the step is run and counted all the same.
        let _ = writeln!(sink, "\n=== {}", self.name);
        let started = Instant::now();
        let (ok, mut tally) = match self.stream(sink) {
            Ok(result) => result,
            Err(error) => {
                eprintln!("failed to run `{}`: {error}", self.name);
                (false, Tally::default())
            }
        };
        if tally == Tally::default() && ok {
            tally = Tally::PASSED;
        } else if !ok && tally.failed == 0 {
            // It did not get as far as a failing test.
            tally += Tally::FAILED;
        }
        Outcome { name: self.name, tally, took: started.elapsed(), ok }
    }

    fn stream(&mut self, sink: &mut impl Write) -> io::Result<(bool, Tally)> {
        let mut child = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut tally = Tally::default();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line)? > 0 {
                let _ = sink.write_all(&line).and_then(|()| sink.flush());
                tally += Tally::of_line(String::from_utf8_lossy(&line).trim_end());
                line.clear();
            }
        }
        Ok((child.wait()?.success(), tally))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Outcome {
        Step::new("sh", &["-c", script]).run_into(&mut Vec::new())
    }

    #[test]
    fn output_streams_through() {
        let mut sink = Vec::new();
        Step::new("printf", &["a\\nb"]).named("letters").run_into(&mut sink);
        assert_eq!(String::from_utf8_lossy(&sink), "\n=== letters\na\nb");
    }

    #[test]
    fn a_step_without_tests_counts_as_one() {
        assert_eq!((sh("true").ok, sh("true").tally), (true, Tally::PASSED));
        assert_eq!((sh("exit 3").ok, sh("exit 3").tally), (false, Tally::FAILED));
    }

    #[test]
    fn tests_count_for_themselves() {
        let good = sh("echo 'test result: ok. 4 passed; 0 failed; 0 ignored'");
        assert_eq!((good.ok, good.tally.passed, good.tally.failed), (true, 4, 0));
        let bad = sh("echo 'test result: FAILED. 4 passed; 2 failed; 0 ignored'; exit 101");
        assert_eq!((bad.ok, bad.tally.passed, bad.tally.failed), (false, 4, 2));
        let broken = sh("echo 'test result: ok. 4 passed; 0 failed; 0 ignored'; exit 101");
        assert_eq!((broken.ok, broken.tally.passed, broken.tally.failed), (false, 4, 1));
    }

    #[test]
    fn a_program_that_is_not_there_fails() {
        let outcome = Step::new("no-such-program-here", &[]).run_into(&mut Vec::new());
        assert_eq!((outcome.ok, outcome.tally), (false, Tally::FAILED));
        assert_eq!(Step::new("no-such-program-here", &[]).output(), None);
    }
}
