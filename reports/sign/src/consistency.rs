//! Whether a report follows from itself: the headline from the rows, the rows from the checks,
//! the checks from evidence that is there.

use std::collections::BTreeMap;

use hallmark_model::{
    Headline, Report, RequirementId, Sha256, Verdict,
    report::{Counts, SCHEMA},
};

use crate::layout;

/// A way in which a report contradicts itself or the files beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Contradiction {
    /// Written in a version that this program does not read.
    #[error("is written in schema {0}, which this version of Hallmark does not read")]
    Schema(u32),
    /// The run stopped early.
    #[error("says that its run is not complete")]
    Incomplete,
    /// A complete run must have ended, and not before it began.
    #[error(
        "says that its run is complete, but not when it ended, or that it ended before it began"
    )]
    Times,
    /// The headline is not what the rows give.
    #[error("has a headline that does not follow from its rows")]
    Headline,
    /// The counts are not what the rows give.
    #[error("has counts that do not follow from its rows")]
    Counts,
    /// A row's verdict is not the worst of its checks.
    #[error("says {said} of {row}, but its checks give {given}")]
    Row {
        /// Which row.
        row: RequirementId,
        /// The verdict in the report.
        said: &'static str,
        /// The verdict of its checks.
        given: &'static str,
    },
    /// A check rests on bytes that are not in the bundle.
    #[error("rests on evidence {0}, which is not in the bundle")]
    NoEvidence(Sha256),
    /// Kept bytes that are not those of their name.
    #[error("stands beside {name}, whose bytes have the digest {found}")]
    Misfiled {
        /// Path of the evidence.
        name: String,
        /// Digest of its bytes.
        found: Sha256,
    },
}

/// Every contradiction in `report`, given the digests of the files beside it, by path.
pub(crate) fn contradictions(
    report: &Report,
    files: &BTreeMap<&str, Sha256>,
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, otherwise: Contradiction| {
        if !holds {
            found.push(otherwise);
        }
    };
    let run = &report.run;
    expect(report.schema == SCHEMA, Contradiction::Schema(report.schema));
    expect(run.complete, Contradiction::Incomplete);
    expect(
        !run.complete || run.finished.is_some_and(|finished| finished >= run.started),
        Contradiction::Times,
    );
    let rows = &report.requirements;
    expect(report.headline == Headline::of(rows, run.complete), Contradiction::Headline);
    expect(report.counts == Counts::of(rows), Contradiction::Counts);
    for row in rows {
        let given = Verdict::of_checks(row.checks.iter().map(|check| check.verdict));
        expect(
            row.verdict == given,
            Contradiction::Row { row: row.id.clone(), said: row.verdict.id(), given: given.id() },
        );
    }
    let evidence = rows.iter().flat_map(|row| &row.checks).flat_map(|check| &check.evidence);
    for kept in evidence {
        expect(files.contains_key(&kept.path()[..]), Contradiction::NoEvidence(kept.sha256));
    }
    for (name, sha256) in files {
        let filed = name.strip_prefix(layout::EVIDENCE).and_then(|rest| rest.strip_prefix('/'));
        expect(
            filed.is_none_or(|filed| filed == sha256.to_string()),
            Contradiction::Misfiled { name: (*name).to_owned(), found: *sha256 },
        );
    }
    found.sort();
    found.dedup();
    found
}
