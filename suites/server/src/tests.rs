//! Each check turned by hand-made facts, and the probe on servers of the test's own.

mod hand_made;
mod s_server;
mod served;

use std::{cell::RefCell, collections::BTreeSet};

use hallmark_model::{CheckId, Finding, Suite as SuiteName, Verdict};
use hallmark_runner::Suite;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Server,
    facts::{Area, ServerFacts, Told},
};
use hand_made::{modern, policy, silent};

fn all_checks() -> Vec<CheckId> {
    Server.checks().into_iter().map(|info| info.id).collect()
}

fn judge_all(facts: &ServerFacts) -> Vec<Finding> {
    let facts = serde_json::to_value(facts).unwrap();
    Server.judge(&facts, &all_checks(), &policy(), date(2026, 11, 21)).unwrap()
}

fn judge(facts: &ServerFacts, check: &str) -> Finding {
    let wanted = CheckId::of(SuiteName::Server, check);
    judge_all(facts).into_iter().find(|finding| finding.check == wanted).unwrap()
}

/// Checks are pure: nothing in their room may reach a socket, a file, a clock or a server.
#[test]
fn checks_do_no_io() {
    let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let mut read = 0;
    for file in std::fs::read_dir(room).unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        for word in [
            "std::fs",
            "std::time",
            "tokio",
            "async",
            "hallmark_wire",
            "openssl",
            "env!",
            "now()",
            "TcpStream",
        ] {
            assert!(!text.contains(word), "{} uses {word}", file.path().display());
        }
        read += 1;
    }
    assert!(read >= 10, "only {read} checks were read");
}

#[test]
fn each_verdict_of_each_check_in_words() {
    let shown = RefCell::new(String::new());
    for (check, cases) in hand_made::cases() {
        for (what, facts) in cases {
            let finding = judge(&facts, check);
            shown.borrow_mut().push_str(&format!(
                "{check}: {what}\n  {}\n  expected  {}\n  observed  {}\n  why       {}\n",
                finding.verdict, finding.expected, finding.observed, finding.why
            ));
        }
    }
    insta::assert_snapshot!(shown.into_inner());
}

#[test]
fn every_check_has_cases_and_can_pass_and_fail() {
    let tried: BTreeSet<_> = hand_made::cases().iter().map(|(check, _)| *check).collect();
    let all = all_checks();
    assert_eq!(tried, all.iter().map(CheckId::name).collect());
    for (check, cases) in hand_made::cases() {
        let verdicts: Vec<_> = cases.iter().map(|(_, facts)| judge(facts, check).verdict).collect();
        assert!(verdicts.contains(&Verdict::Pass) && verdicts.contains(&Verdict::Fail), "{check}");
    }
}

/// One defect shows in one check: what a fault of the reference server relies on.
#[test]
fn each_failure_turns_its_own_check_alone() {
    let mut shared = Vec::new();
    for (check, cases) in hand_made::cases() {
        for (what, facts) in cases {
            if judge(&facts, check).verdict == Verdict::Fail {
                let failed = judge_all(&facts).into_iter().filter(|f| f.verdict == Verdict::Fail);
                let others: Vec<_> = failed
                    .filter(|finding| finding.check.name() != check)
                    .map(|finding| finding.check.name().to_owned())
                    .collect();
                if !others.is_empty() {
                    shared.push(format!("{check}, {what}: also {}", others.join(", ")));
                }
            }
        }
    }
    // SSLv2 is a version, a set of broken ciphers and static RSA in one.
    assert_eq!(
        shared,
        [
            "cipher-suites, SSLv2: also tls-version, forward-secrecy",
            "forward-secrecy, SSLv2: also tls-version, cipher-suites",
        ]
    );
}

#[test]
fn silence_is_never_a_conclusion() {
    for finding in judge_all(&silent()) {
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.check);
    }
    let mut refused = silent();
    refused.versions.values_mut().for_each(|told| *told = Told::Known(false));
    for finding in judge_all(&refused) {
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.check);
    }
}

