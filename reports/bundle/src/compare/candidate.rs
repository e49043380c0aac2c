//! One column: who was tested by whom, with which answer, and what that answer does not rest on.

use hallmark_model::{
    Headline, Overlay, Report, RequirementId, Sha256, Suite, Verdict,
    report::{Assurance, Row},
};
use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Entry;

/// A candidate, as its report describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The bundle, as the user named it.
    pub bundle: String,
    /// Name for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who makes it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What it was judged by.
    pub standard: StandardId,
    /// When its run started.
    pub tested: Timestamp,
    /// Which suites were run.
    pub suites: Vec<Suite>,
    /// Whether the whole standard was selected.
    pub whole_standard: bool,
    /// Who vouches, as the report says.
    pub assurance: Assurance,
    /// The nonce of a buyer, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Who signed. Whether to trust them is not decided here.
    pub signers: Vec<Signer>,
    /// The answer, in two halves.
    pub headline: Headline,
    /// The rows that decide, by what came of them.
    pub counts: Halves,
    /// What rests on somebody's word.
    pub declared: Vec<Declared>,
    /// Which risks somebody accepted.
    pub waived: Vec<Waived>,
    /// What nobody knows, by reason.
    pub not_determined: Vec<NotDetermined>,
}

/// An edition of a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandardId {
    /// `nhs-im`.
    pub id: String,
    /// Version of the edition.
    pub version: String,
    /// Digest over the document and everything that it inherits.
    pub digest: Sha256,
}

/// Who signed a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// Whom the certificate names.
    pub subject: String,
    /// In which role.
    pub role: String,
}

/// The same for clauses and for house rules, which are never added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Halves {
    /// Rows that a published clause demands.
    pub clauses: Tally,
    /// Rows that only Hallmark demands.
    pub house_rules: Tally,
}

/// Deciding rows, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Met by a test, with or without a warning.
    pub met: u64,
    /// Not met.
    pub failed: u64,
    /// Not tested; a named person declares it.
    pub declared: u64,
    /// Neither met nor failed, and nobody declared it.
    pub not_determined: u64,
    /// Does not concern the candidate.
    pub not_applicable: u64,
}

/// A requirement by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedRow {
    /// `DOCUMENT/AREA-n`.
    pub id: RequirementId,
    /// One line for people.
    pub title: String,
    /// Whether it decides a half of the headline.
    pub decides: bool,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// For which requirement.
    pub requirement: NamedRow,
    /// Whether it answers the requirement: a declaration never outweighs a test.
    pub answers: bool,
    /// Name and role.
    pub by: String,
    /// Title of the document.
    pub document: String,
    /// Digest of the document.
    pub sha256: Sha256,
    /// Last day on which it holds.
    pub expires: Date,
}

/// A waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waived {
    /// For which requirement.
    pub requirement: NamedRow,
    /// Why.
    pub reason: String,
    /// Who owns the risk.
    pub owner: String,
    /// Who approved it.
    pub approved_by: String,
    /// Last day on which it holds.
    pub expires: Date,
}

/// Requirements of which nothing is known, all for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotDetermined {
    /// In which way nothing is known.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Which, those that decide first.
    pub requirements: Vec<NamedRow>,
}

/// Of a row that has no checks and no declaration.
const NOBODY_SAID: &str = "only a person can answer it, and nobody has declared it";

impl Compared {
    pub(super) fn of(entry: &Entry) -> Self {
        let report: &Report = entry.report;
        let rows = &report.requirements;
        let mut suites: Vec<_> = report.candidate.subjects.iter().map(|s| s.suite).collect();
        suites.sort();
        suites.dedup();
        Self {
            bundle: entry.bundle.clone(),
            name: report.candidate.name.clone(),
            version: report.candidate.version.clone(),
            vendor: report.candidate.vendor.clone(),
            standard: StandardId {
                id: report.standard.id.clone(),
                version: report.standard.version.clone(),
                digest: report.standard.digest,
            },
            tested: report.run.started,
            suites,
            whole_standard: report.run.selection.is_everything(),
            assurance: report.run.assurance,
            challenge: report.run.challenge.clone(),
            signers: entry.signers.clone(),
            headline: report.headline,
            counts: Halves::of(rows),
            declared: declared(rows),
            waived: waived(rows),
            not_determined: not_determined(rows),
        }
    }
}

impl NamedRow {
    fn of(row: &Row) -> Self {
        Self { id: row.id.clone(), title: row.title.clone(), decides: row.blocks() }
    }
}

impl Halves {
    fn of(rows: &[Row]) -> Self {
        let mut halves = Self::default();
        for row in rows.iter().filter(|row| row.blocks()) {
            let half =
                if row.is_house_rule() { &mut halves.house_rules } else { &mut halves.clauses };
            half.add(row);
        }
        halves
    }
}

impl Tally {
    fn add(&mut self, row: &Row) {
        let count = match row.verdict {
            Verdict::Pass | Verdict::PassEquivalent | Verdict::Warn => &mut self.met,
            Verdict::Fail => &mut self.failed,
            Verdict::NotApplicable => &mut self.not_applicable,
            _ if is_answered(row) => &mut self.declared,
            _ => &mut self.not_determined,
        };
        *count += 1;
    }
}

/// Whether a declaration stands where no test does.
pub(super) fn is_answered(row: &Row) -> bool {
    row.overlays.iter().any(|overlay| overlay.answers(row.verdict))
}

fn overlays(rows: &[Row]) -> impl Iterator<Item = (&Row, &Overlay)> {
    rows.iter().flat_map(|row| row.overlays.iter().map(move |overlay| (row, overlay)))
}

fn declared(rows: &[Row]) -> Vec<Declared> {
    let told = |(row, overlay): (&Row, &Overlay)| match overlay {
        Overlay::Declared { by, document, sha256, expires } => Some(Declared {
            requirement: NamedRow::of(row),
            answers: overlay.answers(row.verdict),
            by: by.clone(),
            document: document.clone(),
            sha256: *sha256,
            expires: *expires,
        }),
        Overlay::Waived { .. } => None,
    };
    overlays(rows).filter_map(told).collect()
}

fn waived(rows: &[Row]) -> Vec<Waived> {
    let told = |(row, overlay): (&Row, &Overlay)| match overlay {
        Overlay::Waived { reason, owner, approved_by, expires } => Some(Waived {
            requirement: NamedRow::of(row),
            reason: reason.clone(),
            owner: owner.clone(),
            approved_by: approved_by.clone(),
            expires: *expires,
        }),
        Overlay::Declared { .. } => None,
    };
    overlays(rows).filter_map(told).collect()
}

/// By reason, because one missing ability of a driver can leave dozens of rows open. Reasons that leave
/// deciding rows open come first.
fn not_determined(rows: &[Row]) -> Vec<NotDetermined> {
    let mut open: Vec<_> =
        rows.iter().filter(|row| row.verdict.is_undetermined() && !is_answered(row)).collect();
    open.sort_by_key(|row| !row.blocks());
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<NotDetermined> = Vec::new();
    for row in open {
        let reason = reason(row);
        let place = *places.entry((row.verdict, reason)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.requirements.push(NamedRow::of(row)),
            None => groups.push(NotDetermined {
                verdict: row.verdict,
                reason: reason.to_owned(),
                requirements: vec![NamedRow::of(row)],
            }),
        }
    }
    groups
}

/// What the first check that gave the row its verdict says.
fn reason(row: &Row) -> &str {
    let decided = row.checks.iter().find(|check| check.verdict == row.verdict);
    decided.map_or(NOBODY_SAID, |check| &check.why)
}
