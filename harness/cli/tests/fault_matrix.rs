//! The fault matrix: every fault of the reference candidate turns exactly the checks that it
//! declares, and nothing else, in whichever suite. And, where `HALLMARK_SABOTAGE` is set, the proof
//! that the matrix can fail: each check in turn is made to always pass, then to always fail, and
//! the matrix must go red every time.
//!
//! The demonstration itself is run, as anybody would run it.

#![expect(clippy::print_stdout, reason = "the matrix is printed for people")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use hallmark_reference::{Fault, LiveServer, Turn, Turned};
use serde_json::Value;

/// Runs at the same time.
const SIDE_BY_SIDE: usize = 2;

/// The verdict of an experiment that is measured and not judged.
const REPORT_ONLY: &str = "not-applicable";

/// Those experiments.
const MEASURED: [&str; 8] = [
    "messaging/app-conversation",
    "messaging/app-inventory",
    "messaging/app-prekeys",
    "messaging/decrypt-timing",
    "messaging/error-oracle",
    "messaging/group-clone",
    "messaging/prekey-depletion",
    "messaging/signed-text",
];

/// Checks of a live app on its server, which the demonstration does not have: for these, the reference
/// app is run on a server of its own, and the malicious server before it.
const NEEDS_A_SERVER: [&str; 10] = [
    "messaging/app-added-member",
    "messaging/app-conversation",
    "messaging/app-device-keys",
    "messaging/app-ghost-device",
    "messaging/app-inventory",
    "messaging/app-marker",
    "messaging/app-plaintext",
    "messaging/app-prekeys",
    "messaging/app-replay",
    "messaging/app-sender",
];

/// Checks of what a process holds. In the demonstration the candidate is no process of its own, so
/// for these it is run once more, as one. Only Linux lets others read the memory of a process.
const NEEDS_A_PROCESS: [&str; 2] = ["messaging/memory-residue", "messaging/state-residue"];

/// Checks that never do more than warn: where good libraries fall short by their protocol.
const GRADED: [&str; 8] = [
    "messaging/conversation-heals",
    "messaging/group-rotation",
    "messaging/key-commitment",
    "messaging/memory-residue",
    "messaging/sender-rollback",
    "messaging/signature-encoding",
    "messaging/state-residue",
    "messaging/transcript-order",
];

/// The verdict of each check, by id.
type Verdicts = BTreeMap<String, String>;

/// Verdicts by fault; the first row is the honest candidate.
struct Matrix(Vec<(Option<Fault>, Verdicts)>);

