//! The conformance kit, on drivers of which is known what is wrong with them.

#[path = "../src/bin/fake/toy.rs"]
mod toy;

use std::time::Duration;

use hallmark_driver::{
    Builtin, CheckReport, Connect, Deadlines, Guard, Launch, check, check_with, conformance::Status,
};

fn fake(mode: &str, after: u32) -> Launch {
    // Patience for a busy machine, except where nothing will come.
    let operation = Duration::from_secs(if mode == "silent" { 1 } else { 20 });
    Launch {
        name: format!("fake {mode}"),
        program: env!("CARGO_BIN_EXE_hallmark-fake-driver").into(),
        args: [mode, &after.to_string()].map(Into::into).into(),
        deadlines: Deadlines { hello: Duration::from_secs(20), operation },
        guard: Guard::at(env!("CARGO_BIN_EXE_hallmark-driver-guard")),
        network: hallmark_driver::Network::None,
        secrets: hallmark_driver::Secrets::default(),
        note: None,
    }
}

fn report(driver: &dyn Connect) -> CheckReport {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let report = runtime.block_on(check(driver));
    assert!(report.to_string().lines().all(|line| line.chars().count() <= 80));
    report
}

#[test]
fn a_driver_that_is_right_is_conformant() {
    let report = report(&fake("right", 0));
    assert!(report.is_conformant());
    insta::assert_snapshot!(report);
}

#[test]
fn a_built_in_device_is_checked_in_the_same_way() {
    let report = report(&Builtin::new("toy", || Box::new(toy::Toy::saying(None))));
    assert!(report.is_conformant(), "{report}");
    assert_eq!(report.driver, "builtin:toy");
}

#[test]
fn a_driver_that_lies_is_told_which_answers_are_wrong() {
    let report = report(&fake("lying", 0));
    assert!(!report.is_conformant());
    insta::assert_snapshot!(report);
}

#[test]
fn a_driver_that_does_more_than_it_says_is_told_so() {
    let report = report(&fake("modest", 0));
    assert!(report.is_conformant());
    assert!(report.count(Status::Note) > 10);
    insta::assert_snapshot!(report);
}

/// Only what is not well, for drivers with one fault each.
#[test]
fn each_fault_is_named_with_its_field() {
    let modes = [
        ("wrong", 0),
        ("garbage", 0),
        ("garbage", 3),
        ("wrong-id", 1),
        ("string-id", 0),
        ("two-kinds", 1),
        ("no-kind", 1),
        ("two-in-one", 2),
        ("two-lines", 1),
        ("unknown-field", 0),
        ("wrong-base64", 0),
        ("no-unsupported", 0),
        ("exit", 4),
        ("crash-mid-operation", 5),
        ("silent", 2),
        ("close-stdout", 2),
        ("oversized", 2),
        ("ignore-stdin-eof", 0),
        ("lingering", 0),
        ("nervous", 0),
        ("stubborn", 1),
        ("noisy", 0),
    ];
    let mut shown = Vec::new();
    for (mode, after) in modes {
        let report = report(&fake(mode, after));
        assert_eq!(report.is_conformant(), mode == "noisy", "{report}");
        let rows = report.rows.iter().filter(|row| row.status == Status::Broken);
        let rows = rows.map(|row| format!("\n  {} | {}\n    {}", row.step, row.op, row.message));
        shown.push(format!("{mode} after {after}{}", rows.collect::<String>()));
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

fn report_of_two(one: &dyn Connect, other: &dyn Connect) -> CheckReport {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check_with(one, other))
}

#[test]
fn two_drivers_of_one_protocol_understand_each_other() {
    let toy = Builtin::new("toy", || Box::new(toy::Toy::saying(None)));
    let report = report_of_two(&fake("right", 0), &toy);
    assert!(report.is_conformant(), "{report}");
    insta::assert_snapshot!(report);
}

#[test]
fn one_that_lies_to_the_other_is_found_out() {
    let toy = Builtin::new("toy", || Box::new(toy::Toy::saying(None)));
    let report = report_of_two(&toy, &fake("lying", 0));
    assert!(!report.is_conformant());
    let broken = report.rows.iter().filter(|row| row.status == Status::Broken);
    let shown: Vec<_> = broken.map(|row| format!("{} | {}", row.step, row.message)).collect();
    insta::assert_snapshot!(shown.join("\n"));
}
