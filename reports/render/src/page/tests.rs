use hallmark_model::{EvidenceRef, Sha256, report::Row};
use proptest::prelude::*;

use super::*;
use crate::samples;

fn figures() -> Vec<(Suite, Figure)> {
    let figure = Figure::ForwardSecrecy(samples::timeline());
    let table = Figure::Table(samples::table());
    vec![(Suite::Messaging, figure.clone()), (Suite::Messaging, figure), (Suite::Messaging, table)]
}

fn rendered(report: &Report) -> String {
    render_page(report, &figures()).unwrap()
}

/// What stands between the tags of the body: the style sheet has a snapshot of its own.
fn body(page: &str) -> &str {
    page.split_once("<body>").unwrap().1
}

/// The tags of a page, as a browser would find them: quoted attribute values are skipped.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some((_, from)) = rest.split_once('<') {
        let mut quote = None;
        let end = from.char_indices().find(|(_, c)| match (quote, c) {
            (None, '>') => true,
            (None, '"' | '\'') => {
                quote = Some(*c);
                false
            }
            (Some(open), c) if open == *c => {
                quote = None;
                false
            }
            _ => false,
        });
        let end = end.expect("every tag is closed").0;
        tags.push(from[..end].to_owned());
        rest = &from[end..];
    }
    tags
}

/// The tag without the values of its attributes.
fn skeleton(tag: &str) -> String {
    tag.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

#[test]
fn the_whole_page_of_a_failure() {
    insta::assert_snapshot!(rendered(&samples::failing()));
}

#[test]
fn all_met() {
    insta::assert_snapshot!(body(&rendered(&samples::all_met())));
}

#[test]
fn a_failure_by_design() {
    let page = rendered(&samples::by_design());
    assert!(page.contains("does not meet"));
    insta::assert_snapshot!(body(&page));
}

#[test]
fn an_incomplete_run_never_looks_like_a_pass() {
    let page = rendered(&samples::incomplete());
    let notice = page.find("This run is incomplete").unwrap();
    assert!(notice < page.find("<h1").unwrap());
    assert!(!page.contains("<strong>meets</strong>"));
    assert!(!page.contains("class=\"half meets\""));
    insta::assert_snapshot!(body(&page));
}

#[test]
fn declared_and_waived() {
    insta::assert_snapshot!(body(&rendered(&samples::declared_and_waived())));
}

#[test]
fn page_one_stays_one_page() {
    let page = rendered(&samples::crowded());
    let first = body(&page).split_once("</section>").unwrap().0;
    assert_eq!(first.matches("<b>Impact:</b>").count(), 2);
    assert!(first.contains("and 10 more"), "what does not fit is counted");
    insta::assert_snapshot!(first);
}

#[test]
fn hostile_text() {
    insta::assert_snapshot!(body(&rendered(&samples::hostile())));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for report in samples::all() {
        assert_eq!(rendered(&report), rendered(&report));
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    for report in samples::all() {
        let page = rendered(&report);
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
        for tag in tags(&page) {
            let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
            assert!(
                !["script", "img", "link", "iframe", "object", "form"].contains(&name),
                "{tag}"
            );
            let attributes = skeleton(&tag);
            assert!(!attributes.contains(" on") && !attributes.contains(" src="), "{tag}");
            if let Some((_, href)) = tag.split_once("href=\"") {
                let known = ["#", "https://", "evidence/sha256/"];
                assert!(known.iter().any(|start| href.starts_with(start)), "{tag}");
            }
        }
    }
}

#[test]
fn ids_are_unique_and_fragments_exist() {
    let tags = tags(&rendered(&samples::failing()));
    let value = |tag: &String, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let mut ids: Vec<_> = tags.iter().filter_map(|tag| value(tag, "id")).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    for fragment in tags.iter().filter_map(|tag| value(tag, "href")) {
        if let Some(id) = fragment.strip_prefix('#') {
            assert!(ids.iter().any(|known| known == id), "{id}");
        }
    }
    for named in tags.iter().filter_map(|tag| value(tag, "aria-labelledby")) {
        assert!(named.split(' ').all(|id| ids.iter().any(|known| known == id)), "{named}");
    }
}

#[test]
fn a_large_report_stays_small() {
    let mut report = samples::failing();
    let template: Vec<Row> = report.requirements.clone();
    report.requirements = (0u16..200)
        .map(|n| {
            let mut row = template[usize::from(n) % template.len()].clone();
            row.id = format!("NHS-IM-2018/ROW-{n}").parse().unwrap();
            for check in &mut row.checks {
                check.why = format!("{} ({n})", check.why);
                check.evidence = (0..20u8)
                    .map(|k| EvidenceRef {
                        sha256: Sha256::from_bytes({
                            let mut digest = [k; 32];
                            digest[..2].copy_from_slice(&n.to_be_bytes());
                            digest
                        }),
                        bytes: 1000,
                        label: "envelope, alice to bob".into(),
                    })
                    .collect();
            }
            row
        })
        .collect();
    let page = rendered(&report);
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert!(page.contains("more files are not listed here"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn foreign_text_never_becomes_markup(
        text in prop_oneof![any::<String>(), proptest::sample::select(&samples::HOSTILE[..]).prop_map(str::to_owned)]
    ) {
        let with = |text: &str| {
            let mut report = samples::failing();
            report.candidate.name = text.to_owned();
            report.standard.title = text.to_owned();
            report.run.environment = vec![text.to_owned()];
            for row in &mut report.requirements {
                row.title = text.to_owned();
                row.why = text.to_owned();
                row.clause.paraphrase = text.to_owned();
                for check in &mut row.checks {
                    check.observed = text.to_owned();
                    check.reproduce = Some(text.to_owned());
                }
            }
            let shape: Vec<_> = tags(&rendered(&report)).iter().map(|tag| skeleton(tag)).collect();
            shape
        };
        prop_assert_eq!(with(&text), with("plain"));
    }
}
