//! A run that is killed at any moment leaves nothing that looks whole.

mod sample;

use std::{
    env, fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hallmark_bundle::{Bundle, BundleError, Draft};
use hallmark_model::{Suite, event::Stamped};
use sample::{complete, event, incomplete};
use serde_json::json;
use tempfile::TempDir;

/// How long a run is: long enough to be killed in the middle.
const EVENTS: u32 = 2000;

/// Kills, spread over the length of a run.
const KILLS: u32 = 40;

/// Kills at most, where few of these fell into a run.
const MOST_KILLS: u32 = 200;

const FOLDER: &str = "HALLMARK_TEST_KILLED_FOLDER";

/// What the child does: a run that writes everything, then says so.
fn run(dir: &std::path::Path) {
    let draft = Draft::create(dir).unwrap();
    draft.write_report(&incomplete()).unwrap();
    for n in 0..EVENTS {
        draft.append_event(&event(&n.to_string())).unwrap();
        draft.keep_evidence(&n.to_be_bytes().repeat(500)).unwrap();
    }
    draft.write_facts(Suite::Messaging, &json!({"events": EVENTS})).unwrap();
    draft.finish(&complete(), "<p>done</p>").unwrap();
}

#[test]
fn a_killed_run_never_looks_whole() {
    if let Some(dir) = env::var_os(FOLDER) {
        return run(dir.as_ref());
    }
    let folder = TempDir::new().unwrap();
    let start = |dir: &std::path::Path| {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_killed_run_never_looks_whole"])
            .env(FOLDER, dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let whole = folder.path().join("whole");
    let started = Instant::now();
    assert!(start(&whole).wait().unwrap().success(), "positive control");
    let duration = started.elapsed();
    assert!(Bundle::open(&whole).unwrap().report().run.complete);

    let (mut early, mut unfinished, mut finished) = (0, 0, 0);
    // Where the machine was busier before than it is now, kills come too late: then they are hurried.
    let mut duration = duration;
    for n in 0..MOST_KILLS {
        if n >= KILLS && unfinished > 5 {
            break;
        }
        let dir = folder.path().join(n.to_string());
        let mut child = start(&dir);
        let moment = n % KILLS;
        thread::sleep(duration * moment / KILLS + Duration::from_micros(u64::from(moment) * 37));
        child.kill().unwrap();
        child.wait().unwrap();
        match Bundle::open(&dir) {
            Ok(bundle) if bundle.report().run.complete => {
                finished += 1;
                duration = duration * 9 / 10;
                assert_eq!(
                    bundle.facts(Suite::Messaging).unwrap(),
                    Some(json!({"events": EVENTS}))
                );
                assert_eq!(fs::read_to_string(dir.join("report.html")).unwrap(), "<p>done</p>");
                assert_eq!(journal(&dir), (EVENTS as usize, 0));
            }
            Ok(_) => {
                unfinished += 1;
                assert!(journal(&dir).1 <= 1, "more than one torn line");
            }
            Err(BundleError::NoReport(_) | BundleError::Io { .. }) => early += 1,
            Err(other) => panic!("a killed run left a report that cannot be read: {other}"),
        }
    }
    assert!(unfinished > 5, "{early} early, {unfinished} unfinished, {finished} finished");
}

/// Whole and torn lines of the journal.
fn journal(dir: &std::path::Path) -> (usize, usize) {
    let text = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    let whole = text.lines().filter(|line| serde_json::from_str::<Stamped>(line).is_ok()).count();
    (whole, text.lines().count() - whole)
}
