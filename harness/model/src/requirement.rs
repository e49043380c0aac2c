//! One atomic demand, and where it comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, RequirementId};

/// How strongly the source asks, in the source's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The source says must, shall or equivalent.
    Must,
    /// The source says should, or is non-binding guidance written as imperatives.
    Should,
    /// The source says may or consider.
    May,
    /// No clause demands it; Hallmark does, and says so.
    HouseRule,
}

/// What the composite standard does with the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Counts for the headline and for the exit code.
    Block,
    /// Printed, never decisive.
    Report,
}

/// How the text of the clause reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// The publisher's own text was read.
    Read,
    /// The publisher's own page was read in part.
    Excerpt,
    /// Read through somebody else's report or copy.
    SecondHand,
    /// From memory; never blocks.
    Unconfirmed,
    /// Not a clause at all: a rule of this project.
    HouseRule,
}

/// A kind of evidence that can decide a requirement, strongest first in a row's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// A protocol test that Hallmark ran.
    ActiveTest,
    /// Captured traffic or a store that Hallmark read.
    Capture,
    /// A device or management configuration that Hallmark read.
    DeviceAudit,
    /// The vendor's declaration, with a document.
    VendorDeclaration,
    /// The buying organisation's declaration, with a document.
    TrustDeclaration,
}

/// The passage that a requirement rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Title of the document.
    pub document: String,
    /// Who published it, and when.
    pub published: String,
    /// Where in the document.
    pub reference: String,
    /// What it asks, in our words.
    pub paraphrase: String,
    /// Where the text can be found, if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// One atomic demand of a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// `DOCUMENT/AREA-n`.
    pub id: RequirementId,
    /// One line for people.
    pub title: String,
    /// The source's own word.
    pub level: Level,
    /// The composite's choice.
    pub gate: Gate,
    /// How the text of the clause reached us.
    pub provenance: Provenance,
    /// The passage.
    pub clause: Clause,
    /// Which kinds of evidence can decide it, strongest first.
    pub evidence: Vec<EvidenceKind>,
    /// Which checks decide it; empty where only a declaration can.
    #[serde(default)]
    pub checks: Vec<CheckId>,
    /// Why it matters, for a reader who is no engineer.
    pub why: String,
    /// What usually mends it.
    pub remedy: String,
}

impl Requirement {
    /// Whether this row can decide a headline or an exit code.
    ///
    /// A clause known only from memory never blocks, whatever the composite says.
    #[must_use]
    pub fn blocks(&self) -> bool {
        self.gate == Gate::Block && self.provenance != Provenance::Unconfirmed
    }

    /// Whether this is a rule of Hallmark rather than a clause.
    #[must_use]
    pub fn is_house_rule(&self) -> bool {
        self.level == Level::HouseRule || self.provenance == Provenance::HouseRule
    }

    /// Whether only a person can answer it.
    #[must_use]
    pub fn is_declared_only(&self) -> bool {
        self.checks.is_empty()
    }
}
