//! Several bundles side by side: one row for each requirement, one column for each candidate.
//!
//! A comparison concludes nothing new. Every verdict in it is one of a report's; what it adds is the
//! order: first the rows in which the candidates differ, then those that decide and that nobody
//! determined, then the rest.

mod candidate;
mod row;
mod sound;

use hallmark_model::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use candidate::{
    Compared, Declared, Halves, NamedRow, NotDetermined, Signer, StandardId, Tally, Waived,
};
pub use row::{Cell, ComparedRow, Group, Laid};
pub use sound::Contradiction;

/// Version of the format.
pub const SCHEMA: u32 = 1;
/// Fewest bundles that can be compared.
pub const LEAST: usize = 2;
/// Most bundles that can be compared: more columns than that nobody reads.
pub const MOST: usize = 8;

/// A bundle as it comes into a comparison.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What the user called it.
    pub bundle: String,
    /// What it says.
    pub report: &'a Report,
    /// Who signed it, as far as that is known without anybody's root.
    pub signers: Vec<Signer>,
}

/// Candidates side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// Version of this format.
    pub schema: u32,
    /// Whether all were judged by the same edition of the same standard. Where not, rows are compared by
    /// their id alone, and a row can ask for different things in different columns.
    pub same_standard: bool,
    /// The candidates, in the order in which they were given.
    pub candidates: Vec<Compared>,
    /// The requirements, in the order in which a buyer needs them.
    pub rows: Vec<ComparedRow>,
}

/// Why bundles cannot be compared. Reads well after "failed to …: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// Too few, or more than anybody can read.
    #[error("a comparison is made of {LEAST} to {MOST} bundles; given: {0}")]
    Number(usize),
    /// The run stopped early.
    #[error(
        "{0} is incomplete: its run was stopped early, and what it did not reach cannot be compared"
    )]
    Incomplete(String),
    /// The report does not follow from itself.
    #[error("{bundle} is not what a run writes: its report {contradiction}")]
    Contradiction {
        /// Which bundle.
        bundle: String,
        /// In which way.
        contradiction: Contradiction,
    },
}

impl Comparison {
    /// Compares the bundles.
    ///
    /// # Errors
    ///
    /// When there are too few or too many; when one of them is unfinished, or contradicts itself.
    pub fn of(entries: &[Entry]) -> Result<Self, CompareError> {
        if !(LEAST..=MOST).contains(&entries.len()) {
            return Err(CompareError::Number(entries.len()));
        }
        for Entry { bundle, report, .. } in entries {
            if !report.run.complete {
                return Err(CompareError::Incomplete(bundle.clone()));
            }
            sound::check(report).map_err(|contradiction| CompareError::Contradiction {
                bundle: bundle.clone(),
                contradiction,
            })?;
        }
        let candidates: Vec<_> = entries.iter().map(Compared::of).collect();
        let reports: Vec<_> = entries.iter().map(|entry| entry.report).collect();
        Ok(Self {
            schema: SCHEMA,
            same_standard: candidates.windows(2).all(|pair| match pair {
                [a, b] => a.standard == b.standard,
                _ => true,
            }),
            candidates,
            rows: row::rows(&reports),
        })
    }

    /// The rows of one group.
    pub fn group(&self, group: Group) -> impl Iterator<Item = &ComparedRow> {
        self.rows.iter().filter(move |row| row.group == group)
    }
}
