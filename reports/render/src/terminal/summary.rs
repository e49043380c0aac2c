//! What a run prints when it is done: every row, the failures in full, the answer, the exit code.

use std::{collections::BTreeMap, time::Duration};

use hallmark_model::{
    CheckId, ExitCode, Half, Headline, Overlay, Report, Verdict,
    report::{Check, Row},
    text,
};

use super::{Paint, Style, layout::Page, progress::seconds};
use crate::{tally::Tally, words};

/// Evidence lines printed for one check; the page lists the rest.
const EVIDENCE: usize = 4;
/// Hexadecimal digits of a digest that are printed before the `*`.
const DIGITS: usize = 12;
/// Characters of the standard's name in the answer.
const STANDARD: usize = 28;

/// What the binary knows beside the report.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// How long each probe took, from [`super::Progress::finish`].
    pub elapsed: BTreeMap<CheckId, Duration>,
    /// Labelled lines for the end: where the bundle is, whether it is signed.
    pub notes: Vec<(String, String)>,
}

/// The result of a run as text for standard output; its last line names the exit code.
#[must_use]
pub fn summary(report: &Report, exit: ExitCode, extras: &Extras, style: Style) -> String {
    let mut page = Page::new(style);
    header(&mut page, report);
    for (title, house_rules) in [("Clauses", false), ("House rules", true)] {
        let rows: Vec<_> =
            report.requirements.iter().filter(|r| r.is_house_rule() == house_rules).collect();
        if !rows.is_empty() {
            page.gap();
            page.line(&style.paint(Paint::Bold, title));
            rows.into_iter().for_each(|row| one_row(&mut page, row, extras));
        }
    }
    details(&mut page, report);
    page.gap();
    answer(&mut page, report);
    for (label, note) in &extras.notes {
        page.copyable_at_margin(label, note);
    }
    page.line(&format!("exit {} ({})", exit.code(), exit.name()));
    page.finish()
}

fn header(page: &mut Page, report: &Report) {
    let (tool, standard, run) = (&report.tool, &report.standard, &report.run);
    page.pieces(&[
        format!("{} {}", tool.name, tool.version),
        format!("standard {}/{}", standard.id, standard.version),
        format!("candidate {} {}", report.candidate.name, report.candidate.version),
    ]);
    let mut pieces =
        vec![format!("seed {}", run.seed), words::assurance(run.assurance).to_lowercase()];
    pieces.extend(report.candidate.subjects.iter().map(|s| format!("{}: {}", s.suite, s.name)));
    page.pieces(&pieces);
    if !run.complete {
        page.gap();
        let head = page.style.paint(Paint::Bad, "INCOMPLETE");
        page.hang(
            &format!("{head}  "),
            12,
            "the run stopped before its end; nothing below is a pass of the standard",
        );
    }
}

fn one_row(page: &mut Page, row: &Row, extras: &Extras) {
    let head = format!("  {}  ", page.style.verdict(row.verdict));
    page.hang(&head, 8, &format!("{}  {}{}", row.id, row.title, suffix(row)));
    for overlay in &row.overlays {
        page.hang("        ", 8, &told(overlay));
    }
    for check in &row.checks {
        let verdict = page.style.verdict(check.verdict);
        let (head, indent) = if extras.elapsed.is_empty() {
            (format!("        {verdict}  "), 14)
        } else {
            let time =
                extras.elapsed.get(&check.id).map_or("[       ]".to_owned(), |t| seconds(*t));
            (format!("        {verdict}  {time}  "), 25)
        };
        page.hang(&head, indent, &format!("{}  {}{}", check.id, check.title, reason(check)));
    }
}

fn suffix(row: &Row) -> &'static str {
    match (row.verdict, row.blocks()) {
        (Verdict::PassEquivalent, true) => "  (by equivalence)",
        (Verdict::PassEquivalent, false) => "  (by equivalence, reported only)",
        (_, false) => "  (reported only)",
        (_, true) => "",
    }
}

/// Why nothing was tried: the only explanation that such a check gets.
fn reason(check: &Check) -> String {
    match check.verdict {
        Verdict::NotTested | Verdict::NotApplicable => format!(": {}", check.why),
        _ => String::new(),
    }
}

fn told(overlay: &Overlay) -> String {
    match overlay {
        Overlay::Declared { by, document, expires, .. } => {
            format!("declared, not tested, until {}: {by}, \"{document}\"", words::date(*expires))
        }
        Overlay::Waived { reason, approved_by, expires, .. } => format!(
            "waived, verdict stands, until {}: {reason}; approved by {approved_by}",
            words::date(*expires)
        ),
    }
}

/// Every check that a reader must act on, worst first, once, however many rows it decides.
fn details(page: &mut Page, report: &Report) {
    let wanted = [Verdict::Fail, Verdict::Error, Verdict::Inconclusive, Verdict::Warn];
    for verdict in wanted {
        let mut seen = Vec::new();
        for check in report.requirements.iter().flat_map(|row| &row.checks) {
            if check.verdict == verdict && !seen.contains(&&check.id) {
                seen.push(&check.id);
                detail(page, report, check);
            }
        }
    }
}

