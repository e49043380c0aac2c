//! Whole products on loopback, each through one `hallmark run`: their servers are started and stopped by
//! `cargo xtask product`, which is what a person types too.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{BufRead, BufReader, ErrorKind},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// The longest that a product may take, its server's start included.
const LONGEST: Duration = Duration::from_secs(180);

/// What one product's run left behind.
struct Seen {
    code: Option<i32>,
    report: Value,
    traffic: Value,
    conversation: Value,
    took: Duration,
}

fn is_installed(name: &str, parts: &[&str]) -> bool {
    let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
    let missing: Vec<_> =
        parts.iter().filter(|part| !installed.split(',').any(|name| name == **part)).collect();
    if !missing.is_empty() {
        println!("not run: product {name} needs {missing:?}; `cargo xtask peers` installs it");
    }
    missing.is_empty()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// `cargo xtask product NAME`, with a bundle in `out`.
fn xtask_product(name: &str, out: &Path) -> Command {
    let xtask = Path::new(env!("CARGO_BIN_EXE_hallmark")).with_file_name("xtask");
    let mut command = Command::new(xtask);
    command
        .env("CARGO_MANIFEST_DIR", root().join("xtask"))
        .args(["product", name, "--depth", "quick", "--seed", "7f3a", "--out"])
        .arg(out)
        .stdin(Stdio::null());
    command
}

/// Runs a product; nothing where one of its parts is not installed.
fn product(name: &str, parts: &[&str]) -> Option<Seen> {
    if !is_installed(name, parts) {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let started = Instant::now();
    let ended = ended(name, xtask_product(name, &out).arg("-q"));
    let took = started.elapsed();
    let said = String::from_utf8_lossy(&ended.stderr);
    let read = |file: &str| -> Value {
        let text =
            fs::read(out.join(file)).unwrap_or_else(|error| panic!("{file}: {error}: {said}"));
        serde_json::from_slice(&text).unwrap()
    };
    let messaging = read("facts/messaging.json");
    let experiments = messaging["experiments"].as_array().unwrap();
    let conversation = experiments.iter().find(|e| e["id"] == "messaging/app-conversation");
    let seen = Seen {
        code: ended.status.code(),
        report: read("report.json"),
        traffic: read("facts/traffic.json"),
        conversation: conversation.unwrap().clone(),
        took,
    };
    assert!(!folder.path().join("bundle.work").exists(), "{name} leaves its workplace");
    Some(seen)
}

/// Runs to the end, after which nothing that its accounts stored is left.
fn ended(name: &str, command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = folder_of(name, child.id());
    let ended = child.wait_with_output().unwrap();
    assert!(!folder.exists(), "{name} leaves data of its accounts");
    ended
}

/// Where the run of this process keeps its server's data.
fn folder_of(name: &str, pid: u32) -> PathBuf {
    root().join("target/products").join(format!("{name}.{pid}"))
}

/// What holds for every product, encrypted or not: everything arrived, everything was opened and searched,
/// and what must be found was.
fn was_recorded(seen: &Seen) {
    assert!(seen.took < LONGEST, "{:?}", seen.took);
    let Seen { conversation, traffic, .. } = seen;
    assert_eq!(conversation["stopped"], Value::Null, "{conversation:#}");
    assert_eq!(conversation["measured"]["arrived"], 10, "{conversation:#}");
    assert_eq!(conversation["measured"]["leaver_reads"], false, "{conversation:#}");
    assert_eq!(conversation["measured"]["second_device_reads"], true, "{conversation:#}");
    let planted: BTreeSet<_> = traffic["canaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["what"].as_str().unwrap())
        .collect();
    for what in
        ["a message to bob", "a file to bob", "the body of a file", "a message to the group"]
    {
        assert!(planted.contains(what), "{planted:?}");
    }
    for control in traffic["controls"].as_array().unwrap() {
        let places = places(control);
        assert!(places.contains("flow decrypted") && places.contains("file"), "{control:#}");
    }
    for flow in traffic["flows"].as_array().unwrap() {
        assert_eq!(flow["decrypted"]["failed"], 0, "{flow:#}");
    }
}

/// `flow decrypted`, `flow raw`, `file`, `name`: where a text was found.
fn places(planted: &Value) -> BTreeSet<String> {
    let found = planted["found"].as_array().unwrap().iter();
    found
        .map(|hit| {
            let place = &hit["where"];
            let kind = place["kind"].as_str().unwrap();
            place["layer"].as_str().map_or(kind.to_owned(), |layer| format!("{kind} {layer}"))
        })
        .collect()
}

fn verdict<'a>(report: &'a Value, check: &str) -> &'a str {
    let mut checks = report["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["checks"].as_array().unwrap());
    checks.find(|known| known["id"] == check).unwrap()["verdict"].as_str().unwrap()
}

fn nothing_was_readable(seen: &Seen) {
    was_recorded(seen);
    for canary in seen.traffic["canaries"].as_array().unwrap() {
        assert_eq!(places(canary), BTreeSet::new(), "{canary:#}");
    }
    assert_eq!(seen.conversation["measured"]["shown_encrypted"], 10);
    for check in ["traffic/canaries-in-transit", "traffic/canaries-at-rest"] {
        assert_eq!(verdict(&seen.report, check), "pass", "{check}");
    }
    // An app that keeps its library to itself leaves most house rules untested: not met, not failed.
    assert_eq!(seen.report["headline"]["clauses"], "not-determined");
    assert_eq!(seen.code, Some(3));
}

fn everything_was_readable(seen: &Seen, media: &str) {
    was_recorded(seen);
    for canary in seen.traffic["canaries"].as_array().unwrap() {
        let places = places(canary);
        assert!(places.contains("flow decrypted") && places.contains("file"), "{canary:#}");
        // TLS keeps it from the line all the same.
        assert!(!places.contains("flow raw"), "{canary:#}");
        if canary["what"] == "the body of a file" {
            let mut found = canary["found"].as_array().unwrap().iter();
            let stored =
                |hit: &Value| hit["where"]["path"].as_str().is_some_and(|p| p.contains(media));
            assert!(found.any(stored), "{canary:#}");
        }
    }
    assert_eq!(seen.conversation["measured"]["shown_encrypted"], 0);
    for check in ["traffic/canaries-in-transit", "traffic/canaries-at-rest"] {
        assert_eq!(verdict(&seen.report, check), "fail", "{check}");
    }
    assert_eq!(seen.report["headline"]["clauses"], "does-not-meet");
    assert_eq!(seen.code, Some(1));
}

/// Push notifications went out, and messages stood in them or not.
fn was_pushed(seen: &Seen, readable_as: &[&str]) {
    let measured = &seen.conversation["measured"];
    assert!(measured["pushed"].as_u64().is_some_and(|count| count > 0), "{measured:#}");
    assert_eq!(measured["readable_in_push"], serde_json::json!(readable_as));
}

#[test]
fn xmpp_with_omemo_keeps_what_is_written_from_its_server() {
    let Some(seen) = product("xmpp-omemo", &["xmpp-omemo", "prosody"]) else { return };
    nothing_was_readable(&seen);
}

#[test]
fn xmpp_without_omemo_shows_everything_to_its_server() {
    let Some(seen) = product("xmpp-plain", &["xmpp-plain", "prosody"]) else { return };
    everything_was_readable(&seen, "http_file_share");
}

#[test]
fn matrix_with_encrypted_rooms_keeps_what_is_written_from_its_server() {
    let Some(seen) = product("matrix", &["matrix-nio", "synapse"]) else { return };
    nothing_was_readable(&seen);
    was_pushed(&seen, &[]);
}

#[test]
fn matrix_without_encryption_shows_everything_to_its_server() {
    let Some(seen) = product("matrix-plain", &["matrix-nio-plain", "synapse"]) else { return };
    everything_was_readable(&seen, "media/local_content");
    was_pushed(&seen, &["UTF-8"]);
}

/// What became of each attack of a malicious server: verdict and observed, by check.
fn attacked(name: &str, flags: &[&str]) -> BTreeMap<String, (String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bundle");
    let mut command = xtask_product(name, &out);
    command.args(["-q", "--only", "messaging/app-*", "--skip", "messaging/app-conversation"]);
    let ended = ended(name, command.args(flags));
    let said = String::from_utf8_lossy(&ended.stderr);
    let report = fs::read(out.join("report.json"));
    let report = report.unwrap_or_else(|error| panic!("{name}: {error}: {said}"));
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["run"]["intrusive"], flags.contains(&"--intrusive"), "{name}");
    let rows = report["requirements"].as_array().unwrap().iter();
    let checks = rows.flat_map(|row| row["checks"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks
        .filter(|check| check["id"].as_str().unwrap().starts_with("messaging/app-"))
        .filter(|check| check["id"] != "messaging/app-conversation")
        .map(|check| (text(&check["id"]), (text(&check["verdict"]), text(&check["observed"]))))
        .collect()
}

const OMEMO: [&str; 2] = ["xmpp-omemo", "prosody"];
const MATRIX: [&str; 2] = ["matrix-nio", "synapse"];

/// Each attack on the app of this product came to this.
fn malicious_server(name: &str, parts: &[&str], expected: [(&str, &str); 9]) {
    if !is_installed(name, parts) {
        return;
    }
    let started = Instant::now();
    let found = attacked(name, &["--intrusive"]);
    assert!(started.elapsed() < LONGEST, "{:?}", started.elapsed());
    let verdicts: Vec<_> = found
        .iter()
        .map(|(check, (verdict, _))| (check.trim_start_matches("messaging/app-"), &verdict[..]))
        .collect();
    assert_eq!(verdicts, expected, "{found:#?}");
}

/// Blind trust takes the server's device until somebody was verified, and says so; then it refuses. Keys that
/// were verified and not used yet are fetched again, and not compared. Whoever is in the server's list of a
/// group gets its messages; where the app has met them before, nobody is told.
#[test]
fn xmpp_with_omemo_before_a_malicious_server() {
    let expected = [
        ("added-member", "fail"),
        ("device-keys", "fail"),
        ("ghost-device", "warn"),
        ("inventory", "not-applicable"),
        ("marker", "pass"),
        ("plaintext", "pass"),
        ("prekeys", "not-applicable"),
        ("replay", "pass"),
        ("sender", "pass"),
    ];
    malicious_server("xmpp-omemo", &OMEMO, expected);
}

/// As most programs on it, the client writes to every device that its server lists, also of somebody who
/// was verified; and it shows the sender that the server names. It says who joined before anybody writes.
#[test]
fn matrix_with_encrypted_rooms_before_a_malicious_server() {
    let expected = [
        ("added-member", "pass"),
        ("device-keys", "pass"),
        ("ghost-device", "fail"),
        ("inventory", "not-applicable"),
        ("marker", "pass"),
        ("plaintext", "pass"),
        ("prekeys", "not-applicable"),
        ("replay", "pass"),
        ("sender", "fail"),
    ];
    malicious_server("matrix", &MATRIX, expected);
}

#[test]
fn without_leave_nobody_is_attacked() {
    if !is_installed("xmpp-omemo", &OMEMO) {
        return;
    }
    let found = attacked("xmpp-omemo", &[]);
    assert_eq!(found.len(), 9);
    for (check, (verdict, observed)) in found {
        assert_eq!(verdict, "not-tested", "{check}: {observed}");
        assert!(observed.contains("needs --intrusive"), "{check}: {observed}");
    }
}

/// Killed while its users log in, a product leaves no process and no open port. What its accounts stored lies in
/// the folders of the run, and the next run of the product removes those of the dead.
#[test]
fn a_product_that_is_killed_leaves_nothing_running() {
    if !is_installed("xmpp-plain", &["xmpp-plain", "prosody"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = xtask_product("xmpp-plain", &folder.path().join("bundle"))
        .args(["--progress", "lines", "--only", "messaging/app-conversation"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let talks = lines.by_ref().any(|line| line.starts_with("messaging"));
    assert!(talks, "the run ended before its users talked");
    let left = folder_of("xmpp-plain", child.id());
    let description = fs::read_to_string(left.join("hallmark.toml")).unwrap();
    let server = description.lines().find_map(|line| line.strip_prefix("server = ")).unwrap();
    let server: SocketAddr = server.trim_matches('"').parse().unwrap();
    assert!(
        TcpStream::connect(server).is_ok(),
        "control: the server listens while the run goes on"
    );
    let family = descendants(child.id());
    assert!(family.len() >= 4, "control: server, program, guard and driver run: {family:?}");

    child.kill().unwrap();
    child.wait().unwrap();
    // The pipe is closed once nobody of the run holds it any more.
    assert!(lines.count() < 1000);
    let deadline = Instant::now() + Duration::from_secs(20);
    let alive = || family.iter().filter(|process| process.is_alive()).count();
    while (alive() > 0 || TcpStream::connect(server).is_ok()) && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(alive(), 0, "{family:?}");
    assert!(TcpStream::connect(server).is_err(), "{server} is still open");
    // A run beside this one may have been the next, and removed it.
    if let Err(error) = fs::remove_dir_all(&left) {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{}: {error}", left.display());
    }
}

/// A process, told from a later one of the same number by when it started.
#[derive(Debug)]
struct Process {
    pid: u32,
    started: String,
}

impl Process {
    fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|(_, state, started)| state != "Z" && started == self.started)
    }
}

/// Parent, state and start of a process (proc(5), `/proc/PID/stat`, fields 4, 3 and 22).
fn stat(pid: u32) -> Option<(u32, String, String)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<_> = rest.split(' ').collect();
    Some((
        fields.get(1)?.parse().ok()?,
        (*fields.first()?).to_owned(),
        (*fields.get(19)?).to_owned(),
    ))
}

/// Every process that descends from this one.
fn descendants(of: u32) -> Vec<Process> {
    let all: Vec<_> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| stat(pid).map(|(parent, _, started)| (pid, parent, started)))
        .collect();
    let mut family = vec![of];
    let mut found = Vec::new();
    while let Some(parent) = family.pop() {
        for (pid, _, started) in all.iter().filter(|(_, of, _)| *of == parent) {
            family.push(*pid);
            found.push(Process { pid: *pid, started: started.clone() });
        }
    }
    found
}
