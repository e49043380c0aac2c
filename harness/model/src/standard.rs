//! A versioned document of requirements and policy tables. Data, never code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, Policy, Requirement, RequirementId};

/// What a standard says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// The name used on the command line: `nhs-im`.
    pub id: String,
    /// The version of this machine-readable edition.
    pub version: String,
    /// Title for people.
    pub title: String,
    /// Who publishes this edition.
    pub publisher: String,
    /// Date of this edition, `YYYY-MM-DD`.
    pub date: String,
    /// Whether it is in force, a draft, or superseded.
    pub status: String,
    /// What a reader must know about its authority.
    pub note: String,
}

/// A standard, with everything that it inherits already merged in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// What it says of itself.
    pub document: Document,
    /// Its demands, in the order of the document.
    #[serde(rename = "requirement", default)]
    pub requirements: Vec<Requirement>,
    /// Its tables.
    #[serde(default)]
    pub policy: Policy,
}

impl Standard {
    /// The row with this id.
    #[must_use]
    pub fn requirement(&self, id: &RequirementId) -> Option<&Requirement> {
        self.requirements.iter().find(|row| row.id == *id)
    }

    /// The rows that `check` helps to decide.
    pub fn decided_by<'a>(&'a self, check: &'a CheckId) -> impl Iterator<Item = &'a Requirement> {
        self.requirements.iter().filter(move |row| row.checks.contains(check))
    }
}
