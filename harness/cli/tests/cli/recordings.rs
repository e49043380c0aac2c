//! Recordings of real messengers (`HALLMARK_CAPTURES`), through the binary: clear text is found
//! where it is, encrypted text is not, and absence means nothing without a control.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use serde_json::Value;

use crate::outside::{Ended, root, run};

/// The folder of recordings; nothing where it is not there.
fn recordings() -> Option<PathBuf> {
    let named = env::var_os("HALLMARK_CAPTURES").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/captures")).join("messaging");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: there are no recordings in {}", folder.display());
    None
}

fn traffic(name: &str, more: &[&str]) -> Option<Ended> {
    let folder = recordings()?;
    let (capture, keylog) = (format!("{name}.pcap"), format!("{name}.keylog"));
    let mut args = vec!["traffic", &capture, "--keylog", &keylog, "-q"];
    args.extend(more);
    Some(run(&folder, &args))
}

#[test]
fn clear_text_is_found_wherever_it_is() {
    let store = ["--storage", "xmpp-plain.server-store", "--format", "json"];
    let canaries = ["A1", "B1", "A2", "B2"].map(|end| format!("NHSCANARY-PLAIN-7f3a-{end}"));
    let mut args: Vec<_> = canaries.iter().flat_map(|canary| ["--canary", canary]).collect();
    args.extend(store);
    let Some(ended) = traffic("xmpp-plain", &args) else { return };
    assert_eq!(ended.code, 1, "{}", ended.err);
    for canary in &canaries {
        assert!(!ended.out.contains(canary), "what was planted must not be repeated");
    }
    let object: Value = serde_json::from_str(&ended.out).unwrap();
    let hits: Vec<&Value> = object["facts"]["canaries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|canary| canary["found"].as_array().unwrap())
        .map(|found| &found["where"])
        .collect();
    assert!(hits.iter().all(|place| place["layer"] != "raw"), "{hits:?}");
    let streams: Vec<u64> = hits.iter().filter_map(|place| place["flow"].as_u64()).collect();
    let flows: BTreeSet<u64> = streams.iter().copied().collect();
    assert_eq!(flows.len(), 2, "{flows:?}");
    for flow in flows {
        assert_eq!(streams.iter().filter(|hit| **hit == flow).count(), 4, "{streams:?}");
    }
    let files: BTreeSet<&str> = hits.iter().filter_map(|place| place["path"].as_str()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[test]
fn encrypted_text_is_not_found_and_that_needs_a_control() {
    let omemo = ["--canary", "NHSCANARY-OMEMO-91bd", "--storage", "xmpp-omemo.server-store"];
    let matrix = ["--canary", "NHSCANARY-MXE2EE-beef"];
    let cases: [(&str, &[&str], &str); 2] = [
        ("xmpp-omemo", &omemo, "This message is OMEMO encrypted."),
        ("matrix-e2ee", &matrix, "m.room.encrypted"),
    ];
    for (name, args, control) in cases {
        let Some(alone) = traffic(name, args) else { return };
        assert_eq!(alone.code, 3, "{name}: {}{}", alone.out, alone.err);
        let wrong = [args, &["--control", "a text that nobody sent"]].concat();
        let unfound = traffic(name, &wrong).unwrap();
        assert_eq!(unfound.code, 3, "{name}: {}{}", unfound.out, unfound.err);
        let right = [args, &["--control", control]].concat();
        let found = traffic(name, &right).unwrap();
        assert_eq!(found.code, 0, "{name}: {}{}", found.out, found.err);
    }
}

#[test]
fn without_the_keys_nothing_is_known_of_the_streams() {
    let Some(folder) = recordings() else { return };
    let args = ["traffic", "matrix-e2ee.pcap", "--canary", "NHSCANARY-MXE2EE-beef"];
    let args = [&args[..], &["--control", "127.0.0.1", "-q"]].concat();
    let ended = run(&folder, &args);
    assert_eq!(ended.code, 3, "{}{}", ended.out, ended.err);
}

#[test]
fn a_damaged_capture_is_judged_as_far_as_it_goes() {
    let Some(folder) = recordings() else { return };
    let work = tempfile::tempdir().unwrap();
    let whole = fs::read(folder.join("xmpp-plain.pcap")).unwrap();
    fs::write(work.path().join("cut.pcap"), &whole[..whole.len() - 7]).unwrap();
    let mut endless = whole.clone();
    // The first packet claims nearly 4 GB.
    endless[32..36].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    fs::write(work.path().join("endless.pcap"), endless).unwrap();
    fs::copy(folder.join("xmpp-plain.keylog"), work.path().join("keys")).unwrap();
    for (file, code) in [("cut.pcap", 1), ("endless.pcap", 3)] {
        let args = ["traffic", file, "--keylog", "keys", "--canary", "NHSCANARY-PLAIN-7f3a"];
        let args = [&args[..], &["--format", "json", "-q"]].concat();
        let ended = run(work.path(), &args);
        assert_eq!(ended.code, code, "{file}: {}{}", ended.out, ended.err);
        let object: Value = serde_json::from_str(&ended.out).unwrap();
        let problems = object["facts"]["files"][0]["problems"].as_array().unwrap();
        assert!(!problems.is_empty(), "{file}: the damage is not said");
    }
}