impl Matrix {
    fn observe() -> Self {
        let faults: Vec<_> = [None].into_iter().chain(Fault::ALL.map(Some)).collect();
        let next = AtomicUsize::new(0);
        let observe = || {
            let mut seen = Vec::new();
            while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                seen.push((*fault, demo(*fault)));
            }
            seen
        };
        let mut rows: Vec<_> = thread::scope(|scope| {
            let workers: Vec<_> = (0..SIDE_BY_SIDE).map(|_| scope.spawn(observe)).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        rows.sort_by_key(|(fault, _)| *fault);
        Self(rows)
    }

    /// The same matrix, had `check` been a constant.
    fn with_constant(&self, check: &str, verdict: &str) -> Self {
        let rows = self.0.iter().map(|(fault, verdicts)| {
            let mut verdicts = verdicts.clone();
            verdicts.insert(check.to_owned(), verdict.to_owned());
            (*fault, verdicts)
        });
        Self(rows.collect())
    }

    /// The checks whose experiments are measured and reported, and never judged.
    fn report_only(&self) -> BTreeSet<&str> {
        let honest = self.0[0].1.iter();
        let never_judged = honest.filter(|(_, verdict)| *verdict == REPORT_ONLY);
        never_judged.map(|(check, _)| check.as_str()).collect()
    }

    /// Every place where what was observed is not what is declared.
    fn deviations(&self) -> Vec<String> {
        let mut deviations = Vec::new();
        let report_only = self.report_only();
        for (fault, verdicts) in &self.0 {
            let declared: BTreeMap<&str, Turned> = fault
                .iter()
                .flat_map(|fault| fault.declared())
                .map(|turn| (turn.check, turn.to))
                .collect();
            let name = fault.map_or("no fault", Fault::name);
            for (check, verdict) in verdicts {
                let expected = match declared.get(check.as_str()) {
                    Some(turned) => turned.to_string(),
                    None if report_only.contains(check.as_str()) => REPORT_ONLY.to_owned(),
                    None => "pass".to_owned(),
                };
                if *verdict != expected {
                    deviations.push(format!("{name}: {check} is {verdict}, declared {expected}"));
                }
            }
        }
        deviations
    }
}

/// Runs the demonstration: it must end as the faults ask, and name what failed.
fn demo(fault: Option<Fault>) -> Verdicts {
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["demo", "--out", "bundle", "--seed", "7f3a", "--depth", "quick", "-q"];
    args.extend(fault.map(|fault| ["--fault", fault.name()]).into_iter().flatten());
    let ended = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .current_dir(folder.path())
        .args(&args)
        .env("COLUMNS", "80")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    let err = String::from_utf8(ended.stderr).unwrap();
    let name = fault.map_or("no fault", Fault::name);
    assert!(matches!(ended.status.code(), Some(0 | 1)), "{name}: {out}{err}");
    let report = report(&folder.path().join("bundle"));
    let rows = report["requirements"].as_array().unwrap();
    let failing = |turn: &&Turn| turn.to == Turned::Fail;
    let must_fail: BTreeSet<_> =
        fault.iter().flat_map(|fault| fault.declared()).filter(failing).map(|t| t.check).collect();
    let must_fail: BTreeSet<_> =
        must_fail.into_iter().filter(|check| !NEEDS_A_SERVER.contains(check)).collect();
    let blocking = || rows.iter().filter(|row| row["gate"] == "block");
    let decided_by = |row: &Value, turned: &BTreeSet<&str>| {
        let checks = row["checks"].as_array().unwrap();
        checks.iter().any(|check| turned.contains(check["id"].as_str().unwrap()))
    };
    let blocked = blocking().any(|row| decided_by(row, &must_fail));
    let code = if blocked { 1 } else { 0 };
    assert_eq!(ended.status.code(), Some(code), "{name}: {out}{err}");
    let failed: Vec<_> = blocking()
        .filter(|row| row["verdict"] == "fail")
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(failed.is_empty(), !blocked, "{name}: {failed:?}");
    for id in failed {
        assert!(out.contains(id), "{name}: the summary does not name {id}: {out}");
    }
    if blocked {
        let reproduce = out.lines().find(|line| line.contains("reproduce")).unwrap();
        assert!(reproduce.contains(&format!("demo --fault {name}")), "{reproduce}");
    }
    let checks = rows.iter().flat_map(|row| row["checks"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut verdicts: Verdicts =
        checks.map(|check| (text(&check["id"]), text(&check["verdict"]))).collect();
    for check in NEEDS_A_SERVER.into_iter().chain(NEEDS_A_PROCESS) {
        assert_eq!(verdicts.remove(check).as_deref(), Some("not-tested"), "{name}: {check}");
    }
    if cfg!(target_os = "linux") {
        verdicts.extend(process(fault, folder.path()));
    }
    if fault.is_none_or(Fault::is_of_the_live_app) {
        verdicts.extend(live(fault, folder.path()));
    }
    verdicts
}

/// Runs the reference app on its server, with and without a malicious one before it.
fn live(fault: Option<Fault>, folder: &Path) -> Verdicts {
    let server = LiveServer::start().unwrap();
    let faults: Vec<_> = fault.iter().map(|fault| fault.name()).collect();
    driver(&folder.join("app.toml"), "reference-app", &faults);
    driver(&folder.join("interceptor.toml"), "reference-interceptor", &["--intercept"]);
    let description = format!(
        "schema = 1\nstandard = \"nhs-im\"\n[candidate]\nname = \"Hallmark reference app\"\n\
         version = \"0.1.0\"\n[[messaging]]\ndriver = \"./app.toml\"\n[messaging.product]\n\
         server = \"{}\"\ninterceptor = \"./interceptor.toml\"\n",
        server.address()
    );
    fs::write(folder.join("hallmark.toml"), description).unwrap();
    let run = ["run", "--intrusive", "--out", "live"];
    judged(fault, folder, &run, &NEEDS_A_SERVER)
}

/// Runs the reference messenger as a process of its own, for what can be tested of that one only.
fn process(fault: Option<Fault>, folder: &Path) -> Verdicts {
    let faults: Vec<_> = fault.iter().map(|fault| fault.name()).collect();
    driver(&folder.join("driver.toml"), "reference-driver", &faults);
    judged(fault, folder, &["messaging", "./driver.toml"], &NEEDS_A_PROCESS)
}

/// Describes a program of the reference candidate, so that it is driven as any other.
fn driver(file: &Path, name: &str, args: &[&str]) {
    let program = if name == "reference-driver" { name } else { "reference-app" };
    let program = Path::new(env!("CARGO_BIN_EXE_hallmark"))
        .with_file_name(format!("hallmark-{program}"))
        .display()
        .to_string();
    let command: Vec<_> = [&program[..]].into_iter().chain(args.iter().copied()).collect();
    let manifest = format!(
        "name = {name:?}\nprotocol = \"hallmark-driver/2\"\ncommand = {command:?}\n\
         licence = \"Apache-2.0 OR MIT\"\nnetwork = \"any\"\n\
         candidate = {{ name = \"Hallmark {name}\", version = \"0.1.0\" }}\n"
    );
    fs::write(file, manifest).unwrap();
}

/// The verdicts of just these checks.
fn judged(fault: Option<Fault>, folder: &Path, args: &[&str], checks: &[&str]) -> Verdicts {
    let name = fault.map_or("no fault", Fault::name);
    let ended = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .current_dir(folder)
        .args(args)
        .args(["--only", &checks.join(","), "--format", "json", "-q"])
        .args(["--seed", "7f3a", "--depth", "quick"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = || String::from_utf8_lossy(&ended.stderr).into_owned();
    let object: Value = serde_json::from_slice(&ended.stdout)
        .unwrap_or_else(|error| panic!("{name}: {error}: {}", said()));
    let rows = object["requirements"].as_array().unwrap();
    let all = rows.iter().flat_map(|row| row["checks"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = all.map(|check| (text(&check["id"]), text(&check["verdict"])));
    let verdicts: Verdicts = all.filter(|(check, _)| checks.contains(&check.as_str())).collect();
    assert!(verdicts.keys().eq(checks.iter()), "{name}: {verdicts:?}");
    verdicts
}

fn report(bundle: &Path) -> Value {
    serde_json::from_slice(&fs::read(bundle.join("report.json")).unwrap()).unwrap()
}

#[test]
fn every_fault_turns_what_it_declares_and_the_matrix_can_fail() {
    let matrix = Matrix::observe();
    for (fault, verdicts) in &matrix.0 {
        let turned: Vec<_> = verdicts
            .iter()
            .filter(|(_, verdict)| *verdict != "pass")
            .map(|(check, verdict)| format!("{check} {verdict}"))
            .collect();
        println!("{:<26} {}", fault.map_or("no fault", Fault::name), turned.join(", "));
    }
    let deviations = matrix.deviations();
    assert!(deviations.is_empty(), "{}", deviations.join("\n"));

    let report_only = matrix.report_only();
    let gradable: BTreeSet<_> =
        matrix.0[0].1.keys().filter(|check| !report_only.contains(check.as_str())).collect();
    let turned: BTreeSet<_> = Fault::ALL
        .iter()
        .flat_map(|fault| fault.declared())
        .filter(|turn| turn.to == Turned::Fail || GRADED.contains(&turn.check))
        .map(|turn| turn.check.to_owned())
        .collect();
    let unproven: Vec<_> = gradable.iter().filter(|check| !turned.contains(**check)).collect();
    assert!(unproven.is_empty(), "no fault turns {unproven:?}");
    println!("\nmeasured, not judged: {report_only:?}");
    assert_eq!(report_only.into_iter().collect::<Vec<_>>(), MEASURED, "{REPORT_ONLY} by mistake?");

    if env::var_os("HALLMARK_SABOTAGE").is_none() {
        println!("\nno sabotage: `cargo xtask fault-matrix --sabotage` asks for it");
        return;
    }
    println!("\nsabotage: each check made constant; the matrix must go red");
    for check in &gradable {
        for verdict in ["pass", "fail"] {
            let deviations = matrix.with_constant(check, verdict).deviations();
            println!("{check:<34} always {verdict:<5} {} deviations", deviations.len());
            assert!(!deviations.is_empty(), "nobody notices {check} always {verdict}");
        }
    }
}
