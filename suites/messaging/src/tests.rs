//! Each check turned by hand-made facts, and the facts of the reference candidate.

mod forward_secrecy;
mod groups;
mod hand_made;
mod keys;
mod live;
mod order;

use std::{cell::RefCell, collections::BTreeSet};

use hallmark_model::{CheckId, Finding, Policy, Suite as SuiteName, Verdict};
use hallmark_runner::Suite;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Messaging,
    facts::{Experiment, MessagingFacts, Seen},
    probe::EXPERIMENTS,
};
use hand_made::{experiment, facts, policy, refused, step};

fn judge(facts: &MessagingFacts, check: &str, policy: &Policy) -> Finding {
    let check = CheckId::of(SuiteName::Messaging, check);
    let facts = serde_json::to_value(facts).unwrap();
    let findings = Messaging.judge(&facts, &[check], policy, date(2026, 11, 21)).unwrap();
    assert_eq!(findings.len(), 1);
    findings.into_iter().next().unwrap()
}

/// For each check, the outcomes that it tells apart.
fn all_cases() -> hand_made::Cases {
    let mut cases = hand_made::cases();
    cases.extend(keys::cases());
    cases.extend(forward_secrecy::cases());
    cases.extend(groups::cases());
    cases.extend(live::cases());
    cases
}

fn all_checks() -> Vec<CheckId> {
    Messaging.checks().into_iter().map(|info| info.id).collect()
}

#[test]
fn every_check_reads_an_experiment_that_exists_and_every_experiment_feeds_a_check() {
    let wanted = crate::checks::experiments_for(&all_checks());
    let there: BTreeSet<_> = EXPERIMENTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(wanted, there);
}

/// Checks are pure: nothing in their room may reach a socket, a file, a clock or a device.
#[test]
fn checks_do_no_io() {
    let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks");
    let mut read = 0;
    for file in std::fs::read_dir(room).unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        for word in
            ["std::fs", "std::net", "std::time", "tokio", "async", "hallmark_driver", "env!"]
        {
            assert!(!text.contains(word), "{} uses {word}", file.path().display());
        }
        read += 1;
    }
    assert!(read >= 10, "only {read} checks were read");
}

#[test]
fn each_verdict_of_each_check_in_words() {
    let shown = RefCell::new(String::new());
    for (check, experiments) in all_cases() {
        for (what, experiment) in experiments {
            let finding = judge(&facts("reference", vec![experiment]), check, &policy());
            shown.borrow_mut().push_str(&format!(
                "{check}: {what}\n  {}\n  expected  {}\n  observed  {}\n  why       {}\n",
                finding.verdict, finding.expected, finding.observed, finding.why
            ));
        }
    }
    insta::assert_snapshot!(shown.into_inner());
}

/// What somebody reads decides; what an app could not do anything about does not.
#[test]
fn attacks_are_judged_by_what_the_app_promises() {
    let verdicts: Vec<_> = live::cases()
        .into_iter()
        .flat_map(|(check, outcomes)| {
            outcomes.into_iter().map(move |(what, experiment)| (check, what, experiment))
        })
        .map(|(check, what, experiment)| {
            let finding = judge(&facts("omemo", vec![experiment]), check, &policy());
            (check, what, finding.verdict)
        })
        .collect();
    for check in ["app-ghost-device", "app-added-member", "app-marker", "app-device-keys"] {
        for (what, verdict) in [
            ("refused", Verdict::Pass),
            ("without effect", Verdict::Pass),
            ("silent before verification alone", Verdict::Warn),
            (
                "told before verification alone",
                match check {
                    "app-marker" => Verdict::Warn,
                    _ => Verdict::Pass,
                },
            ),
            ("silent after verification", Verdict::Fail),
            ("told after verification", Verdict::Warn),
            ("silent, and nobody can verify", Verdict::Fail),
            ("nobody unverified is written to", Verdict::Pass),
            ("no chance after verification", Verdict::Inconclusive),
            ("no chance before it", Verdict::Inconclusive),
            ("no chance after a restart", Verdict::Inconclusive),
            ("no chance before a restart", Verdict::Pass),
            ("no chance, and one with another reader", Verdict::Inconclusive),
            ("not restarted", Verdict::Inconclusive),
            ("a reader without a cause", Verdict::Fail),
            ("nothing played", Verdict::Inconclusive),
        ] {
            assert!(verdicts.contains(&(check, what, verdict)), "{check}: {what}: {verdicts:#?}");
        }
    }
    for (check, what, verdict) in [
        ("app-sender", "dropped", Verdict::Pass),
        ("app-sender", "under the other, and marked", Verdict::Warn),
        ("app-sender", "under the other", Verdict::Fail),
        ("app-sender", "no chance", Verdict::Inconclusive),
        ("app-replay", "once", Verdict::Pass),
        ("app-replay", "twice", Verdict::Fail),
        ("app-replay", "no chance", Verdict::Inconclusive),
        ("app-replay", "twice without a cause", Verdict::Inconclusive),
        ("app-plaintext", "dropped", Verdict::Pass),
        ("app-plaintext", "as encrypted", Verdict::Fail),
        ("app-plaintext", "without any difference", Verdict::Fail),
        ("app-plaintext", "as not encrypted, like everything", Verdict::Fail),
        ("app-plaintext", "no chance", Verdict::Inconclusive),
    ] {
        assert!(verdicts.contains(&(check, what, verdict)), "{check}: {what}: {verdicts:#?}");
    }
}

