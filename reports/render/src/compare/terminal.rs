//! The comparison at 80 columns.

use hallmark_bundle::compare::{Cell, Compared, ComparedRow, Comparison, Group, Laid};
use hallmark_model::{ExitCode, Half, Verdict};

use super::{demand, facts, half, laid, left_open, letter, limits, tally, title};
use crate::{
    terminal::{Page, Paint, Style},
    words,
};

/// Columns of one candidate: a verdict of four, and two blanks.
const COLUMN: usize = 6;
/// Facts that stand with the answer.
const WITH_THE_ANSWER: [&str; 6] =
    ["Tested", "Who vouches", "Buyer’s challenge", "Signed", "Selection", "Bundle"];

/// The comparison as text for standard output; its last line names the exit code.
#[must_use]
pub fn comparison_text(comparison: &Comparison, exit: ExitCode, style: Style) -> String {
    let mut page = Page::new(style);
    page.line(
        &style.paint(
            Paint::Bold,
            &format!("Comparison of {} candidates", comparison.candidates.len()),
        ),
    );
    standards(&mut page, comparison);
    for (column, candidate) in comparison.candidates.iter().enumerate() {
        answer(&mut page, column, candidate);
    }
    for group in [Group::Differ, Group::NobodyDetermined, Group::Alike] {
        rows(&mut page, comparison, group);
    }
    for (column, candidate) in comparison.candidates.iter().enumerate() {
        rests_on(&mut page, column, candidate);
    }
    page.gap();
    heading(&mut page, "What this does not say");
    limits(comparison).into_iter().for_each(|limit| page.hang("  - ", 4, limit));
    page.gap();
    page.line(&format!("exit {} ({})", exit.code(), exit.name()));
    page.finish()
}

fn heading(page: &mut Page, title: &str) {
    let title = page.style.paint(Paint::Bold, title);
    page.line(&title);
}

fn standards(page: &mut Page, comparison: &Comparison) {
    if comparison.same_standard {
        if let Some(Compared { standard, .. }) = comparison.candidates.first() {
            page.hang("", 0, &format!("all by {}, version {}", standard.id, standard.version));
        }
        return;
    }
    let head = page.style.paint(Paint::Bad, "DIFFERENT STANDARDS");
    page.hang(
        &format!("{head}  "),
        21,
        "rows are compared by their id alone; one id can ask for different things",
    );
    for (column, Compared { standard, .. }) in comparison.candidates.iter().enumerate() {
        page.hang(
            &format!("  {}  ", letter(column)),
            5,
            &format!("{}, version {}, digest {}", standard.id, standard.version, standard.digest),
        );
    }
}

fn answer(page: &mut Page, column: usize, candidate: &Compared) {
    page.gap();
    let head = page.style.paint(Paint::Bold, &letter(column).to_string());
    page.hang(&format!("{head}  "), 3, &format!("{} {}", candidate.name, candidate.version));
    for (label, said, counts) in [
        ("Clauses", candidate.headline.clauses, candidate.counts.clauses),
        ("House rules", candidate.headline.house_rules, candidate.counts.house_rules),
    ] {
        let paint = match said {
            Half::Meets => Paint::Good,
            Half::DoesNotMeet => Paint::Bad,
            Half::NotDetermined => Paint::Doubtful,
        };
        let said = page.style.paint(paint, &format!("{:<14}", half(said)));
        page.hang(&format!("   {label:<12} {said}  "), 32, &tally(counts));
    }
    for (label, fact) in facts(candidate) {
        if WITH_THE_ANSWER.contains(&label) {
            page.hang(&format!("   {:<12} ", label.replace("Buyer’s c", "C")), 16, &fact);
        }
    }
}

fn rows(page: &mut Page, comparison: &Comparison, group: Group) {
    page.gap();
    heading(page, &title(comparison, group));
    let columns: String =
        (0..comparison.candidates.len()).map(|n| format!("{:<COLUMN$}", letter(n))).collect();
    let mut rows = comparison.group(group).peekable();
    if rows.peek().is_some() {
        page.line(&format!("  {columns}"));
    }
    rows.for_each(|row| one_row(page, row));
}

fn one_row(page: &mut Page, row: &ComparedRow) {
    let verdicts: String = row
        .cells
        .iter()
        .map(|cell| match cell {
            Some(Cell { verdict, .. }) => format!("{}  ", page.style.verdict(*verdict)),
            None => "--    ".to_owned(),
        })
        .collect();
    let indent = 2 + COLUMN * row.cells.len();
    page.hang(
        &format!("  {verdicts}"),
        indent,
        &format!("{}  {} ({})", row.id, row.title, demand(row).to_lowercase()),
    );
    for (column, cell) in row.cells.iter().enumerate() {
        for beside in cell.iter().flat_map(beside) {
            page.hang(&format!("{:indent$}", ""), indent, &format!("{}: {beside}", letter(column)));
        }
    }
}

/// What the word of four columns leaves out.
fn beside(cell: &Cell) -> Vec<String> {
    let equivalent = cell.verdict == Verdict::PassEquivalent;
    let equivalence = equivalent.then(|| "pass by equivalence".to_owned());
    equivalence.into_iter().chain(cell.overlays.iter().map(laid)).collect()
}

/// What the answer of one candidate does not rest on a test for.
fn rests_on(page: &mut Page, column: usize, candidate: &Compared) {
    let letter = letter(column);
    page.gap();
    heading(page, &format!("{letter}: declared, not tested"));
    for declared in &candidate.declared {
        let row = &declared.requirement;
        page.hang("  ", 4, &format!("{}  {}", row.id, row.title));
        let until = words::date(declared.expires);
        let beside = if declared.answers { "" } else { ", beside a test that counts" };
        page.hang(
            "    ",
            4,
            &format!("by {}, on “{}”, until {until}{beside}", declared.by, declared.document),
        );
    }
    if candidate.declared.is_empty() {
        page.line("  nothing");
    }
    for waived in &candidate.waived {
        let row = &waived.requirement;
        let until = laid(&Laid::Waived { expires: waived.expires });
        page.hang("  ", 4, &format!("{}  {}: {until}", row.id, row.title));
        page.hang("    ", 4, &format!("{}; approved by {}", waived.reason, waived.approved_by));
    }
    page.gap();
    heading(page, &format!("{letter}: not determined"));
    for open in &candidate.not_determined {
        let verdict = page.style.verdict(open.verdict);
        page.hang(&format!("  {verdict}  "), 8, &format!("{}: {}", left_open(open), open.reason));
        page.list(8, open.requirements.iter().map(|row| row.id.as_str()));
    }
    if candidate.not_determined.is_empty() {
        page.line("  nothing");
    }
}
