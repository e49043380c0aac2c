//! The comparison as one HTML file, without script and without network. Page one answers a buyer; behind it
//! stands every row, and what each answer does not rest on a test for.

use askama::Template;
use hallmark_bundle::compare::{
    Cell, Compared, ComparedRow, Comparison, Declared, Group, NotDetermined, Waived,
};
use hallmark_model::{Half, Verdict};

use super::{demand, facts, half, laid, left_open, letter, limits, tally, title};
use crate::{
    page::{PageError, Tag, Word},
    palette::{self, Colour},
    shown::Shown,
    words,
};

/// Rows that page one shows of those in which the candidates differ; what is cut is counted.
const FIRST: usize = 8;

/// Renders a comparison.
///
/// # Errors
///
/// When the template cannot be filled in.
pub fn comparison_page(comparison: &Comparison) -> Result<String, PageError> {
    Ok(Page::of(comparison).render()?)
}

#[derive(Template)]
#[template(path = "compare.html", whitespace = "minimize")]
struct Page {
    colours: &'static [(&'static str, Colour)],
    count: usize,
    standard: Shown,
    same_standard: bool,
    candidates: Vec<Candidate>,
    facts: Vec<(&'static str, Vec<Shown>)>,
    first: Matrix,
    more: usize,
    matrices: Vec<Matrix>,
    words: [Word; Verdict::ALL.len()],
    limits: Vec<&'static str>,
}

/// One column, and everything that is told of it apart from the rows.
struct Candidate {
    letter: char,
    name: Shown,
    halves: [Answer; 2],
    vouched: Shown,
    declared: Vec<Entry>,
    waived: Vec<Entry>,
    open: Vec<Open>,
}

/// One half of a candidate's answer.
struct Answer {
    title: &'static str,
    class: String,
    answer: &'static str,
    counts: String,
}

/// A requirement in a list, with a note.
struct Entry {
    id: Shown,
    title: Shown,
    note: Shown,
}

/// Requirements that are open for one reason.
struct Open {
    tag: Tag,
    reason: Shown,
    count: String,
    rows: Vec<(Shown, Shown)>,
}

/// A table of rows.
struct Matrix {
    anchor: &'static str,
    title: String,
    /// What a reader must know before the table.
    lead: &'static str,
    rows: Vec<Row>,
}

struct Row {
    id: Shown,
    title: Shown,
    demand: String,
    cells: Vec<Option<Told>>,
}

/// One cell of a table.
struct Told {
    tag: Tag,
    overlays: Vec<String>,
}

impl Page {
    fn of(comparison: &Comparison) -> Self {
        let mut first = Matrix::of(comparison, Group::Differ);
        let more = first.rows.len().saturating_sub(FIRST);
        first.rows.truncate(FIRST);
        let standard = comparison.candidates.first().map(|candidate| &candidate.standard);
        Self {
            colours: &palette::NAMED,
            count: comparison.candidates.len(),
            standard: Shown::line(
                &standard.map(|s| format!("{}, version {}", s.id, s.version)).unwrap_or_default(),
            ),
            same_standard: comparison.same_standard,
            candidates: comparison.candidates.iter().enumerate().map(Candidate::of).collect(),
            facts: by_label(&comparison.candidates),
            first,
            more,
            matrices: [Group::Differ, Group::NobodyDetermined, Group::Alike]
                .map(|group| Matrix::of(comparison, group))
                .into(),
            words: Verdict::ALL.map(Word::of),
            limits: limits(comparison),
        }
    }
}

/// The facts of all candidates, one line for each label.
fn by_label(candidates: &[Compared]) -> Vec<(&'static str, Vec<Shown>)> {
    let mut lines: Vec<(&'static str, Vec<Shown>)> = Vec::new();
    for (label, text) in candidates.iter().flat_map(facts) {
        let text = Shown::line(&text);
        match lines.iter_mut().find(|(known, _)| *known == label) {
            Some((_, texts)) => texts.push(text),
            None => lines.push((label, vec![text])),
        }
    }
    lines
}

impl Candidate {
    fn of((column, candidate): (usize, &Compared)) -> Self {
        let Compared { headline, counts, .. } = candidate;
        let signed = if candidate.signers.is_empty() { "not signed" } else { "signed" };
        Self {
            letter: letter(column),
            name: Shown::line(&format!("{} {}", candidate.name, candidate.version)),
            halves: [
                Answer::of("Clauses", headline.clauses, tally(counts.clauses)),
                Answer::of("House rules", headline.house_rules, tally(counts.house_rules)),
            ],
            vouched: Shown::line(&format!(
                "{}, {signed}; tested on {}",
                words::assurance(candidate.assurance),
                words::time(candidate.tested)
            )),
            declared: candidate.declared.iter().map(Entry::declared).collect(),
            waived: candidate.waived.iter().map(Entry::waived).collect(),
            open: candidate.not_determined.iter().map(Open::of).collect(),
        }
    }
}

impl Answer {
    fn of(title: &'static str, said: Half, counts: String) -> Self {
        Self { title, class: said.to_string(), answer: half(said), counts }
    }
}

impl Entry {
    fn declared(declared: &Declared) -> Self {
        let until = words::date(declared.expires);
        let beside = if declared.answers { "" } else { "; a test counts instead" };
        Self {
            id: Shown::line(declared.requirement.id.as_str()),
            title: Shown::line(&declared.requirement.title),
            note: Shown::passage(&format!(
                "by {}, resting on “{}”, until {until}{beside}",
                declared.by, declared.document
            )),
        }
    }

    fn waived(waived: &Waived) -> Self {
        let until = words::date(waived.expires);
        Self {
            id: Shown::line(waived.requirement.id.as_str()),
            title: Shown::line(&waived.requirement.title),
            note: Shown::passage(&format!(
                "{}; risk owned by {}, approved by {}, until {until}. The verdict stands.",
                waived.reason, waived.owner, waived.approved_by
            )),
        }
    }
}

impl Open {
    fn of(open: &NotDetermined) -> Self {
        let named = open.requirements.iter();
        Self {
            tag: Tag::of(open.verdict),
            reason: Shown::passage(&open.reason),
            count: left_open(open),
            rows: named
                .map(|row| (Shown::line(row.id.as_str()), Shown::line(&row.title)))
                .collect(),
        }
    }
}

impl Matrix {
    fn of(comparison: &Comparison, group: Group) -> Self {
        let (anchor, lead) = match group {
            Group::Differ => (
                "differ",
                "Deciding requirements come first, and among them those that somebody fails.",
            ),
            Group::NobodyDetermined => (
                "nobody",
                "Each of these keeps an answer from being “meets”. Ask every vendor for a test, or for a declaration.",
            ),
            Group::Alike => {
                ("alike", "These do not help to choose, but they can still be failures of all.")
            }
        };
        let rows = comparison.group(group).map(Row::of).collect();
        Self { anchor, title: title(comparison, group), lead, rows }
    }
}

impl Row {
    fn of(row: &ComparedRow) -> Self {
        Self {
            id: Shown::line(row.id.as_str()),
            title: Shown::line(&row.title),
            demand: demand(row),
            cells: row.cells.iter().map(|cell| cell.as_ref().map(Told::of)).collect(),
        }
    }
}

impl Told {
    fn of(cell: &Cell) -> Self {
        Self { tag: Tag::of(cell.verdict), overlays: cell.overlays.iter().map(laid).collect() }
    }
}
