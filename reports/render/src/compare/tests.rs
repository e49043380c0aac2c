use hallmark_bundle::compare::{Entry, Signer};
use hallmark_model::{ExitCode, Report};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::{samples, terminal::Style};

fn signer() -> Signer {
    Signer { subject: "CN=Example signer".into(), role: "vendor".into() }
}

fn compared(reports: &[Report]) -> Comparison {
    let entries: Vec<_> = reports
        .iter()
        .enumerate()
        .map(|(n, report)| Entry {
            bundle: format!("bundles/{n}"),
            report,
            signers: if n == 0 { vec![signer()] } else { vec![] },
        })
        .collect();
    Comparison::of(&entries).unwrap()
}

fn plain(comparison: &Comparison) -> String {
    comparison_text(comparison, ExitCode::Ok, Style::PLAIN)
}

fn body(page: &str) -> &str {
    page.split_once("<body>").unwrap().1
}

fn three() -> Comparison {
    compared(&[samples::all_met(), samples::failing(), samples::declared_and_waived()])
}

/// The second was judged by another edition, which lacks a row.
fn by_other_standards() -> Comparison {
    let mut other = samples::failing();
    other.standard.version = "2.0".into();
    other.requirements.remove(2);
    other.headline = hallmark_model::Headline::of(&other.requirements, true);
    if let Some(row) = other.requirements.first_mut() {
        row.title = "Reworded".into();
    }
    compared(&[samples::all_met(), other])
}

#[test]
fn a_page_of_three() {
    let page = comparison_page(&three()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"));
    for never in ["<script", "src=", "http://", "@import", "url("] {
        assert!(!page.contains(never), "{never}");
    }
    insta::assert_snapshot!(body(&page));
}

#[test]
fn text_of_three() {
    insta::assert_snapshot!(plain(&three()));
}

#[test]
fn different_standards_are_said_before_anything_else() {
    let comparison = by_other_standards();
    let page = comparison_page(&comparison).unwrap();
    let notice = page.find("not judged by the same edition").unwrap();
    assert!(notice < page.find("<h1").unwrap());
    assert!(page.contains("Its standard has no such requirement"));
    insta::assert_snapshot!(plain(&comparison));
}

#[test]
fn hostile_text_stays_text() {
    let comparison = compared(&[samples::hostile(), samples::hostile(), samples::all_met()]);
    let page = comparison_page(&comparison).unwrap();
    for never in ["<script", "<img", "<svg", "onerror=alert(1)>", "</style></title>"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(!page.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')));
    let text = plain(&comparison);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
    for line in text.lines() {
        assert!(line.width() <= 80, "{line}");
    }
}

#[test]
fn eight_columns_fit_the_screen() {
    let reports: Vec<_> =
        (0..8).map(|n| if n % 2 == 0 { samples::crowded() } else { samples::failing() }).collect();
    for comparison in [compared(&reports), three(), by_other_standards()] {
        for line in plain(&comparison).lines() {
            assert!(line.width() <= 80, "{line}");
        }
    }
}

#[test]
fn every_verdict_of_every_report_is_on_the_page() {
    let comparison = three();
    let page = comparison_page(&comparison).unwrap();
    let (_, tables) = page.split_once("id=\"differ\"").unwrap();
    for row in &comparison.rows {
        assert!(tables.contains(row.id.as_str()), "{}", row.id);
    }
    let cells: usize = comparison.rows.iter().map(|row| row.cells.len()).sum();
    let (tables, _) = tables.split_once("id=\"open-A\"").unwrap();
    assert_eq!(tables.matches("<td>").count(), cells);
    assert_eq!(tables.matches("<th scope=\"row\">").count(), comparison.rows.len());
}

#[test]
fn colour_changes_nothing_but_colour() {
    let painted = comparison_text(&three(), ExitCode::Ok, Style { color: true, ..Style::PLAIN });
    let mut pieces = painted.split("\u{1b}[");
    let mut bare = pieces.next().unwrap_or_default().to_owned();
    pieces.for_each(|piece| bare.push_str(piece.split_once('m').unwrap().1));
    assert_eq!(bare, plain(&three()));
}

#[test]
fn the_further_style_sheet_keeps_to_the_palette() {
    assert!(!include_str!("../../templates/compare.css").contains('#'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_candidate_is_called_the_page_stays_the_same(name in any::<String>()) {
        let of = |name: &str| {
            let mut report = samples::failing();
            report.candidate.name = name.to_owned();
            report.candidate.vendor = Some(name.to_owned());
            report.run.challenge = Some(name.to_owned());
            comparison_page(&compared(&[samples::all_met(), report])).unwrap()
        };
        let tags = |page: &str| page.matches('<').count();
        prop_assert_eq!(tags(&of(&name)), tags(&of("x")));
    }
}
