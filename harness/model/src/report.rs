//! `report.json`: the source of truth that every rendering shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ByDesign, CheckId, Clause, EvidenceKind, EvidenceRef, Finding, Gate, Headline, Level, Overlay,
    Provenance, Requirement, RequirementId, Selection, Sha256, Suite, Verdict,
    candidate::Authorisation,
};

/// Version of the format of `report.json`. Readers accept this one.
pub const SCHEMA: u32 = 1;

/// Everything that a run concluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format.
    pub schema: u32,
    /// What made it.
    pub tool: Tool,
    /// What it was judged against.
    pub standard: StandardRef,
    /// What was tested.
    pub candidate: Candidate,
    /// How the run went.
    pub run: Run,
    /// The answer, in two halves.
    pub headline: Headline,
    /// Rows by verdict.
    pub counts: Counts,
    /// Every row of the standard, in its order.
    pub requirements: Vec<Row>,
}

/// The program that made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// `hallmark`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of the running program, where it could be read.
    pub sha256: Option<Sha256>,
}

/// The standard, by name and by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StandardRef {
    /// `nhs-im`.
    pub id: String,
    /// Version of the edition.
    pub version: String,
    /// Digest over the document and everything that it inherits.
    pub digest: Sha256,
    /// Title for people.
    pub title: String,
    /// What a reader must know about its authority.
    pub note: String,
}

/// What was tested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Name for people.
    pub name: String,
    /// Version, as the candidate or its description gives it.
    pub version: String,
    /// Who makes it, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What each suite talked to, in the subject's own words.
    pub subjects: Vec<Subject>,
}

/// What one suite talked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Which suite.
    pub suite: Suite,
    /// Name and version: `vodozemac 0.11.1 (olm)`.
    pub name: String,
    /// How the candidate is called and how it was isolated; part of what the verdict rests on.
    pub notes: Vec<String>,
}

/// How the run went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// When it started: the recorded clock that `recheck` uses.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub finished: Option<Timestamp>,
    /// The seed, hexadecimal.
    pub seed: String,
    /// False until the last record is written.
    pub complete: bool,
    /// What was selected.
    pub selection: Selection,
    /// Who vouches.
    pub assurance: Assurance,
    /// A nonce given by the buyer, which proves freshness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// Who allowed intrusive checks, for what, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorisation: Option<Authorisation>,
    /// Whether intrusive checks were allowed: attacks on test accounts, and what uses up resources.
    #[serde(default)]
    pub intrusive: bool,
    /// What was in force: operating system, isolation of drivers.
    pub environment: Vec<String>,
}

/// Who stands behind the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// The vendor or the operator of the candidate ran it.
    SelfTest,
    /// A party independent of the vendor ran it.
    Independent,
}

/// Rows by verdict, each half apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Rows that a clause demands.
    pub clauses: BTreeMap<String, u64>,
    /// Rows that only Hallmark demands.
    pub house_rules: BTreeMap<String, u64>,
}

/// One requirement, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// `DOCUMENT/AREA-n`.
    pub id: RequirementId,
    /// One line for people.
    pub title: String,
    /// The source's own word.
    pub level: Level,
    /// The composite's choice.
    pub gate: Gate,
    /// The passage.
    pub clause: Clause,
    /// How its text reached us.
    pub provenance: Provenance,
    /// Which kinds of evidence could decide it.
    pub evidence: Vec<EvidenceKind>,
    /// Why it matters.
    pub why: String,
    /// What usually mends it.
    pub remedy: String,
    /// The worst of its checks.
    pub verdict: Verdict,
    /// What people say about it.
    pub overlays: Vec<Overlay>,
    /// Its checks.
    pub checks: Vec<Check>,
}

impl Row {
    /// A row with what its checks concluded.
    #[must_use]
    pub fn new(requirement: &Requirement, checks: Vec<Check>, overlays: Vec<Overlay>) -> Self {
        let r = requirement.clone();
        let verdict = Verdict::of_checks(checks.iter().map(|check| check.verdict));
        Self {
            id: r.id,
            title: r.title,
            level: r.level,
            gate: r.gate,
            clause: r.clause,
            provenance: r.provenance,
            evidence: r.evidence,
            why: r.why,
            remedy: r.remedy,
            verdict,
            overlays,
            checks,
        }
    }

    /// Whether the row decides a headline: see [`Requirement::blocks`].
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.gate == Gate::Block && self.provenance != Provenance::Unconfirmed
    }

    /// Whether this is a rule of Hallmark rather than a clause.
    #[must_use]
    pub fn is_house_rule(&self) -> bool {
        self.level == Level::HouseRule || self.provenance == Provenance::HouseRule
    }
}

/// One check of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// `suite/name`.
    pub id: CheckId,
    /// What it tests, for people.
    pub title: String,
    /// What it concluded.
    pub verdict: Verdict,
    /// What the standard wants to see.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// Why the one does or does not follow from the other.
    pub why: String,
    /// A known limit of the protocol that explains the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_design: Option<ByDesign>,
    /// The bytes that show it.
    pub evidence: Vec<EvidenceRef>,
    /// The command that runs just this again; absent where nothing was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduce: Option<String>,
}

impl Check {
    /// A check as it stands in the report.
    #[must_use]
    pub fn new(title: String, finding: Finding, reproduce: Option<String>) -> Self {
        Self {
            id: finding.check,
            title,
            verdict: finding.verdict,
            expected: finding.expected,
            observed: finding.observed,
            why: finding.why,
            by_design: finding.by_design,
            evidence: finding.evidence,
            reproduce,
        }
    }
}

impl Counts {
    /// Counts every row once by its verdict, and once more by each kind of overlay.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            let half =
                if row.is_house_rule() { &mut counts.house_rules } else { &mut counts.clauses };
            *half.entry(row.verdict.id().to_owned()).or_default() += 1;
            for overlay in &row.overlays {
                let kind = match overlay {
                    Overlay::Declared { .. } => "declared",
                    Overlay::Waived { .. } => "waived",
                };
                *half.entry(kind.to_owned()).or_default() += 1;
            }
        }
        counts
    }
}

impl Headline {
    /// The headline over the rows that block. An unfinished run determines nothing.
    #[must_use]
    pub fn of(rows: &[Row], complete: bool) -> Self {
        if !complete {
            return Self::UNDETERMINED;
        }
        let half = |house_rules: bool| {
            crate::Half::over(
                rows.iter()
                    .filter(|row| row.blocks() && row.is_house_rule() == house_rules)
                    .map(|row| (row.verdict, &row.overlays[..])),
            )
        };
        Self { clauses: half(false), house_rules: half(true) }
    }
}
