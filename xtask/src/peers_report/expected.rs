//! What was measured by hand, with the libraries alone and no harness in between.

use std::fmt;

use serde_json::Value;

use super::Seen;

/// Implementations of MLS.
pub(super) const MLS: [&str; 3] = ["openmls", "mls-rs", "ts-mls"];

/// Where a run differs from what was measured by hand.
pub(super) struct Deviation(String);

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Verdicts: candidate, check, verdict.
const VERDICTS: &[(&str, &str, &str)] = &[
    ("libsignal", "rollback", "pass"),
    ("libsignal", "replay", "pass"),
    ("libsignal", "group-rollback", "pass"),
    ("vodozemac-olm", "rollback", "pass"),
    ("vodozemac-olm", "replay", "pass"),
    ("vodozemac-megolm", "rollback", "fail"),
    ("vodozemac-megolm", "replay", "fail"),
    ("openmls", "rollback", "pass"),
    ("openmls", "replay", "pass"),
    ("openmls", "group-rollback", "pass"),
    ("mls-rs", "rollback", "pass"),
    ("mls-rs", "replay", "pass"),
    ("mls-rs", "group-rollback", "pass"),
    ("ts-mls", "rollback", "pass"),
    ("ts-mls", "replay", "pass"),
    ("ts-mls", "group-rollback", "pass"),
    ("omemo-2", "rollback", "pass"),
    ("omemo-legacy", "rollback", "pass"),
];

/// Windows: candidate, experiment, first place at which the key was gone.
const WINDOWS: &[(&str, &str, Option<u64>)] = &[
    ("libsignal", "undelivered-window", Some(5)),
    ("vodozemac-olm", "undelivered-window", Some(5)),
    ("vodozemac-megolm", "undelivered-window", None),
    ("openmls", "group-window", Some(5)),
];

/// Everything in which a run differs: an expected verdict or window, and any failure that no
/// protocol explains.
pub(super) fn deviations(seen: &Seen) -> Vec<Deviation> {
    let mut deviations = Vec::new();
    let mut add = |what: String| deviations.push(Deviation(format!("{}: {what}", seen.name)));
    for (_, check, wanted) in VERDICTS.iter().filter(|row| row.0 == seen.name) {
        match seen.checks.get(*check) {
            Some((verdict, _)) if verdict == wanted => {}
            Some((verdict, _)) => add(format!("{check} is {verdict}, by hand {wanted}")),
            None => add(format!("{check} was not judged, by hand {wanted}")),
        }
    }
    for (_, experiment, wanted) in WINDOWS.iter().filter(|row| row.0 == seen.name) {
        let gone = seen.measured(experiment, "gone_at").and_then(Value::as_u64);
        if gone != *wanted {
            let words = |gone: &Option<u64>| gone.map_or("never".to_owned(), |at| at.to_string());
            add(format!("{experiment} gone at {}, by hand {}", words(&gone), words(wanted)));
        }
    }
    for (check, (verdict, explained)) in &seen.checks {
        if verdict == "fail" && !explained {
            add(format!("{check} fails, and no description of the protocol explains it"));
        }
        if verdict == "error" {
            add(format!("{check} ended in an error"));
        }
    }
    deviations
}
