//! Counting tests in what their runners print.

use std::{fmt, ops::AddAssign};

/// How many passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// What one line of output adds: a summary of libtest (`test result: …`) or of a TAP
    /// producer (`# pass 3`).
    pub(crate) fn of_line(line: &str) -> Self {
        let mut tally = Self::default();
        if let Some(counts) = line.strip_prefix("test result: ") {
            for part in counts.split(['.', ';']) {
                tally.add(part.trim());
            }
        } else if let Some((word, count)) = line.strip_prefix("# ").and_then(|l| l.split_once(' '))
        {
            tally.add(&format!("{count} {word}"));
        }
        tally
    }

    /// Adds `3 passed` and the like; anything else is nothing.
    fn add(&mut self, part: &str) {
        let Some((count, word)) = part.split_once(' ') else { return };
        let Ok(count) = count.parse::<u64>() else { return };
        match word {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" | "cancelled" => self.failed += count,
            "ignored" | "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> String {
        let mut sum = Tally::default();
        output.lines().for_each(|line| sum += Tally::of_line(line));
        sum.to_string()
    }

    #[test]
    fn libtest_summaries_are_added_up() {
        let output = "running 9 tests\n\
            test order_is_visible ... ok\n\
            test result: ok. 9 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; \
            finished in 0.14s\n\
            test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; \
            finished in 1.10s\n";
        assert_eq!(tally(output), "10 passed, 3 failed, 1 skipped");
    }

    #[test]
    fn tap_summaries_are_added_up() {
        let output = "# Subtest: replay\nok 1 - replay\n1..19\n# tests 19\n# suites 0\n# pass 16\n\
            # fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n# duration_ms 2191.971617\n";
        assert_eq!(tally(output), "16 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn other_lines_are_nothing() {
        let output = "test result: unknown\n# pass many\n5 passed\n# 3 passed\n# \n#\n";
        assert_eq!(tally(output), "0 passed, 0 failed, 0 skipped");
    }
}
