//! The tables of a standard against which facts are judged.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByDesign, CheckId, Protocol};

/// How a standard grades an algorithm, a version or a setting.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// First choice.
    Recommended,
    /// Good enough, by the documented equivalence in `basis`.
    Acceptable,
    /// On its way out.
    Legacy,
    /// Must not be used.
    Forbidden,
}

/// A grade, its basis and, where the source gives one, the last day on which it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graded {
    /// The grade.
    pub grade: Grade,
    /// The clause or reason.
    pub basis: String,
    /// Last day on which the grade holds; forbidden from the next day on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

impl Graded {
    /// The grade on the day `on`, and its basis.
    fn on(&self, on: Date) -> (Grade, &str) {
        let lapsed = self.until.is_some_and(|until| on > until);
        (if lapsed { Grade::Forbidden } else { self.grade }, &self.basis)
    }
}

/// Whether `pattern`, in which each `*` stands for any run of characters, has the form of `name`.
fn stands_for(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return false };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(tail)
}

/// The largest value that a standard allows for something measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Largest value that passes.
    pub max: u64,
    /// Largest value that only warns; above it the check fails. Same as `max` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<u64>,
    /// What is counted: `receiving chains`.
    pub unit: String,
    /// The clause or reason.
    pub basis: String,
}

/// The smallest value that a standard allows for something measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Smallest value that passes.
    pub min: u64,
    /// Smallest value that only warns; below it the check fails. Same as `min` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<u64>,
    /// What is counted: `bits`.
    pub unit: String,
    /// The clause or reason.
    pub basis: String,
}

/// Every policy table of a standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Policy {
    /// Graded names, by table: `message-cipher-literal` → `AES-256-CBC` → grade. A name with `*`
    /// stands for every name of that form.
    pub grades: BTreeMap<String, BTreeMap<String, Graded>>,
    /// Limits on measured values, by name.
    pub limits: BTreeMap<String, Limit>,
    /// Least values, by name: key sizes.
    pub floors: BTreeMap<String, Floor>,
    /// Limits that protocols have by design, where a standard adds to their descriptions.
    pub by_design: Vec<ByDesign>,
    /// What protocols promise, by family.
    pub protocols: BTreeMap<String, Protocol>,
}

impl Policy {
    /// The grade of `name` in `table` on the day `on`; `None` where the table does not list it.
    ///
    /// The row of exactly this name decides. Where there is none, of all rows with `*` that stand
    /// for the name the strictest decides, so that no two patterns can soften each other.
    #[must_use]
    pub fn grade(&self, table: &str, name: &str, on: Date) -> Option<(Grade, &str)> {
        let rows = self.grades.get(table)?;
        let graded = |row| Graded::on(row, on);
        let of_the_form = || rows.iter().filter(|(pattern, _)| stands_for(pattern, name));
        rows.get(name)
            .map(graded)
            .or_else(|| of_the_form().map(|(_, row)| graded(row)).max_by_key(|(grade, _)| *grade))
    }

    /// The limit called `name`.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.get(name)
    }

    /// The least value called `name`.
    #[must_use]
    pub fn floor(&self, name: &str) -> Option<&Floor> {
        self.floors.get(name)
    }

    /// The known limit of `family` that explains a failure of `check`.
    #[must_use]
    pub fn by_design(&self, family: &str, check: &CheckId) -> Option<ByDesign> {
        let own = self.by_design.iter().find(|row| row.family == family && row.check == *check);
        if own.is_some() {
            return own.cloned();
        }
        let says = self.protocols.get(family)?.says.get(check)?;
        Some(ByDesign {
            family: family.to_owned(),
            check: check.clone(),
            matter: says.matter,
            reason: says.reason.clone(),
            source: says.source.clone(),
        })
    }

    /// Lays `over` on top of this policy: rows of the same name are replaced.
    pub fn overlay(&mut self, over: Self) {
        for (table, rows) in over.grades {
            self.grades.entry(table).or_default().extend(rows);
        }
        self.limits.extend(over.limits);
        self.floors.extend(over.floors);
        self.by_design.retain(|row| {
            !over.by_design.iter().any(|new| new.family == row.family && new.check == row.check)
        });
        self.by_design.extend(over.by_design);
        self.protocols.extend(over.protocols);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_grade_lapses_the_day_after_its_last() {
        let policy: Policy = toml::from_str(
            r#"[grades.cipher]
               "AES" = { grade = "recommended", basis = "clause" }
               "OLD" = { grade = "legacy", basis = "clause", until = "2026-12-31" }"#,
        )
        .unwrap();
        let grade = |name, on| policy.grade("cipher", name, on).map(|(grade, _)| grade);
        assert_eq!(grade("AES", date(2030, 1, 1)), Some(Grade::Recommended));
        assert_eq!(grade("OLD", date(2026, 12, 31)), Some(Grade::Legacy));
        assert_eq!(grade("OLD", date(2027, 1, 1)), Some(Grade::Forbidden));
        assert_eq!(grade("NEW", date(2027, 1, 1)), None);
    }

    #[test]
    fn an_exact_row_decides_and_of_patterns_the_strictest() {
        let policy: Policy = toml::from_str(
            r#"[grades.suite]
               "TLS_A_WITH_GCM" = { grade = "recommended", basis = "exact" }
               "*_WITH_GCM" = { grade = "acceptable", basis = "cipher" }
               "*_anon_*" = { grade = "forbidden", basis = "anonymous" }
               "TLS_*_WITH_*_SHA" = { grade = "legacy", basis = "hash" }"#,
        )
        .unwrap();
        let basis = |name| policy.grade("suite", name, date(2027, 1, 1)).map(|(_, basis)| basis);
        assert_eq!(basis("TLS_A_WITH_GCM"), Some("exact"));
        assert_eq!(basis("TLS_B_WITH_GCM"), Some("cipher"));
        assert_eq!(basis("TLS_B_anon_WITH_GCM"), Some("anonymous"));
        assert_eq!(basis("TLS_B_WITH_CBC_SHA"), Some("hash"));
        assert_eq!(basis("TLS_B_WITH_CBC_SHA256"), None);
        assert_eq!(basis("TLS_WITH_SHA"), None);
        assert_eq!(basis("_WITH_GCM"), Some("cipher"));
    }
}
