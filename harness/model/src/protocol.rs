//! What a protocol promises, and what it does not: the ground on which a limit is told from a
//! defect.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CheckId;

/// A protocol family, described from its own documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Name and version, for people.
    pub title: String,
    /// The documents that were read.
    pub documents: Vec<String>,
    /// What a reader must know of it, in a sentence or two.
    pub note: String,
    /// What it says about the properties that checks look at, by check. A check that is not listed
    /// is promised: its failure is a defect.
    #[serde(default)]
    pub says: BTreeMap<CheckId, Says>,
}

/// What a protocol says about the property that a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Says {
    /// Whose matter it is.
    pub matter: Matter,
    /// The limit, in one sentence.
    pub reason: String,
    /// The document and passage that says so, or the measurement that shows it.
    pub source: String,
}

/// Whose matter a property is, where the protocol does not give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Matter {
    /// The protocol lacks it by its design.
    #[default]
    ByDesign,
    /// The protocol leaves it to the application around it.
    Application,
}

impl Matter {
    /// As the beginning of a sentence, before a colon.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::ByDesign => "By design of the protocol",
            Self::Application => "Left to the application by the protocol",
        }
    }
}
