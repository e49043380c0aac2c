//! The fault matrix: every fault of the reference candidate turns exactly the checks that it
//! declares, and nothing else. And, where `HALLMARK_SABOTAGE` is set, the proof that the matrix can
//! fail: each check in turn is made to always pass, then to always fail, and the matrix must go red
//! every time.

#![expect(clippy::print_stdout, reason = "the matrix is printed for people")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
};

use hallmark_driver::Builtin;
use hallmark_messaging::{Driven, Messaging};
use hallmark_model::{CheckId, Sha256, Suite as SuiteName, Verdict, selection::Depth};
use hallmark_reference::{Fault, Faults};
use hallmark_runner::{Forget, Job, Prober, Seed, Suite};
use jiff::civil::date;

type Verdicts = BTreeMap<CheckId, Verdict>;

/// Verdicts by fault; the first row is the honest candidate.
struct Matrix(Vec<(Option<Fault>, Verdicts)>);

impl Matrix {
    fn observe() -> Self {
        let rows = [None].into_iter().chain(Fault::ALL.map(Some));
        Self(rows.map(|fault| (fault, verdicts(fault))).collect())
    }

    /// The same matrix, had `check` been a constant.
    fn with_constant(&self, check: &CheckId, verdict: Verdict) -> Self {
        let rows = self.0.iter().map(|(fault, verdicts)| {
            let mut verdicts = verdicts.clone();
            verdicts.insert(check.clone(), verdict);
            (*fault, verdicts)
        });
        Self(rows.collect())
    }

    /// Every place where what was observed is not what is declared.
    fn deviations(&self) -> Vec<String> {
        let mut deviations = Vec::new();
        for (fault, verdicts) in &self.0 {
            let declared: BTreeSet<CheckId> = fault
                .iter()
                .flat_map(|fault| fault.declared())
                .map(|(name, _)| CheckId::of(SuiteName::Messaging, name))
                .collect();
            let name = fault.map_or("no fault", Fault::name);
            for (check, verdict) in verdicts {
                let expected = if declared.contains(check) { Verdict::Fail } else { Verdict::Pass };
                if *verdict != expected {
                    deviations.push(format!("{name}: {check} is {verdict}, declared {expected}"));
                }
            }
        }
        deviations
    }
}

fn verdicts(fault: Option<Fault>) -> Verdicts {
    let faults: Faults = fault.into_iter().collect();
    let connect = Builtin::new("reference", move || hallmark_reference::device(&faults));
    let driven = Driven::new(Box::new(connect), "messaging builtin:reference".to_owned());
    let standard = hallmark_standards::load("nhs-im").unwrap().standard;
    let checks: Vec<_> = Messaging.checks().into_iter().map(|info| info.id).collect();
    let recorder = Forget(|_: &[u8]| Sha256::from_bytes([0; 32]));
    let job = Job {
        checks: &checks,
        depth: Depth::Full,
        seed: Seed(0x7f3a),
        tell: &|_| {},
        recorder: &recorder,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let facts = runtime.block_on(driven.probe(&job)).unwrap();
    let findings = Messaging.judge(&facts, &checks, &standard.policy, date(2026, 11, 21)).unwrap();
    findings.into_iter().map(|finding| (finding.check, finding.verdict)).collect()
}

#[test]
fn every_fault_turns_what_it_declares_and_the_matrix_can_fail() {
    let matrix = Matrix::observe();
    for (fault, verdicts) in &matrix.0 {
        let turned: Vec<_> = verdicts
            .iter()
            .filter(|(_, verdict)| **verdict != Verdict::Pass)
            .map(|(check, verdict)| format!("{} {verdict}", check.name()))
            .collect();
        println!("{:<26} {}", fault.map_or("no fault", Fault::name), turned.join(", "));
    }
    let deviations = matrix.deviations();
    assert!(deviations.is_empty(), "{}", deviations.join("\n"));

    let gradable: BTreeSet<_> = matrix.0[0].1.keys().cloned().collect();
    let turned: BTreeSet<_> = Fault::ALL
        .iter()
        .flat_map(|fault| fault.declared())
        .map(|(name, _)| CheckId::of(SuiteName::Messaging, name))
        .collect();
    let unproven: Vec<_> = gradable.difference(&turned).collect();
    assert!(unproven.is_empty(), "no fault turns {unproven:?}");

    if env::var_os("HALLMARK_SABOTAGE").is_none() {
        println!("\nno sabotage: `cargo xtask fault-matrix --sabotage` asks for it");
        return;
    }
    println!("\nsabotage: each check made constant; the matrix must go red");
    for check in &gradable {
        for verdict in [Verdict::Pass, Verdict::Fail] {
            let deviations = matrix.with_constant(check, verdict).deviations();
            println!("{check:<34} always {verdict:<5} {} deviations", deviations.len());
            assert!(!deviations.is_empty(), "nobody notices {check} always {verdict}");
        }
    }
}
