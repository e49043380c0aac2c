//! Drivers that lie. A lie may cost the truth a verdict, but never buys a pass where an envelope, a
//! state or a message shows otherwise.
//!
//! Each liar is the reference messenger with a falsifier between it and the harness, reached in
//! attach mode.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use hallmark_driver::{protocol::Version, sdk::answer_line};
use hallmark_reference::{Fault, Faults};
use serde_json::{Value, json};

use crate::outside::{root, run};

/// Changes an answer after the device gave it; sees the request too.
type Lie = fn(&Value, &mut Value);

/// The verdict of every check when the suite is driven through this liar.
fn driven_through(faults: &[Fault], lie: Lie) -> BTreeMap<String, String> {
    let faults: Faults = faults.iter().copied().collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream, faults, lie));
        }
    });
    let driver = format!("attach:{address}");
    let args =
        ["messaging", &driver, "--format", "json", "-q", "--seed", "7f3a", "--depth", "quick"];
    let ended = run(&root(), &args);
    let object: Value = serde_json::from_str(&ended.out)
        .unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err));
    let rows = object["requirements"].as_array().unwrap().iter();
    let checks = rows.flat_map(|row| row["checks"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks
        .map(|check| (text(&check["id"]).replace("messaging/", ""), text(&check["verdict"])))
        .collect()
}

/// One device behind one connection.
fn serve(stream: TcpStream, faults: Faults, lie: Lie) {
    let mut device = hallmark_reference::device(&faults);
    let mut version = Version::V1;
    stream.set_nodelay(true).unwrap();
    let mut answers = stream.try_clone().unwrap();
    let mut requests = BufReader::new(stream);
    let mut line = Vec::new();
    while requests.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let (answer, last) = answer_line(&mut *device, &mut version, &line);
        let request: Value = serde_json::from_slice(&line).unwrap();
        let mut answer = serde_json::to_value(answer).unwrap();
        lie(&request, &mut answer);
        line.clear();
        if answers.write_all(format!("{answer}\n").as_bytes()).is_err() || last {
            return;
        }
    }
}

fn passed(verdicts: &BTreeMap<String, String>) -> impl Iterator<Item = &str> {
    let passed = verdicts.iter().filter(|(_, verdict)| verdict.starts_with("pass"));
    passed.map(|(check, _)| check.as_str())
}

fn is_op(request: &Value, op: &str) -> bool {
    request["op"] == op
}

/// The control of all that follows.
#[test]
fn the_falsifier_without_a_lie_changes_nothing() {
    let verdicts = driven_through(&[], |_, _| {});
    // A library has no server that its users could log in to, and this one is no process of ours.
    let (elsewhere, rest): (Vec<_>, Vec<_>) = verdicts
        .iter()
        .partition(|(check, _)| check.starts_with("app-") || check.ends_with("-residue"));
    assert_eq!(elsewhere.len(), 12, "{elsewhere:?}");
    assert!(elsewhere.iter().all(|(_, verdict)| *verdict == "not-tested"), "{elsewhere:?}");
    let passes = |verdict: &str| verdict.starts_with("pass") || verdict == "not-applicable";
    assert!(rest.iter().all(|(_, verdict)| passes(verdict)), "{rest:?}");
}

#[test]
fn ok_with_the_wrong_text_passes_nothing_that_needs_a_message() {
    let verdicts = driven_through(&[], |request, answer| {
        let opens = is_op(request, "message.decrypt") || is_op(request, "group.decrypt");
        if let Some(message) = answer.pointer_mut("/ok/messages/0/plaintext").filter(|_| opens) {
            *message = json!("bm90IHdoYXQgd2FzIHNlbnQ=");
        }
    });
    let passed: Vec<_> = passed(&verdicts).collect();
    // Of files it tells the truth.
    assert_eq!(passed, ["key-commitment"], "{verdicts:#?}");
    assert_eq!(verdicts["round-trip"], "fail");
}

#[test]
fn an_envelope_in_clear_is_seen_whatever_the_driver_says_of_its_cipher() {
    let verdicts = driven_through(&[Fault::LeakPlaintext], |request, answer| {
        if is_op(request, "session.info") && !answer["ok"].is_null() {
            answer["ok"]["cipher"] = json!("AES-256-GCM");
        }
    });
    assert_eq!(verdicts["envelope-confidential"], "fail");
}

#[test]
fn a_warning_that_is_hidden_counts_as_none() {
    let hide: Lie = |_, answer| {
        if let Some(object) = answer.as_object_mut() {
            object.remove("warnings");
        }
    };
    let (honest, hidden) = (driven_through(&[], |_, _| {}), driven_through(&[], hide));
    let check = "conversation-heals";
    assert_eq!((honest[check].as_str(), hidden[check].as_str()), ("pass", "warn"));
    for (check, verdict) in &hidden {
        let better = verdict.starts_with("pass") && !honest[check].starts_with("pass");
        assert!(!better, "hiding warnings bought {check}");
    }
}

#[test]
fn capabilities_that_are_only_claimed_are_not_tested() {
    let verdicts = driven_through(&[], |request, answer| {
        let op = request["op"].as_str().unwrap_or_default();
        if op.starts_with("group.") || op == "device.import" {
            let id = answer["id"].clone();
            *answer = json!({ "id": id, "unsupported": { "reason": "not today" } });
        }
    });
    for (check, verdict) in &verdicts {
        let needs = check.starts_with("group-") || check == "ghost-device";
        assert!(!needs || !verdict.starts_with("pass"), "{check} is {verdict}");
    }
    assert_eq!(verdicts["round-trip"], "pass");
}

#[test]
fn a_driver_that_refuses_whatever_is_asked_passes_nothing() {
    let verdicts = driven_through(&[], |request, answer| {
        if is_op(request, "message.decrypt") || is_op(request, "group.decrypt") {
            let id = answer["id"].clone();
            *answer = json!({ "id": id, "refused": { "class": "old-message" } });
        }
    });
    let passed: Vec<_> = passed(&verdicts).collect();
    assert_eq!(passed, ["key-commitment"], "{verdicts:#?}");
}

#[test]
fn a_fault_is_found_although_the_driver_calls_its_answer_a_refusal_of_another_class() {
    // The class of a refusal is the driver's word, and no verdict hangs on it alone.
    let verdicts = driven_through(&[Fault::KeepMessageKeys], |_, answer| {
        if let Some(class) = answer.pointer_mut("/refused/class") {
            *class = json!("other");
        }
    });
    assert_eq!(verdicts["rollback"], "fail");
    assert_eq!(verdicts["replay"], "pass");
}
