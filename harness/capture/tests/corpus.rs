//! Against the public captures of the manifest and what `tshark` says of them.
//!
//! They are not part of the project: `HALLMARK_CAPTURES` names their folder, by default
//! `../shared/captures` beside the workspace. `cargo test … -- --nocapture` shows every difference.

#![expect(clippy::print_stdout, reason = "differences, and what could not be run, are said")]

#[path = "corpus/folder.rs"]
mod folder;
#[path = "corpus/manifest.rs"]
mod manifest;
#[path = "corpus/tally.rs"]
mod tally;

use std::{
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use hallmark_capture::{Captured, Layer, Limits, Listener, Side, read};
use hallmark_tls::KeyLog;
use manifest::Entry;
use tally::{Tally, groups_and_retries, versions_and_suites};

/// Nothing may take longer.
const SLOWEST: Duration = Duration::from_secs(2);

/// Hears nothing.
struct Deaf;

impl Listener for Deaf {
    fn bytes(&mut self, _: u64, _: Side, _: Layer, _: u64, _: &[u8]) {}
    fn gap(&mut self, _: u64, _: Side, _: Layer) {}
    fn datagram(&mut self, _: u64, _: Side, _: &[u8]) {}
}

#[test]
fn the_corpus_is_read_as_tshark_reads_it() {
    let Some(entries) = manifest::load() else {
        println!("not run: no manifest of captures (HALLMARK_CAPTURES)");
        return;
    };
    let mut tally = Tally::default();
    for entry in &entries {
        let began = Instant::now();
        let captured = catch_unwind(AssertUnwindSafe(|| {
            read(
                std::slice::from_ref(&entry.file),
                &KeyLog::default(),
                &Limits::default(),
                &mut Deaf,
                &mut |_| {},
            )
        }));
        let took = began.elapsed();
        if took > SLOWEST {
            tally.failures.push(format!("{} took {took:?}", entry.path));
        }
        match captured {
            Ok(Ok(captured)) => compare(entry, &captured, &mut tally),
            Ok(Err(error)) => tally.failures.push(format!("{}: {error}", entry.path)),
            Err(_) => tally.failures.push(format!("{}: panicked", entry.path)),
        }
    }
    println!("{}", tally.summary());
    assert!(tally.failures.is_empty(), "failures:\n{}", tally.failures.join("\n"));
    assert!(
        tally.files_with_equal_packets * 100 >= tally.files * 98,
        "packets differ in more than 2 % of the files"
    );
    assert!(
        tally.sessions_found * 100 >= tally.sessions * 95,
        "{} of {} sessions found",
        tally.sessions_found,
        tally.sessions
    );
    assert!(tally.disagreements.is_empty(), "disagreements:\n{}", tally.disagreements.join("\n"));
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("not-yet-read", tally.not_yet_read());
    });
}

fn compare(entry: &Entry, captured: &Captured, tally: &mut Tally) {
    tally.files += 1;
    let [file] = captured.files.as_slice() else { panic!("one file in, one file out") };
    tally.file(file, &captured.flows);
    let path = &entry.path;
    if file.packets == entry.packets {
        tally.files_with_equal_packets += 1;
    } else {
        let (ours, theirs) = (file.packets, entry.packets);
        println!("{path}: {ours} packets, tshark has {theirs}: {:?}", file.problems);
        if manifest::why_packets_differ(path).is_none() {
            tally.disagreements.push(format!("{path}: {ours} packets, tshark has {theirs}"));
        }
    }
    let (versions, suites) = versions_and_suites(&captured.flows);
    let (found, all) = (versions.intersection(&entry.versions), entry.versions.total());
    tally.sessions += all;
    tally.sessions_found += found;
    if found < all {
        println!("{path}: {found} of {all} sessions, {:?}", file.problems);
        tally.missed(manifest::why_missed(path).unwrap_or("not explained"), all - found);
    }
    let (groups, retries) = groups_and_retries(&captured.flows);
    let mut strange = String::new();
    for (what, ours, theirs) in [
        ("versions", &versions, &entry.versions),
        ("suites", &suites, &entry.suites),
        ("groups", &groups, &entry.groups),
    ] {
        if !ours.is_part_of(theirs) {
            let _ = write!(strange, " {what} {ours:?}, tshark has {theirs:?};");
        }
    }
    if retries > entry.retries {
        let _ = write!(strange, " {retries} retries, tshark has {};", entry.retries);
    }
    for name in captured.flows.iter().filter_map(|flow| flow.handshake.as_ref()?.sni.as_ref()) {
        if entry.names.len() < manifest::MOST_NAMES && !entry.names.contains(name) {
            let _ = write!(strange, " the name {name:?} is new;");
        }
    }
    if !strange.is_empty() {
        println!("{path}:{strange}");
        match manifest::why_we_see_more(path) {
            Some(_) => tally.exceptions += 1,
            None => tally.disagreements.push(format!("{path}:{strange}")),
        }
    }
}
