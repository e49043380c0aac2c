//! The index of everything that was kept.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_model::{Sha256, report::Row};

use crate::shown::Shown;

/// Entries of the index. A report with more says so; `statement.json` names every file.
const LISTED: usize = 1000;

/// Kept bytes, each once, in the order of their digests.
pub(super) struct EvidenceIndex {
    pub(super) entries: Vec<Entry>,
    pub(super) more: usize,
}

/// Kept bytes.
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) label: Shown,
    pub(super) bytes: u64,
    pub(super) checks: String,
}

impl EvidenceIndex {
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut found: BTreeMap<Sha256, (Entry, BTreeSet<&str>)> = BTreeMap::new();
        for check in rows.iter().flat_map(|row| &row.checks) {
            for kept in &check.evidence {
                let (_, checks) = found.entry(kept.sha256).or_insert_with(|| {
                    let label = Shown::line(&kept.label);
                    let entry = Entry {
                        path: kept.path(),
                        label,
                        bytes: kept.bytes,
                        checks: String::new(),
                    };
                    (entry, BTreeSet::new())
                });
                checks.insert(check.id.as_str());
            }
        }
        let more = found.len().saturating_sub(LISTED);
        let named = |(entry, checks): (Entry, BTreeSet<&str>)| Entry {
            checks: checks.into_iter().collect::<Vec<_>>().join(", "),
            ..entry
        };
        Self { entries: found.into_values().take(LISTED).map(named).collect(), more }
    }
}
