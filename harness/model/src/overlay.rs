//! What people say about a requirement, laid over what was measured.
//!
//! An overlay never overwrites a verdict: it stands beside it, with a name and an expiry.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{EvidenceKind, Requirement, RequirementId, Sha256, Verdict};

/// A statement by a named person that a demand is met, resting on a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declaration {
    /// The requirement that it answers.
    pub requirement: RequirementId,
    /// Who declares it: name and role.
    pub by: String,
    /// Title of the document that it rests on.
    pub document: String,
    /// Digest of that document.
    pub sha256: Sha256,
    /// Last day on which it holds.
    #[serde(deserialize_with = "toml_date")]
    pub expires: Date,
}

/// A decision to accept, for a time, that a demand is not met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Waiver {
    /// The requirement that it concerns.
    pub requirement: RequirementId,
    /// Why the risk is accepted.
    pub reason: String,
    /// Who owns the risk.
    pub owner: String,
    /// Who approved it.
    pub approved_by: String,
    /// Last day on which it holds.
    #[serde(deserialize_with = "toml_date")]
    pub expires: Date,
}

/// An overlay as the report carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Overlay {
    /// Declared, not tested.
    Declared {
        /// Name and role.
        by: String,
        /// Title of the document.
        document: String,
        /// Digest of the document.
        sha256: Sha256,
        /// Last day on which it holds.
        expires: Date,
    },
    /// A failure whose risk somebody accepted.
    Waived {
        /// Why.
        reason: String,
        /// Who owns the risk.
        owner: String,
        /// Who approved it.
        approved_by: String,
        /// Last day on which it holds.
        expires: Date,
    },
}

impl Overlay {
    /// Whether the overlay settles `verdict` for the headline.
    ///
    /// A declaration answers only what was not tested; it never outweighs a measurement.
    #[must_use]
    pub fn answers(&self, verdict: Verdict) -> bool {
        matches!(self, Self::Declared { .. }) && verdict == Verdict::NotTested
    }

    /// Last day on which it holds.
    #[must_use]
    pub fn expires(&self) -> Date {
        match self {
            Self::Declared { expires, .. } | Self::Waived { expires, .. } => *expires,
        }
    }
}

impl From<Declaration> for Overlay {
    fn from(d: Declaration) -> Self {
        Self::Declared { by: d.by, document: d.document, sha256: d.sha256, expires: d.expires }
    }
}

impl From<Waiver> for Overlay {
    fn from(w: Waiver) -> Self {
        Self::Waived {
            reason: w.reason,
            owner: w.owner,
            approved_by: w.approved_by,
            expires: w.expires,
        }
    }
}

/// Why an overlay cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverlayError {
    /// No such row in the standard.
    #[error("{kind} for `{requirement}`: the standard has no such requirement")]
    Unmatched {
        /// `waiver` or `declaration`.
        kind: &'static str,
        /// The id given.
        requirement: RequirementId,
    },
    /// Its last day is past.
    #[error("{kind} for `{requirement}` expired on {expires}; renew or remove it")]
    Expired {
        /// `waiver` or `declaration`.
        kind: &'static str,
        /// The id given.
        requirement: RequirementId,
        /// Its last day.
        expires: Date,
    },
    /// Two for the same row.
    #[error("{kind} for `{requirement}` is given twice; keep one")]
    Duplicate {
        /// `waiver` or `declaration`.
        kind: &'static str,
        /// The id given.
        requirement: RequirementId,
    },
    /// The row wants a test, not a word.
    #[error("declaration for `{requirement}`: this row is decided by tests and cannot be declared")]
    NotDeclarable {
        /// The id given.
        requirement: RequirementId,
    },
}

/// Checks a declaration against its row and the day of the run.
///
/// # Errors
///
/// When the row does not exist, cannot be declared, or the declaration has expired.
pub fn check_declaration(
    declaration: &Declaration,
    row: Option<&Requirement>,
    today: Date,
) -> Result<(), OverlayError> {
    let kind = "declaration";
    let requirement = declaration.requirement.clone();
    let row = row.ok_or(OverlayError::Unmatched { kind, requirement: requirement.clone() })?;
    let declarable = [EvidenceKind::VendorDeclaration, EvidenceKind::TrustDeclaration];
    if !row.evidence.iter().any(|kind| declarable.contains(kind)) {
        return Err(OverlayError::NotDeclarable { requirement });
    }
    not_expired(kind, requirement, declaration.expires, today)
}

/// Checks a waiver against its row and the day of the run.
///
/// # Errors
///
/// When the row does not exist or the waiver has expired.
pub fn check_waiver(
    waiver: &Waiver,
    row: Option<&Requirement>,
    today: Date,
) -> Result<(), OverlayError> {
    let kind = "waiver";
    let requirement = waiver.requirement.clone();
    row.ok_or(OverlayError::Unmatched { kind, requirement: requirement.clone() })?;
    not_expired(kind, requirement, waiver.expires, today)
}

fn not_expired(
    kind: &'static str,
    requirement: RequirementId,
    expires: Date,
    today: Date,
) -> Result<(), OverlayError> {
    if today > expires {
        return Err(OverlayError::Expired { kind, requirement, expires });
    }
    Ok(())
}

/// A date as TOML has it, or as text: what stands in a description and in a report.
pub(crate) fn any_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(Date),
        Toml(toml::value::Datetime),
    }
    let wrong = || -> D::Error { de::Error::custom("expected a date: 2026-12-31") };
    match Given::deserialize(deserializer).map_err(|_| wrong())? {
        Given::Text(date) => Ok(date),
        Given::Toml(given) => given.to_string().parse().map_err(|_| wrong()),
    }
}

/// Reads a TOML date, and nothing else: a string that only looks like a date has misled other
/// tools about when an exception ends.
fn toml_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let given = toml::value::Datetime::deserialize(deserializer).map_err(|_| {
        de::Error::custom("expected a TOML date without quotes, for instance 2027-01-31")
    })?;
    match (given.date, given.time, given.offset) {
        (Some(date), None, None) => {
            let (year, month, day) = (date.year, date.month, date.day);
            let narrow = |n: u8| i8::try_from(n).map_err(de::Error::custom);
            let year = i16::try_from(year).map_err(de::Error::custom)?;
            Date::new(year, narrow(month)?, narrow(day)?).map_err(de::Error::custom)
        }
        _ => Err(de::Error::custom("expected a date without a time, for instance 2027-01-31")),
    }
}
