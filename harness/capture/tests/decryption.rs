//! Decrypted application data, byte for byte as `tshark` decrypts it.
//!
//! Two kinds of recordings: the public ones with keys (`HALLMARK_CAPTURES`, by default
//! `../shared/captures` beside the workspace), and new ones of OpenSSL's programs with each of its
//! cipher suites. Run with `-- --nocapture` to see the tables.

#![expect(clippy::print_stdout, reason = "outcomes, and what could not be run, are said")]

mod decryption {
    pub(crate) mod cases;
    pub(crate) mod live;
    pub(crate) mod ours;
    pub(crate) mod pcap;
    pub(crate) mod streams;
    pub(crate) mod tshark;
}

use std::{env, fmt::Write, path::Path};

use decryption::{
    cases,
    live::{self, Sessions},
    ours,
    pcap::SERVER_PORT,
    streams::differences,
    tshark,
};

/// Differences that were looked into: a part of the stream's title, how the difference begins, and
/// the reason.
const EXPLAINED: &[(&str, &str, &str)] = &[
    (
        "CAMELLIA",
        "decrypted by tshark only",
        "our OpenSSL is built without Camellia; the records are counted as closed",
    ),
    (
        "ARIA",
        "decrypted by hallmark only",
        "tshark decrypts with libgcrypt, which has no ARIA before 1.11",
    ),
];

#[test]
fn public_captures_are_decrypted_as_tshark_does() {
    if !are_there(&["tshark"]) {
        return;
    }
    let cases = cases::all();
    if cases.is_empty() {
        println!("not run: no captures with keys (HALLMARK_CAPTURES)");
        return;
    }
    let mut judged = Judged::default();
    for case in &cases {
        let before = judged.compared;
        judged.judge(&case.name, &[], &case.file, &case.keys);
        assert!(judged.compared > before, "{}: nobody decrypts anything", case.name);
    }
    judged.conclude();
}

#[test]
fn every_cipher_suite_of_openssl_is_decrypted_as_tshark_does() {
    let versions = ["-tls1", "-tls1_1", "-tls1_2", "-tls1_3"];
    recorded(versions.map(|version| move || live::with_each_suite(version)));
}

#[test]
fn the_ways_of_tls_1_3_are_decrypted_as_tshark_does() {
    recorded([live::of_tls13]);
}

#[test]
fn the_ways_of_tls_1_2_are_decrypted_as_tshark_does() {
    recorded([live::of_tls12]);
}

/// Records sessions and compares them.
fn recorded<R: Fn() -> Sessions>(records: impl IntoIterator<Item = R>) {
    if !are_there(&["tshark", "openssl"]) {
        return;
    }
    let mut judged = Judged::default();
    for record in records {
        let sessions = record();
        let before = judged.compared;
        let Sessions { name, file, keys, labels, requests, .. } = &sessions;
        judged.judge(name, labels, file, keys);
        assert_eq!(judged.compared - before, labels.len(), "{}", judged.table);
        // What was asked is known here, also where tshark cannot tell.
        for stream in ours::decrypt(file, keys).iter().filter(|stream| stream.bytes() > 0) {
            let request = stream.said_to(SERVER_PORT);
            assert_eq!(request, requests[stream.number].as_bytes(), "{}", labels[stream.number]);
        }
    }
    judged.conclude();
}

/// The table of outcomes.
#[derive(Default)]
struct Judged {
    table: String,
    equal: usize,
    bytes: u64,
    /// Streams in which at least one of us found something.
    compared: usize,
    failures: Vec<String>,
}

impl Judged {
    /// Compares all streams of a capture, which have these labels or only numbers.
    fn judge(&mut self, name: &str, labels: &[String], file: &Path, keys: &[u8]) {
        let theirs = tshark::decrypt(file, keys);
        let ours = ours::decrypt(file, keys);
        for (stream, difference) in differences(&ours, &theirs) {
            self.compared += 1;
            let label = labels.get(stream.number).cloned();
            let label = label.unwrap_or_else(|| format!("stream {}", stream.number));
            let title = format!("{name} {label}");
            let outcome = if let Some(difference) = difference {
                let reason = explanation(&title, &difference);
                let outcome = format!("{difference}: {}", reason.unwrap_or("NOT EXPLAINED"));
                if reason.is_none() {
                    self.failures.push(format!("{title}: {outcome}"));
                }
                outcome
            } else {
                self.equal += 1;
                self.bytes += stream.bytes();
                "equal".to_owned()
            };
            let _ = writeln!(self.table, "{title}:{stream} {outcome}");
        }
    }

    fn conclude(&self) {
        println!("{}{} streams equal, {} bytes", self.table, self.equal, self.bytes);
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
        assert!(self.equal > 0, "nothing was compared:\n{}", self.table);
    }
}

fn explanation(title: &str, difference: &str) -> Option<&'static str> {
    EXPLAINED
        .iter()
        .find(|(part, beginning, _)| title.contains(part) && difference.starts_with(beginning))
        .map(|(_, _, reason)| *reason)
}

/// Whether outside programs are there; says what is not.
fn are_there(peers: &[&str]) -> bool {
    let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
    peers.iter().all(|peer| {
        let is_there = installed.split(',').any(|name| name == *peer);
        if !is_there {
            println!("not run: peer {peer} is not installed; `cargo xtask peers` installs it");
        }
        is_there
    })
}