fn detail(page: &mut Page, report: &Report, check: &Check) {
    page.gap();
    let head = format!("{}  ", page.style.verdict(check.verdict));
    page.hang(&head, 6, &format!("{}  {}", check.id, check.title));
    let rows: Vec<_> = report
        .requirements
        .iter()
        .filter(|row| row.checks.iter().any(|other| other.id == check.id))
        .collect();
    for row in &rows {
        page.field("decides", &format!("{}  {}", row.id, row.title));
    }
    page.field("expected", &check.expected);
    page.field("observed", &check.observed);
    page.field("why", &check.why);
    if let Some(limit) = &check.by_design {
        page.field(
            "protocol",
            &format!(
                "{} ({}): {} [{}]",
                limit.matter.words(),
                limit.family,
                limit.reason,
                limit.source
            ),
        );
    }
    for (index, kept) in check.evidence.iter().take(EVIDENCE).enumerate() {
        let digest = kept.sha256.to_string();
        let label = if index == 0 { "evidence" } else { "" };
        page.field(
            label,
            &format!(
                "evidence/sha256/{}*  {} ({} bytes)",
                &digest[..DIGITS],
                kept.label,
                kept.bytes
            ),
        );
    }
    if check.evidence.len() > EVIDENCE {
        page.field(
            "",
            &format!("and {} more, listed in the page", check.evidence.len() - EVIDENCE),
        );
    }
    if let Some(command) = &check.reproduce {
        page.copyable("reproduce", command);
    }
    if let Some(row) = rows.first() {
        page.copyable("learn", &format!("hallmark explain {}", row.id));
    }
}

fn answer(page: &mut Page, report: &Report) {
    let headline = if report.run.complete { report.headline } else { Headline::UNDETERMINED };
    let standard = format!("{}/{}", report.standard.id, report.standard.version);
    for (label, what, half, house_rules) in [
        ("Clauses", "clauses", headline.clauses, false),
        ("House rules", "house rules", headline.house_rules, true),
    ] {
        let paint = match half {
            Half::Meets => Paint::Good,
            Half::DoesNotMeet => Paint::Bad,
            Half::NotDetermined => Paint::Doubtful,
        };
        let words = page.style.paint(paint, half.words());
        let of = text::within(&standard, STANDARD);
        page.line(&format!("{label:<12} {words} the {what} of {of}"));
        let tally = Tally::of(&report.requirements, house_rules);
        page.hang("             ", 13, &numbers(&tally));
    }
    overlays(page, report);
}

fn numbers(tally: &Tally) -> String {
    let mut parts = vec![format!("{} pass", tally.pass), format!("{} fail", tally.fail)];
    if tally.warnings > 0 {
        parts[0] = format!("{} ({} with a warning)", parts[0], tally.warnings);
    }
    parts.push(format!("{} not determined", tally.undetermined));
    parts.push(format!("{} declared", tally.declared));
    if tally.not_applicable > 0 {
        parts.push(format!("{} not applicable", tally.not_applicable));
    }
    let deciding = words::count(tally.deciding(), "requirement decides", "requirements decide");
    let mut told = format!("{deciding}: {}", parts.join(", "));
    if tally.reported > 0 {
        told =
            format!("{told}; {} more only reported, {} fail", tally.reported, tally.reported_fail);
    }
    told
}

fn overlays(page: &mut Page, report: &Report) {
    for (label, waived) in [("Declared", false), ("Waivers", true)] {
        let mut found: Vec<_> = report
            .requirements
            .iter()
            .flat_map(|row| {
                row.overlays.iter().map(move |overlay| (overlay.expires(), row, overlay))
            })
            .filter(|(.., overlay)| matches!(overlay, Overlay::Waived { .. }) == waived)
            .collect();
        found.sort_by_key(|(expires, ..)| *expires);
        if let Some((expires, row, _)) = found.first() {
            let text = format!(
                "{} in force, next expires {} ({})",
                found.len(),
                words::date(*expires),
                row.id
            );
            page.hang(&format!("{label:<13}"), 13, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::samples;

    fn plain(report: &Report, exit: ExitCode) -> String {
        summary(report, exit, &Extras::default(), Style::PLAIN)
    }

    #[test]
    fn all_met() {
        insta::assert_snapshot!(plain(&samples::all_met(), ExitCode::Ok));
    }

    #[test]
    fn a_failure_with_times_and_notes() {
        let extras = Extras {
            elapsed: samples::elapsed(),
            notes: vec![
                ("Bundle".into(), "hallmark-out/20261121T190000Z-7f3a (open report.html)".into()),
                ("Signed".into(), "no (hallmark sign …)".into()),
            ],
        };
        let report = samples::failing();
        insta::assert_snapshot!(summary(&report, ExitCode::NotMet, &extras, Style::PLAIN));
    }

    #[test]
    fn a_failure_by_design() {
        insta::assert_snapshot!(plain(&samples::by_design(), ExitCode::NotMet));
    }

    #[test]
    fn an_incomplete_run() {
        let text = plain(&samples::incomplete(), ExitCode::Incomplete);
        assert!(!text.contains("\nClauses      meets"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn declared_and_waived() {
        insta::assert_snapshot!(plain(&samples::declared_and_waived(), ExitCode::NotMet));
    }

    #[test]
    fn hostile_text() {
        let text = plain(&samples::hostile(), ExitCode::NotMet);
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let report = samples::failing();
        let colour = Style { color: true, ..Style::PLAIN };
        let painted = summary(&report, ExitCode::NotMet, &Extras::default(), colour);
        let mut bare = String::new();
        let mut rest = painted.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            bare.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        bare.push_str(rest);
        assert_eq!(bare, plain(&report, ExitCode::NotMet));
        assert_ne!(painted, bare);
    }

    #[test]
    fn lines_fit_the_screen() {
        for report in samples::all() {
            let text = plain(&report, ExitCode::NotMet);
            for line in text.lines().filter(|line| !line.starts_with("  reproduce")) {
                assert!(line.width() <= 80, "{line}");
            }
            assert_eq!(text.lines().last(), Some("exit 1 (NOT_MET)"));
        }
    }
}