#[test]
fn evidence_is_of_what_the_finding_is_about() {
    let shown = |check| {
        let finding = judge(&modern(), check);
        finding.evidence.into_iter().map(|e| e.sha256.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(shown("tls-version"), [1]);
    assert_eq!(shown("cipher-suites"), [2]);
    assert_eq!(shown("certificate-dates"), [3]);
}

#[test]
fn names_match_as_rfc_9525_says() {
    let names = |dns: &[&str]| crate::facts::Names {
        dns: dns.iter().map(|name| (*name).to_owned()).collect(),
        ip: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
    };
    let covers = |pattern: &str, host: &str| crate::checks::covers(&names(&[pattern]), host);
    for (pattern, host) in [
        ("chat.example", "chat.example"),
        ("CHAT.example", "chat.EXAMPLE"),
        ("*.example", "chat.example"),
        ("chat.example", "192.0.2.1"),
        ("chat.example", "2001:db8::1"),
        ("chat.example", "[2001:0db8::0:1]"),
    ] {
        assert!(covers(pattern, host), "{pattern} {host}");
    }
    for (pattern, host) in [
        ("chat.example", "chat.example.org"),
        ("*.example", "a.chat.example"),
        ("*.example", "example"),
        ("*.example", ".example"),
        ("c*.example", "chat.example"),
        ("chat.*", "chat.example"),
        ("*.*.example", "a.b.example"),
        ("*", "example"),
        ("", ""),
        ("192.0.2.9", "192.0.2.9"),
        ("*.0.2.9", "192.0.2.9"),
    ] {
        assert!(!covers(pattern, host), "{pattern} {host}");
    }
}

#[test]
fn facts_keep_the_fields_names() {
    let facts = serde_json::to_value(modern()).unwrap();
    insta::assert_json_snapshot!(json!({
        "versions": facts["versions"],
        "cipher_suites": facts["cipher_suites"],
        "server_preference": facts["server_preference"],
        "groups": facts["groups"],
        "certificate": facts["certificates"][0],
        "unknown version": serde_json::to_value(Told::unknown("no answer in time")).unwrap(),
    }));
}

#[test]
fn stages_follow_from_checks() {
    let areas = |name| crate::probe::areas(&[CheckId::of(SuiteName::Server, name)]);
    assert_eq!(areas("tls-version"), [Area::Versions].into());
    assert_eq!(
        areas("certificate-dates"),
        [Area::Versions, Area::CipherSuites, Area::Certificates].into()
    );
    assert_eq!(crate::probe::areas(&all_checks()).len(), 5);
}

proptest! {
    #[test]
    fn facts_from_a_bundle_never_make_a_check_panic(
        name in "\\PC{0,400}",
        host in "\\PC{0,40}",
        bits in any::<Option<u32>>(),
        position in any::<u32>(),
        seconds in -300_000_000_000_i64..200_000_000_000,
    ) {
        let mut facts = modern();
        facts.server_name = host;
        for names in facts.cipher_suites.values_mut().chain(facts.groups.values_mut()) {
            names.push(name.clone());
        }
        let certificate = &mut facts.certificates[0];
        certificate.names.dns.push(name.clone());
        certificate.key.bits = bits;
        certificate.position = position;
        certificate.subject = name;
        if let Ok(time) = jiff::Timestamp::from_second(seconds) {
            certificate.not_after = time;
        }
        prop_assert_eq!(judge_all(&facts).len(), all_checks().len());
        let facts = serde_json::to_value(&facts).unwrap();
        Server.figures(&facts).unwrap();
        Server.subject(&facts).unwrap();
    }

    #[test]
    fn what_is_not_facts_is_refused(text in "\\PC*", number: i64) {
        for value in [Value::from(text), Value::from(number), json!({ "versions": {} })] {
            prop_assert!(Server.judge(&value, &all_checks(), &policy(), date(2026, 11, 21)).is_err());
        }
    }
}
