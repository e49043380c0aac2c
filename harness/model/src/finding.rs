//! What one check concluded, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, EvidenceRef, Matter, Verdict};

/// The result of a check: a pure function of facts and policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which check.
    pub check: CheckId,
    /// What it concluded.
    pub verdict: Verdict,
    /// What the standard wants to see.
    pub expected: String,
    /// What was seen.
    pub observed: String,
    /// Why the one does or does not follow from the other.
    pub why: String,
    /// Set where the outcome is a known limit of the protocol rather than a defect of this
    /// implementation. It explains a verdict and never softens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_design: Option<ByDesign>,
    /// The bytes that show it.
    #[serde(default)]
    pub evidence: Vec<EvidenceRef>,
}

/// A limit that a protocol has by its design.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByDesign {
    /// The protocol family, as the driver's `hello` names it: `megolm`.
    pub family: String,
    /// The check whose failure it explains.
    pub check: CheckId,
    /// Whose matter it is instead.
    #[serde(default)]
    pub matter: Matter,
    /// The limit, in one sentence.
    pub reason: String,
    /// The document that says so.
    pub source: String,
}
