//! Each check turned by hand-made facts, the probe, and recordings of real messengers.

mod hand_made;
mod real;

use std::{cell::RefCell, collections::BTreeSet};

use hallmark_model::{CheckId, Finding, Policy, Suite as SuiteName, Verdict};
use hallmark_runner::Suite;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Traffic, facts::TrafficFacts};
use hand_made::{policy, recording, tls13};

fn judge(facts: &TrafficFacts, check: &str, policy: &Policy) -> Finding {
    let check = CheckId::of(SuiteName::Traffic, check);
    let facts = serde_json::to_value(facts).unwrap();
    let findings = Traffic.judge(&facts, &[check], policy, date(2026, 11, 21)).unwrap();
    assert_eq!(findings.len(), 1);
    findings.into_iter().next().unwrap()
}

fn all_checks() -> Vec<CheckId> {
    Traffic.checks().into_iter().map(|info| info.id).collect()
}

/// Checks are pure: nothing in their room may reach a socket, a file, a clock or a recording.
#[test]
fn checks_do_no_io() {
    let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let mut read = 0;
    for file in std::fs::read_dir(room).unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        for word in
            ["std::fs", "std::net", "std::time", "tokio", "async", "hallmark_capture", "env!"]
        {
            assert!(!text.contains(word), "{} uses {word}", file.path().display());
        }
        read += 1;
    }
    assert!(read >= 8, "only {read} files were read");
}

#[test]
fn each_verdict_of_each_check_in_words() {
    let shown = RefCell::new(String::new());
    for (check, cases) in hand_made::cases() {
        for (what, facts) in cases {
            let finding = judge(&facts, check, &policy());
            shown.borrow_mut().push_str(&format!(
                "{check}: {what}\n  {}\n  expected  {}\n  observed  {}\n  why       {}\n",
                finding.verdict, finding.expected, finding.observed, finding.why
            ));
        }
    }
    insta::assert_snapshot!(shown.into_inner());
}

#[test]
fn every_check_passes_fails_and_cannot_tell() {
    for (check, cases) in hand_made::cases() {
        let verdicts: Vec<_> =
            cases.iter().map(|(_, facts)| judge(facts, check, &policy()).verdict).collect();
        for wanted in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive] {
            assert!(verdicts.contains(&wanted), "{check} never says {wanted}");
        }
    }
    let there: BTreeSet<_> = all_checks().iter().map(|id| id.name().to_owned()).collect();
    let turned: BTreeSet<_> =
        hand_made::cases().iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, turned);
}

/// Whatever else is in a recording, what was found stays found.
#[test]
fn nothing_that_is_added_turns_a_failure() {
    for (check, cases) in hand_made::cases() {
        for (what, mut facts) in cases {
            let before = judge(&facts, check, &policy()).verdict;
            facts.flows.push(tls13(99));
            facts.flows.extend(hand_made::varied().flows);
            facts.left_out.unlike_others += 1;
            let after = judge(&facts, check, &policy()).verdict;
            assert!(before != Verdict::Fail || after == Verdict::Fail, "{check}: {what}");
        }
    }
}

#[test]
fn the_figure_and_the_subject() {
    let facts = serde_json::to_value(hand_made::varied()).unwrap();
    insta::assert_json_snapshot!(Traffic.figures(&facts).unwrap());
    insta::assert_json_snapshot!(Traffic.subject(&facts).unwrap());
    let nothing = serde_json::to_value(TrafficFacts::default()).unwrap();
    assert_eq!(Traffic.figures(&nothing).unwrap(), []);
}

#[test]
fn unknown_is_written_with_its_reason_and_never_as_a_value() {
    let facts = recording(vec![tls13(1)]);
    let written = serde_json::to_value(&facts).unwrap();
    let handshake = &written["flows"][0]["handshake"];
    assert_eq!(handshake["version"], json!("TLSv1.3"));
    assert_eq!(handshake["alpn"], Value::Null);
    assert_eq!(
        handshake["certificates"],
        json!({ "unknown": "none was captured in clear or opened" })
    );
    assert_eq!(serde_json::from_value::<TrafficFacts>(written).unwrap(), facts);
}

#[test]
fn the_schema_describes_the_facts() {
    let schema = serde_json::to_value(schemars::schema_for!(TrafficFacts)).unwrap();
    let required = schema["required"].as_array().unwrap();
    assert!(required.contains(&json!("flows")) && required.contains(&json!("canaries")));
    assert_eq!(schema["additionalProperties"], json!(false));
}

proptest! {
    #[test]
    fn facts_from_a_bundle_never_make_a_check_panic(
        content in "empty|tls|readable|other-encryption|opaque",
        text in "\\PC{0,12}",
        number: u64,
        canary: bool,
        kind in "flow|file|name",
    ) {
        let place = match &kind[..] {
            "flow" => json!({ "kind": "flow", "flow": number, "side": "client", "layer": "raw" }),
            _ => json!({ "kind": kind, "storage": number, "path": text }),
        };
        let planted = json!({
            "id": text, "sha256": "00".repeat(32), "more": number,
            "found": [{ "where": place, "encoding": text, "offset": number }],
        });
        let unknown = json!({ "unknown": text });
        let handshake = json!({
            "version": text, "cipher_suite": text, "group": unknown, "sni": text, "alpn": null,
            "ja3": text, "ja4": unknown, "resumed": unknown, "certificates": unknown,
            "hello_retry_request": false, "alerts": [text], "completed": true,
        });
        let flow = json!({
            "id": number, "transport": "udp", "client": text, "server": text,
            "first_seen": unknown, "packets": number,
            "bytes": { "client": number, "server": number }, "content": content,
            "protocol": text, "handshake": handshake, "starttls": text,
            "decrypted": { "records": number, "failed": number, "application_bytes": number },
            "problems": [text],
        });
        let storage = json!({
            "path": text, "files": number, "unreadable": number, "skipped": number,
            "problems": [],
        });
        let file = json!({
            "path": text, "sha256": "00".repeat(32), "packets": number, "problems": [text],
        });
        let keylog =
            json!({ "path": text, "secrets": number, "malformed": number, "problems": [] });
        let facts = json!({
            "files": [file, file], "keylogs": [keylog, keylog], "flows": [flow, flow],
            "left_out": { "like_others": number, "unlike_others": number }, "certificates": [],
            "canaries": if canary { vec![planted.clone()] } else { vec![] }, "controls": [planted],
            "storage": [storage, storage], "problems": [text],
        });
        let findings = Traffic.judge(&facts, &all_checks(), &policy(), date(2026, 11, 21)).unwrap();
        prop_assert_eq!(findings.len(), all_checks().len());
        Traffic.figures(&facts).unwrap();
        Traffic.subject(&facts).unwrap();
    }

    #[test]
    fn what_is_not_facts_is_refused(number: i64, text in "[a-z_]{0,12}") {
        for value in [json!(number), json!(text), json!(null), json!({ "flows": [text] })] {
            let judged = Traffic.judge(&value, &all_checks(), &policy(), date(2026, 11, 21));
            prop_assert!(judged.is_err());
        }
    }
}
