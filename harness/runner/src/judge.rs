//! From findings to the rows of a standard.

use std::collections::BTreeMap;

use hallmark_model::{
    CheckId, Finding, Overlay, RequirementId, Standard, Verdict,
    report::{Check, Row},
};
use jiff::civil::Date;
use serde_json::Value;

use crate::{CheckInfo, FactsError, Suite};

/// What one suite concluded, with the command that repeats it.
pub struct Judged {
    /// One for each selected check.
    pub findings: Vec<Finding>,
    /// `messaging ./driver.toml`.
    pub command: String,
    /// `7f3a`.
    pub seed: String,
}

/// Judges the facts of one suite. Pure, and therefore also what `recheck` does.
///
/// # Errors
///
/// When the facts cannot be read.
pub fn judge(
    suite: &dyn Suite,
    facts: &Value,
    checks: &[CheckId],
    standard: &Standard,
    on: Date,
) -> Result<Vec<Finding>, FactsError> {
    suite.judge(facts, checks, &standard.policy, on)
}

/// Every row of the standard with what is known about it.
#[must_use]
pub fn rows(
    standard: &Standard,
    catalogue: &[CheckInfo],
    judged: &[Judged],
    overlays: &BTreeMap<RequirementId, Vec<Overlay>>,
) -> Vec<Row> {
    let found: BTreeMap<&CheckId, (&Finding, &Judged)> = judged
        .iter()
        .flat_map(|suite| suite.findings.iter().map(move |f| (&f.check, (f, suite))))
        .collect();
    let check = |id: &CheckId| {
        let title = catalogue
            .iter()
            .find(|info| info.id == *id)
            .map_or_else(|| id.to_string(), |info| info.title.to_owned());
        match found.get(id) {
            Some((finding, suite)) => {
                let reproduce =
                    format!("hallmark {} --only {id} --seed {}", suite.command, suite.seed);
                Check::new(title, (*finding).clone(), Some(reproduce))
            }
            None => Check::new(title, not_run(id), None),
        }
    };
    standard
        .requirements
        .iter()
        .map(|row| {
            let overlays = overlays.get(&row.id).cloned().unwrap_or_default();
            Row::new(row, row.checks.iter().map(check).collect(), overlays)
        })
        .collect()
}

fn not_run(id: &CheckId) -> Finding {
    Finding {
        check: id.clone(),
        verdict: Verdict::NotTested,
        expected: "the check runs".to_owned(),
        observed: "it was not part of this run".to_owned(),
        why: format!("it was left out by the selection, or the `{}` suite was not run", id.suite()),
        by_design: None,
        evidence: Vec::new(),
    }
}
