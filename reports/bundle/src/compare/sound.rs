//! Whether a report follows from itself, so far as a comparison rests on it. That its files are those
//! that were signed is the business of the signing crate.

use std::collections::BTreeSet;

use hallmark_model::{Headline, Report, RequirementId, Verdict};

/// A way in which a report contradicts itself. Reads after "its report".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Two rows of one id: nobody can say which of them counts.
    #[error("has two rows with the id {0}")]
    Twice(RequirementId),
    /// A row's verdict is not the worst of its checks.
    #[error("says {said} of {row}, but its checks give {given}")]
    Row {
        /// Which row.
        row: RequirementId,
        /// The verdict in the report.
        said: Verdict,
        /// The verdict of its checks.
        given: Verdict,
    },
    /// The headline is not what the rows give.
    #[error("has a headline that does not follow from its rows")]
    Headline,
}

/// The first contradiction, if there is one.
pub(super) fn check(report: &Report) -> Result<(), Contradiction> {
    let mut seen = BTreeSet::new();
    for row in &report.requirements {
        if !seen.insert(&row.id) {
            return Err(Contradiction::Twice(row.id.clone()));
        }
        let given = Verdict::of_checks(row.checks.iter().map(|check| check.verdict));
        if row.verdict != given {
            return Err(Contradiction::Row { row: row.id.clone(), said: row.verdict, given });
        }
    }
    if report.headline != Headline::of(&report.requirements, report.run.complete) {
        return Err(Contradiction::Headline);
    }
    Ok(())
}