#[test]
fn a_failed_control_is_never_a_conclusion() {
    for (check, experiments) in all_cases() {
        for (what, mut experiment) in experiments {
            experiment.control.push(step("the honest twin", refused()));
            let finding = judge(&facts("reference", vec![experiment]), check, &policy());
            assert!(finding.verdict.is_undetermined(), "{check}: {what}: {}", finding.verdict);
        }
    }
}

#[test]
fn no_answer_is_never_a_refusal() {
    use crate::facts::Broken;
    let ways =
        [Broken::Crashed, Broken::TimedOut, Broken::Garbage, Broken::Oversized, Broken::Closed];
    for check in all_checks() {
        let name = check.name();
        let source = crate::checks::experiments_for(std::slice::from_ref(&check));
        let source = source.first().unwrap();
        for how in ways {
            let seen = Seen::Broken { how, message: "it broke off".to_owned() };
            let stopped = Experiment {
                stopped: Some(step("on the way", seen)),
                ..experiment(source, vec![], json!({}))
            };
            let finding = judge(&facts("reference", vec![stopped]), name, &policy());
            assert_eq!(finding.verdict, Verdict::Error, "{check} {how:?}");
        }
    }
}

#[test]
fn unsupported_is_not_tested_and_absent_is_an_error() {
    for check in all_checks() {
        let source = crate::checks::experiments_for(std::slice::from_ref(&check));
        let source = source.first().unwrap();
        let seen = Seen::Unsupported { reason: "there is no such thing".to_owned() };
        let stopped = Experiment {
            stopped: Some(step("on the way", seen)),
            ..experiment(source, vec![], json!({}))
        };
        let finding = judge(&facts("reference", vec![stopped]), check.name(), &policy());
        assert_eq!(finding.verdict, Verdict::NotTested, "{check}");
        let finding = judge(&facts("reference", vec![]), check.name(), &policy());
        assert_eq!(finding.verdict, Verdict::Error, "{check}");
    }
}

#[test]
fn a_limit_by_design_explains_a_failure_and_does_not_soften_it() {
    let delivered = hand_made::delivered(Some(1));
    let replayed = |family| {
        let experiment = experiment("replay", vec![step("again", delivered.clone())], json!({}));
        judge(&facts(family, vec![experiment]), "replay", &policy())
    };
    let (megolm, other) = (replayed("megolm"), replayed("reference"));
    assert_eq!((megolm.verdict, other.verdict), (Verdict::Fail, Verdict::Fail));
    assert!(megolm.by_design.is_some() && other.by_design.is_none());
}

proptest! {
    #[test]
    fn facts_from_a_bundle_never_make_a_check_panic(
        name in proptest::sample::select(EXPERIMENTS.iter().map(|(name, _)| *name).collect::<Vec<_>>()),
        measured in any_value(),
        steps in 0..4usize,
    ) {
        let measured = match measured {
            Value::Object(map) => Value::Object(map),
            other => json!({ "first": other, "bits": 1 }),
        };
        let steps = (0..steps).map(|n| step(&n.to_string(), refused())).collect();
        let facts = facts("reference", vec![experiment(name, steps, measured)]);
        let facts = serde_json::to_value(facts).unwrap();
        let findings = Messaging.judge(&facts, &all_checks(), &policy(), date(2026, 11, 21)).unwrap();
        prop_assert_eq!(findings.len(), all_checks().len());
        Messaging.figures(&facts).unwrap();
        Messaging.subject(&facts).unwrap();
    }

    #[test]
    fn what_is_not_facts_is_refused(value in any_value()) {
        prop_assert!(Messaging.judge(&value, &all_checks(), &policy(), date(2026, 11, 21)).is_err());
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z_]{0,12}".prop_map(Value::from),
    ];
    let keys = prop_oneof![
        Just("readable_through".to_owned()),
        Just("gone_at".to_owned()),
        Just("tried".to_owned()),
        Just("healed_after".to_owned()),
        Just("positions".to_owned()),
        "[a-z_]{1,10}",
    ];
    leaf.prop_recursive(3, 16, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
