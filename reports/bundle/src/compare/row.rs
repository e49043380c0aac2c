//! One requirement across all candidates.

use std::collections::HashMap;

use hallmark_model::{
    Clause, Gate, Level, Overlay, Provenance, Report, RequirementId, Verdict, report::Row as Judged,
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::candidate::is_answered;

/// A requirement, and what came of it for each candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparedRow {
    /// `DOCUMENT/AREA-n`.
    pub id: RequirementId,
    /// One line for people.
    pub title: String,
    /// The source's own word.
    pub level: Level,
    /// The composite's choice.
    pub gate: Gate,
    /// Whether it decides a half of the headline, for at least one candidate.
    pub decides: bool,
    /// Whether it is a rule of Hallmark rather than a clause.
    pub house_rule: bool,
    /// Whether every candidate that has the row was asked for the same: title, level, gate and clause are
    /// those of the first candidate that has it.
    pub same_demand: bool,
    /// Where it stands in the comparison.
    pub group: Group,
    /// One for each candidate, in their order; nothing where its standard has no such row.
    pub cells: Vec<Option<Cell>>,
}

/// Why a row stands where it does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The candidates differ in it, and at least one of them was determined.
    Differ,
    /// It decides, and nothing is known of it for any candidate.
    NobodyDetermined,
    /// The same for all; or open for all, without deciding.
    Alike,
}

/// What came of a requirement for one candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// The verdict of its report.
    pub verdict: Verdict,
    /// What people say about it, beside the verdict.
    pub overlays: Vec<Laid>,
}

/// A declaration or a waiver, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Laid {
    /// A named person says that it is met.
    Declared {
        /// Whether that answers it: a declaration never outweighs a test.
        answers: bool,
        /// Last day on which it holds.
        expires: Date,
    },
    /// A named person accepts the risk; the verdict stands.
    Waived {
        /// Last day on which it holds.
        expires: Date,
    },
}

/// Every requirement of every report, joined by its id: by group, then deciding rows first and among these
/// the ones that somebody fails, then in the order in which the reports have them.
pub(super) fn rows(reports: &[&Report]) -> Vec<ComparedRow> {
    let mut places: HashMap<&RequirementId, usize> = HashMap::new();
    let mut joined: Vec<Vec<Option<&Judged>>> = Vec::new();
    for (column, report) in reports.iter().enumerate() {
        for row in &report.requirements {
            let place = *places.entry(&row.id).or_insert_with(|| {
                joined.push(vec![None; reports.len()]);
                joined.len() - 1
            });
            if let Some(cell) = joined.get_mut(place).and_then(|cells| cells.get_mut(column)) {
                *cell = Some(row);
            }
        }
    }
    let mut rows: Vec<_> = joined.iter().filter_map(|cells| compared(cells)).collect();
    rows.sort_by_key(|row| {
        let cells = || row.cells.iter().flatten();
        let fails = cells().any(|cell| cell.verdict == Verdict::Fail);
        (row.group, !row.decides, !fails)
    });
    rows
}

fn compared(cells: &[Option<&Judged>]) -> Option<ComparedRow> {
    let there = || cells.iter().copied().flatten();
    let first = there().next()?;
    let decides = there().any(Judged::blocks);
    Some(ComparedRow {
        id: first.id.clone(),
        title: first.title.clone(),
        level: first.level,
        gate: first.gate,
        decides,
        house_rule: first.is_house_rule(),
        same_demand: there().all(|row| demand(row) == demand(first)),
        group: group(cells, decides),
        cells: cells.iter().map(|row| row.map(Cell::of)).collect(),
    })
}

/// Everything that makes two rows of one id the same demand.
fn demand(row: &Judged) -> (&str, Level, Gate, &Clause, Provenance) {
    (&row.title, row.level, row.gate, &row.clause, row.provenance)
}

fn group(cells: &[Option<&Judged>], decides: bool) -> Group {
    let standings: Vec<_> = cells.iter().map(|cell| cell.map(Standing::of)).collect();
    let open =
        |standing: &Option<Standing>| standing.is_none_or(|s| s.verdict.is_none() && !s.declared);
    if standings.iter().all(open) {
        return if decides { Group::NobodyDetermined } else { Group::Alike };
    }
    let differ = standings.windows(2).any(|pair| matches!(pair, [a, b] if a != b));
    if differ { Group::Differ } else { Group::Alike }
}

/// What of a cell makes a difference to a buyer. "Could not tell" has several names, and is one thing here.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Standing {
    /// Nothing where nobody knows.
    verdict: Option<Verdict>,
    declared: bool,
    waived: bool,
}

impl Standing {
    fn of(row: &Judged) -> Self {
        let waived = |overlay: &Overlay| matches!(overlay, Overlay::Waived { .. });
        Self {
            verdict: Some(row.verdict).filter(|verdict| !verdict.is_undetermined()),
            declared: is_answered(row),
            waived: row.overlays.iter().any(waived),
        }
    }
}

impl Cell {
    fn of(row: &Judged) -> Self {
        let laid = |overlay: &Overlay| match overlay {
            Overlay::Declared { expires, .. } => {
                Laid::Declared { answers: overlay.answers(row.verdict), expires: *expires }
            }
            Overlay::Waived { expires, .. } => Laid::Waived { expires: *expires },
        };
        Self { verdict: row.verdict, overlays: row.overlays.iter().map(laid).collect() }
    }
}
