//! What must hold in a document beyond its form. Every error points at the place.

use std::{collections::BTreeSet, ops::Range};

use hallmark_model::{EvidenceKind, Level, Provenance, document::DocumentError};
use jiff::civil::Date;

use crate::file::{File, Row};

/// The part before the slash that marks a row as a rule of this project.
const HOUSE: &str = "HX";

/// Checks one document by itself.
pub(crate) fn check(name: &str, text: &str, file: &File) -> Result<(), DocumentError> {
    let at = |span: Range<usize>, message: &str| DocumentError::at_span(name, text, span, message);
    identity(name, text, file)?;
    let mut seen = BTreeSet::new();
    for row in &file.requirement {
        if !seen.insert(row.id.get_ref()) {
            return Err(at(row.id.span(), "this id is used by an earlier row; ids are unique"));
        }
        if let Some((span, message)) = house_rule(row).or_else(|| decidable(row)) {
            return Err(at(span, message));
        }
    }
    limits(name, text, file)
}

/// The id is a word for the command line, the date a date.
fn identity(name: &str, text: &str, file: &File) -> Result<(), DocumentError> {
    let word =
        |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if !file.document.id.split('-').all(word) {
        let message = "the id of a standard is made of lower-case words joined by hyphens";
        return Err(DocumentError::at_key(name, text, "id", message));
    }
    if file.document.date.parse::<Date>().is_err() {
        let message = "expected a date, for instance \"2027-01-31\"";
        return Err(DocumentError::at_key(name, text, "date", message));
    }
    Ok(())
}

/// A rule that no clause demands says so three times: in its id, its level and its provenance.
fn house_rule(row: &Row) -> Option<(Range<usize>, &'static str)> {
    let by_level = *row.level.get_ref() == Level::HouseRule;
    let by_provenance = *row.provenance.get_ref() == Provenance::HouseRule;
    match (row.cites() == HOUSE, by_level, by_provenance) {
        (true, true, true) | (false, false, false) => None,
        (true, false, _) => Some((row.level.span(), "an HX row has the level \"house-rule\"")),
        (true, _, false) => {
            Some((row.provenance.span(), "an HX row has the provenance \"house-rule\""))
        }
        (false, true, _) => Some((
            row.level.span(),
            "only HX rows are house rules; a clause has the level \"must\", \"should\" or \"may\"",
        )),
        (false, _, true) => Some((
            row.provenance.span(),
            "only HX rows are house rules; say how the text of this clause was read",
        )),
    }
}

/// Something can decide the row: a check with evidence that a test produces, or a declaration.
fn decidable(row: &Row) -> Option<(Range<usize>, &'static str)> {
    let (kinds, place) = (row.evidence.get_ref(), row.evidence.span());
    let declared = |k: &EvidenceKind| {
        matches!(k, EvidenceKind::VendorDeclaration | EvidenceKind::TrustDeclaration)
    };
    if kinds.iter().enumerate().any(|(at, kind)| kinds[..at].contains(kind)) {
        return Some((place, "a kind of evidence is listed twice"));
    }
    if row.checks.is_empty() {
        return (!kinds.iter().any(declared)).then_some((
            place,
            "nothing can decide this row: it has no checks and accepts no declaration",
        ));
    }
    if kinds.iter().all(declared) {
        return Some((place, "the row has checks, but accepts no evidence that a test produces"));
    }
    let mut seen = BTreeSet::new();
    let twice = row.checks.iter().find(|check| !seen.insert(check.get_ref()))?;
    Some((twice.span(), "this check is listed twice"))
}

/// What only warns lies beyond what passes: above a limit, below a floor.
fn limits(name: &str, text: &str, file: &File) -> Result<(), DocumentError> {
    let upside_down = |table: &str, key: &str, message: &str| {
        let message = format!("{table} `{key}`: {message}");
        let header = format!("{table}s.{key}");
        match text.find(&header) {
            Some(at) => DocumentError::at_span(name, text, at..at + header.len(), &message),
            None => DocumentError::at_key(name, text, "warn", &message),
        }
    };
    for (key, limit) in &file.policy.limits {
        if limit.warn.is_some_and(|warn| warn < limit.max) {
            return Err(upside_down("limit", key, "`warn` must not be below `max`"));
        }
    }
    for (key, floor) in &file.policy.floors {
        if floor.warn.is_some_and(|warn| warn > floor.min) {
            return Err(upside_down("floor", key, "`warn` must not be above `min`"));
        }
    }
    Ok(())
}
