//! The flow with a suite made for the purpose: what is told, what is kept, what is concluded.

use std::{cell::RefCell, collections::BTreeMap, future::Future, pin::Pin};

use hallmark_model::{
    CheckId, Declaration, ExitCode, Figure, Finding, Headline, Overlay, Policy, Report, Selection,
    Sha256, Standard, Suite as SuiteName, Verdict, Waiver,
    candidate::{FailOn, GateSettings},
    event::Stamped,
    report::{Assurance, Candidate, Counts, Run, StandardRef, Subject, Tool},
};
use hallmark_runner::{
    CheckInfo, FactsError, Finished, Job, Plan, PlanError, ProbeError, Prober, Recorder,
    RecorderError, RunError, Scope, Seed, Setting, Suite, gate, rows, run,
};
use jiff::{Timestamp, civil::Date};
use proptest::prelude::*;
use serde_json::{Value, json};

const STANDARD: &str = r#"
[document]
id = "test"
version = "1"
title = "A test"
publisher = "Nobody"
date = "2026-11-21"
status = "draft"
note = "For tests."
"#;

fn standard() -> Standard {
    let row = |id: &str, gate: &str, provenance: &str, evidence: &str, checks: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\ntitle = \"T\"\nlevel = \"should\"\ngate = \
             \"{gate}\"\nprovenance = \"{provenance}\"\nevidence = [\"{evidence}\"]\nchecks = \
             [{checks}]\nwhy = \"W\"\nremedy = \"R\"\n[requirement.clause]\ndocument = \
             \"D\"\npublished = \"P\"\nreference = \"R\"\nparaphrase = \"P\"\n"
        )
    };
    let (one, two) = ("\"messaging/one\"", "\"messaging/one\", \"messaging/two\"");
    let text = [
        STANDARD.to_owned(),
        row("A/1", "block", "read", "active-test", one),
        row("A/2", "block", "read", "active-test", two),
        row("A/3", "report", "read", "active-test", one),
        row("A/4", "block", "unconfirmed", "active-test", one),
        row("A/5", "block", "read", "vendor-declaration", ""),
    ];
    toml::from_str(&text.concat()).unwrap()
}

/// A suite whose facts are the verdicts themselves.
struct Plain;

impl Suite for Plain {
    fn name(&self) -> SuiteName {
        SuiteName::Messaging
    }

    fn checks(&self) -> Vec<CheckInfo> {
        ["one", "two"]
            .map(|name| CheckInfo { id: CheckId::of(SuiteName::Messaging, name), title: "A check" })
            .to_vec()
    }

    fn judge(
        &self,
        facts: &Value,
        checks: &[CheckId],
        _: &Policy,
        _: Date,
    ) -> Result<Vec<Finding>, FactsError> {
        Ok(checks.iter().map(|check| finding(check, &facts[check.name()])).collect())
    }

    fn subject(&self, _: &Value) -> Result<Subject, FactsError> {
        Ok(Subject { suite: self.name(), name: "it".to_owned(), notes: vec![] })
    }

    fn figures(&self, _: &Value) -> Result<Vec<Figure>, FactsError> {
        Ok(vec![])
    }
}

fn finding(check: &CheckId, verdict: &Value) -> Finding {
    Finding {
        check: check.clone(),
        verdict: serde_json::from_value(verdict.clone()).unwrap(),
        expected: "e".to_owned(),
        observed: "o".to_owned(),
        why: "w".to_owned(),
        by_design: None,
        evidence: vec![],
    }
}

/// Finds these facts, or nobody.
struct Finds(Option<Value>);

impl Prober for Finds {
    fn command(&self) -> String {
        "messaging it".to_owned()
    }

    fn probe<'a>(
        &'a self,
        job: &'a Job<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ProbeError>> + 'a>> {
        Box::pin(async move {
            job.keep("a byte", b"x")?;
            self.0.clone().ok_or_else(|| ProbeError::Unreachable("nobody is there".to_owned()))
        })
    }
}

/// Writes down what it is asked to keep; may be full.
#[derive(Default)]
struct Memory {
    kept: RefCell<Vec<String>>,
    full: bool,
}

