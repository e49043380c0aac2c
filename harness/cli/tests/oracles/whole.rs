//! One description, every suite: a server that runs, a messenger behind a driver, a recording.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    certificates::{Key, signer},
    peers,
    servers::prosody,
};

/// The folder of recordings; nothing where it is not there.
fn recordings() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let named = env::var_os("HALLMARK_CAPTURES").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root.join("../shared/captures")).join("messaging");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: there are no recordings in {}", folder.display());
    None
}

fn hallmark(folder: &Path, args: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .current_dir(root)
        .args(args)
        .arg("-q")
        .env("COLUMNS", "80")
        .env("TMPDIR", folder)
        .output()
        .unwrap()
}

#[test]
fn one_run_over_three_suites_can_be_rechecked_and_verified() {
    let Some(recordings) = recordings() else { return };
    if !peers::are_there(&["prosody", "openssl", "vodozemac-olm"]) {
        return;
    }
    let server = prosody::start(Key::P256, "");
    let folder = tempfile::tempdir().unwrap();
    signer(folder.path());
    let at = |name: &str| recordings.join(name).canonicalize().unwrap().display().to_string();
    let description = format!(
        r#"schema = 1

[candidate]
name = "Three suites"
version = "1"

[[server]]
endpoint = "127.0.0.1:{port}"
starttls = "xmpp"
name = "localhost"

[[traffic]]
captures = ["{capture}"]
keylogs = ["{keylog}"]
canaries = ["NHSCANARY-OMEMO-91bd"]
controls = ["This message is OMEMO encrypted."]
storage = ["{storage}"]

[[messaging]]
driver = "vodozemac-olm"

[sign]
key = "signer.key"
certificate = "signer.pem"
"#,
        port = server.port(),
        capture = at("xmpp-omemo.pcap"),
        keylog = at("xmpp-omemo.keylog"),
        storage = at("xmpp-omemo.server-store"),
    );
    let config = folder.path().join("hallmark.toml");
    fs::write(&config, description).unwrap();
    let bundle = folder.path().join("bundle");
    let (config, bundle) = (config.to_str().unwrap(), bundle.to_str().unwrap());
    let ran = hallmark(folder.path(), &["run", "-c", config, "--out", bundle, "--seed", "7f3a"]);
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    // Olm leaves fingerprints to the application, and nobody declared anything: not determined.
    assert_eq!(ran.status.code(), Some(3), "{said}{}", String::from_utf8_lossy(&ran.stderr));

    let report: Value =
        serde_json::from_slice(&fs::read(folder.path().join("bundle/report.json")).unwrap())
            .unwrap();
    let subjects: Vec<_> = report["candidate"]["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["suite"].as_str().unwrap())
        .collect();
    assert_eq!(subjects, ["server", "traffic", "messaging"]);
    let checks = report["requirements"].as_array().unwrap().iter();
    let checks: Vec<_> = checks.flat_map(|row| row["checks"].as_array().unwrap()).collect();
    let verdict = |id: &str| {
        let check = checks.iter().find(|check| check["id"] == id);
        check.unwrap_or_else(|| panic!("no {id}"))["verdict"].as_str().unwrap()
    };
    for check in [
        "server/forward-secrecy",
        "server/certificate-name",
        "traffic/tls-version",
        "traffic/canaries-in-transit",
        "traffic/canaries-at-rest",
        "messaging/rollback",
    ] {
        assert_eq!(verdict(check), "pass", "{check}: {said}");
    }
    let page = fs::read_to_string(folder.path().join("bundle/report.html")).unwrap();
    for figure in ["Which cipher suites does", "was encrypted?", "which messages open?"] {
        assert!(page.contains(figure), "the page has no figure `{figure}`");
    }

    let rechecked = hallmark(folder.path(), &["recheck", bundle]);
    assert_eq!(rechecked.status.code(), Some(0), "{}", String::from_utf8_lossy(&rechecked.stdout));
    let root = folder.path().join("root.pem");
    let root = root.to_str().unwrap();
    let verified = hallmark(folder.path(), &["verify", bundle, "--trust", root]);
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stdout));
}
