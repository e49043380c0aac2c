//! The table for people.

use std::fmt;

use serde_json::Value;

use super::Seen;

/// Width of the first column.
const FIRST: usize = 25;

/// What was seen, candidate by candidate.
pub(super) struct Table<'a> {
    seen: &'a [Seen],
}

impl<'a> Table<'a> {
    pub(super) fn of(seen: &'a [Seen]) -> Self {
        Self { seen }
    }

    fn rows(&self) -> Vec<&'a str> {
        let mut rows: Vec<&str> = Vec::new();
        for check in self.seen.iter().flat_map(|seen| seen.checks.keys()) {
            if !rows.contains(&check.as_str()) {
                rows.push(check);
            }
        }
        rows.sort_unstable();
        rows
    }

    fn width(&self) -> usize {
        self.seen.iter().map(|seen| seen.name.len()).max().unwrap_or(0).max(9) + 1
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width();
        writeln!(f)?;
        for seen in self.seen {
            let name = seen.name;
            writeln!(f, "{name:<18} {} in {:.1} s", seen.candidate, seen.took.as_secs_f64())?;
        }
        writeln!(f, "\noutcome: design = a failure that the protocol's own documents announce;")?;
        writeln!(f, "n/t = not tested; n/j = measured, not judged; ? = inconclusive")?;
        write!(f, "\n{:<FIRST$}", "check")?;
        self.seen.iter().try_for_each(|seen| write!(f, "{:<width$}", seen.name))?;
        writeln!(f)?;
        for row in self.rows() {
            write!(f, "{row:<FIRST$}")?;
            for seen in self.seen {
                write!(f, "{:<width$}", outcome(seen, row))?;
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\nmeasured windows (r = readable through, g = gone at; sender-rollback: bytes in common;"
        )?;
        writeln!(
            f,
            "ratchet-heals: round trips; group-healing: sizes in which the victim's own update heals)"
        )?;
        write!(f, "{:<FIRST$}", "experiment")?;
        self.seen.iter().try_for_each(|seen| write!(f, "{:<width$}", seen.name))?;
        writeln!(f)?;
        for row in self.rows() {
            let cells: Vec<_> = self.seen.iter().map(|seen| window(seen, row)).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                write!(f, "{row:<FIRST$}")?;
                cells.iter().try_for_each(|cell| write!(f, "{cell:<width$}"))?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

fn outcome(seen: &Seen, check: &str) -> &'static str {
    match seen.checks.get(check) {
        None => "-",
        Some((verdict, explained)) => match (verdict.as_str(), explained) {
            ("pass" | "pass-equivalent", _) => "pass",
            ("fail", true) => "design",
            ("fail", false) => "FAIL",
            ("warn", _) => "warn",
            ("not-tested", _) => "n/t",
            ("not-applicable", _) => "n/j",
            ("inconclusive", _) => "?",
            _ => "ERROR",
        },
    }
}

/// The window that an experiment measured, where it measured one.
fn window(seen: &Seen, experiment: &str) -> String {
    let number = |name: &str| seen.measured(experiment, name).and_then(Value::as_u64);
    if let Some(readable) = number("readable_through") {
        let gone = number("gone_at").map_or("never".to_owned(), |gone| gone.to_string());
        return format!("r{readable} g{gone}");
    }
    if let Some(run) = number("longest_run") {
        return format!("{run} bytes");
    }
    if let Some(groups) = seen.measured(experiment, "groups").and_then(Value::as_array) {
        let evicted = |group: &&Value| group["reads_after_own"] == false;
        let sizes = groups.iter().filter(evicted).filter_map(|group| group["size"].as_u64());
        return sizes.map(|size| size.to_string()).collect::<Vec<_>>().join(",");
    }
    match (number("healed_after"), number("tried")) {
        (Some(healed), _) => format!("after {healed}"),
        (None, Some(tried)) if seen.measured(experiment, "healed_after").is_some() => {
            format!("not in {tried}")
        }
        _ => String::new(),
    }
}