impl Memory {
    fn note(&self, what: String) -> Result<(), RecorderError> {
        if self.full {
            return Err(RecorderError { what, reason: "no space is left".to_owned() });
        }
        self.kept.borrow_mut().push(what);
        Ok(())
    }
}

impl Recorder for Memory {
    fn keep(&self, bytes: &[u8]) -> Result<Sha256, RecorderError> {
        self.note(format!("evidence of {} byte", bytes.len()))?;
        Ok(Sha256::from_bytes([1; 32]))
    }

    fn journal(&self, event: &Stamped) -> Result<(), RecorderError> {
        let kind = serde_json::to_value(&event.event).unwrap()["kind"].clone();
        self.note(format!("event {}", kind.as_str().unwrap()))
    }

    fn facts(&self, suite: SuiteName, _: &Value) -> Result<(), RecorderError> {
        self.note(format!("facts of {suite}"))
    }

    fn report(&self, report: &Report) -> Result<(), RecorderError> {
        self.note(format!("report, complete: {}", report.run.complete))
    }
}

fn opening() -> Report {
    Report {
        schema: 1,
        tool: Tool { name: "hallmark".to_owned(), version: "0".to_owned(), sha256: None },
        standard: StandardRef {
            id: "test".to_owned(),
            version: "1".to_owned(),
            digest: Sha256::from_bytes([0; 32]),
            title: "A test".to_owned(),
            note: "For tests.".to_owned(),
        },
        candidate: Candidate {
            name: "It".to_owned(),
            version: "1".to_owned(),
            vendor: None,
            subjects: vec![],
        },
        run: Run {
            id: "run".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            finished: None,
            seed: "1".to_owned(),
            complete: false,
            selection: Selection::default(),
            assurance: Assurance::SelfTest,
            challenge: None,
            authorisation: None,
            intrusive: false,
            environment: vec![],
        },
        headline: Headline::UNDETERMINED,
        counts: Counts::default(),
        requirements: vec![],
    }
}

