//! The tables of a standard against which facts are judged.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByDesign, CheckId};

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

/// Every policy table of a standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Policy {
    /// Graded names, by table: `message-cipher-literal` → `AES-256-CBC` → grade.
    pub grades: BTreeMap<String, BTreeMap<String, Graded>>,
    /// Limits on measured values, by name.
    pub limits: BTreeMap<String, Limit>,
    /// Limits that protocols have by design.
    pub by_design: Vec<ByDesign>,
}

impl Policy {
    /// The grade of `name` in `table` on the day `on`; `None` where the table does not list it.
    #[must_use]
    pub fn grade(&self, table: &str, name: &str, on: Date) -> Option<(Grade, &str)> {
        let row = self.grades.get(table)?.get(name)?;
        let lapsed = row.until.is_some_and(|until| on > until);
        Some((if lapsed { Grade::Forbidden } else { row.grade }, &row.basis))
    }

    /// The limit called `name`.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.get(name)
    }

    /// The known limit of `family` that explains a failure of `check`.
    #[must_use]
    pub fn by_design(&self, family: &str, check: &CheckId) -> Option<&ByDesign> {
        self.by_design.iter().find(|row| row.family == family && row.check == *check)
    }

    /// Lays `over` on top of this policy: rows of the same name are replaced.
    pub fn overlay(&mut self, over: Self) {
        for (table, rows) in over.grades {
            self.grades.entry(table).or_default().extend(rows);
        }
        self.limits.extend(over.limits);
        self.by_design.retain(|row| {
            !over.by_design.iter().any(|new| new.family == row.family && new.check == row.check)
        });
        self.by_design.extend(over.by_design);
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
}