fn carry_out(finds: &Finds, memory: &Memory) -> Result<Finished, RunError> {
    let standard = standard();
    let suites: [(&dyn Suite, &dyn Prober); 1] = [(&Plain, finds)];
    let plan = Plan::new(&suites, Plain.checks(), &Selection::default(), &standard).unwrap();
    let setting = Setting {
        standard: &standard,
        opening: opening(),
        overlays: BTreeMap::new(),
        seed: Seed(1),
        gate: GateSettings::default(),
        whole_standard: false,
        recorder: memory,
        reporters: &[],
        clock: &|| Timestamp::UNIX_EPOCH,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(run(&plan, setting))
}

#[test]
fn everything_is_kept_in_order_and_the_report_is_whole_only_at_the_end() {
    let memory = Memory::default();
    let finished =
        carry_out(&Finds(Some(json!({ "one": "pass", "two": "fail" }))), &memory).unwrap();
    insta::assert_snapshot!(memory.kept.take().join("\n"), @r"
    report, complete: false
    event run-started
    evidence of 1 byte
    facts of messaging
    event judged
    event judged
    event run-finished
    ");
    assert!(finished.report.run.complete);
    assert_eq!(finished.exit, ExitCode::NotMet);
    let reproduce = finished.report.requirements[0].checks[0].reproduce.as_deref();
    assert_eq!(reproduce, Some("hallmark messaging it --only messaging/one --seed 1"));
}

#[test]
fn nobody_there_and_nothing_kept_are_errors_of_their_own() {
    let unreachable = carry_out(&Finds(None), &Memory::default()).unwrap_err();
    assert_eq!(unreachable.exit(), ExitCode::Unreachable);
    let full = Memory { full: true, ..Memory::default() };
    let lost = carry_out(&Finds(Some(json!({ "one": "pass", "two": "pass" }))), &full).unwrap_err();
    assert_eq!(lost.exit(), ExitCode::Incomplete);
    assert_eq!(lost.to_string(), "could not record report, complete: false: no space is left");
}

#[test]
fn selectors_choose_by_check_and_by_requirement() {
    let choose = |only: &[&str], skip: &[&str]| {
        let text = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        let selection = Selection { only: text(only), skip: text(skip), ..Selection::default() };
        let finds = Finds(None);
        let suites: [(&dyn Suite, &dyn Prober); 1] = [(&Plain, &finds)];
        Plan::new(&suites, vec![], &selection, &standard()).map(|plan| plan.checks())
    };
    assert_eq!(choose(&[], &[]), Ok(2));
    assert_eq!(choose(&["messaging/tw*"], &[]), Ok(1));
    assert_eq!(choose(&["A/1"], &[]), Ok(1));
    assert_eq!(choose(&["A/2"], &["*/one"]), Ok(1));
    assert_eq!(choose(&["A/5"], &[]), Err(PlanError::NothingSelected));
    assert!(matches!(choose(&["["], &[]), Err(PlanError::Selector(_))));
}

fn overlay(kind: &str) -> Overlay {
    let expires = jiff::civil::date(2027, 1, 1);
    let requirement = "A/1".parse().unwrap();
    match kind {
        "declared" => Declaration {
            requirement,
            by: "A".to_owned(),
            document: "D".to_owned(),
            sha256: Sha256::from_bytes([0; 32]),
            expires,
        }
        .into(),
        _ => Waiver {
            requirement,
            reason: "R".to_owned(),
            owner: "O".to_owned(),
            approved_by: "A".to_owned(),
            expires,
        }
        .into(),
    }
}

/// The exit code where check `one` concluded `verdict`, `two` was not run, and row A/1 carries an
/// overlay.
fn exit(
    verdict: Verdict,
    overlay_on_a1: Option<Overlay>,
    scope: Scope<'_>,
    shut: &[FailOn],
) -> ExitCode {
    let one = CheckId::of(SuiteName::Messaging, "one");
    let judged = hallmark_runner::Judged {
        findings: vec![finding(&one, &json!(verdict.id()))],
        command: String::new(),
        seed: String::new(),
    };
    let overlays = overlay_on_a1.into_iter().map(|o| ("A/1".parse().unwrap(), vec![o])).collect();
    let mut rows = rows(&standard(), &[], &[judged], &overlays);
    rows.retain(|row| row.id.as_str() != "A/2");
    gate(&rows, scope, &GateSettings { fail_on: shut.to_vec() })
}

#[test]
fn the_gate_looks_at_its_scope_and_at_nothing_else() {
    use ExitCode::{NotDetermined, NotMet, Ok};
    let one = [CheckId::of(SuiteName::Messaging, "one")];
    let default = GateSettings::default().fail_on;
    let alone = |verdict, overlay| exit(verdict, overlay, Scope::Checks(&one), &default);
    assert_eq!(alone(Verdict::Pass, None), Ok);
    assert_eq!(alone(Verdict::Fail, None), NotMet);
    assert_eq!(alone(Verdict::Warn, None), Ok);
    assert_eq!(alone(Verdict::Inconclusive, None), NotDetermined);
    assert_eq!(alone(Verdict::Error, None), NotDetermined);
    assert_eq!(alone(Verdict::NotTested, None), NotDetermined);
    assert_eq!(alone(Verdict::NotTested, Some(overlay("declared"))), Ok);
    assert_eq!(alone(Verdict::Fail, Some(overlay("declared"))), NotMet);
    assert_eq!(alone(Verdict::Fail, Some(overlay("waived"))), Ok);
    // Over the whole standard the row that nobody declared keeps the gate shut.
    assert_eq!(exit(Verdict::Pass, None, Scope::Standard, &default), NotDetermined);
    let warn = [FailOn::Warn];
    assert_eq!(exit(Verdict::Warn, None, Scope::Checks(&one), &warn), NotMet);
    // A failure keeps the gate shut whatever else was asked for.
    assert_eq!(exit(Verdict::Fail, None, Scope::Checks(&one), &warn), NotMet);
    assert_eq!(exit(Verdict::Inconclusive, None, Scope::Checks(&one), &warn), Ok);
}

proptest! {
    #[test]
    fn nothing_undetermined_passes_the_default_gate(
        verdict in proptest::sample::select(&Verdict::ALL[..])
    ) {
        let one = [CheckId::of(SuiteName::Messaging, "one")];
        let code = exit(verdict, None, Scope::Checks(&one), &GateSettings::default().fail_on);
        prop_assert_eq!(code == ExitCode::Ok, verdict.is_met());
    }
}
