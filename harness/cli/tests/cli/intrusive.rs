//! Attacks on live apps: who may ask for them, where, until when, and that the report says so.

use std::fs;

use serde_json::Value;

use crate::outside::run;

/// A product whose server is documentation's (RFC 5737): nobody is there. The driver logs in nowhere, so
/// nothing is ever sent.
const ELSEWHERE: &str = "schema = 1\n\n[candidate]\nname = \"Example\"\nversion = \"1\"\n\n[[messaging]]\n\
                         driver = \"builtin:reference\"\n\n[messaging.product]\nserver = \
                         \"192.0.2.1:5222\"\nname = \"chat.example\"\ninterceptor = \
                         \"builtin:reference\"\n";

fn allowed_by(by: &str, scope: &str, until: &str) -> String {
    format!("{ELSEWHERE}\n[authorisation]\nby = \"{by}\"\nscope = \"{scope}\"\nuntil = {until}\n")
}

/// Exit code, standard error and, where there is one, the report.
fn attack(description: &str, flags: &[&str]) -> (i32, String, Option<Value>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hallmark.toml"), description).unwrap();
    let only = ["run", "-q", "--out", "out", "--only", "messaging/app-*"];
    let ended = run(folder.path(), &[&only, flags].concat());
    assert!(!folder.path().join("out.work").exists(), "the workplace is left behind");
    let report = fs::read(folder.path().join("out/report.json")).ok();
    let report = report.map(|bytes| serde_json::from_slice(&bytes).unwrap());
    (ended.code, ended.err, report)
}

#[test]
fn off_this_machine_somebody_must_have_allowed_it_and_still_allow_it() {
    for (what, description, says) in [
        ("nobody", ELSEWHERE.to_owned(), "who allowed it"),
        ("yesterday", allowed_by("A. Person", "chat.example", "2020-01-01"), "ended on 2020-01-01"),
        ("nothing", allowed_by("A. Person", " ", "2999-01-01"), "`scope`"),
        ("no name", allowed_by("", "chat.example", "2999-01-01"), "`by`"),
    ] {
        let (code, err, report) = attack(&description, &["--intrusive"]);
        assert_eq!(code, 2, "{what}: {err}");
        assert!(err.contains(says), "{what}: {err}");
        assert!(report.is_none(), "{what}: something was tested");
    }
    let without_scope = allowed_by("A. Person", "x", "2999-01-01").replace("scope = \"x\"\n", "");
    let (code, err, _) = attack(&without_scope, &["--intrusive"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("scope"), "{err}");
    // Here nobody has to allow it; what stands in the report holds all the same.
    let here = allowed_by("A. Person", "chat.example", "2020-01-01")
        .replace("192.0.2.1:5222", "127.0.0.1:5222");
    let (code, err, _) = attack(&here, &["--intrusive"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("ended on 2020-01-01"), "{err}");
    // A date in quotes is a date here too, and no less over.
    let quoted = allowed_by("A. Person", "chat.example", "\"2020-01-01\"");
    let (code, err, _) = attack(&quoted, &["--intrusive"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("ended on 2020-01-01"), "{err}");
}

#[test]
fn an_endpoint_is_no_setting_too() {
    let both = format!(
        "{ELSEWHERE}relay = {{ upload = \"192.0.2.1:1\" }}\nsettings = {{ upload = \"x\" }}\n"
    );
    let (code, err, _) = attack(&both, &[]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("is an endpoint in `relay` already"), "{err}");
}

#[test]
fn the_report_says_whether_it_was_allowed_and_by_whom() {
    let description = allowed_by("A. Person", "chat.example", "2999-01-01");
    for intrusive in [false, true] {
        let flags: &[&str] = if intrusive { &["--intrusive"] } else { &[] };
        let (code, err, report) = attack(&description, flags);
        // Rows that only report keep no gate shut.
        assert_eq!(code, 0, "{err}");
        let report = report.unwrap();
        assert_eq!(report["run"]["intrusive"], intrusive);
        assert_eq!(report["run"]["authorisation"]["by"], "A. Person");
        let rows = report["requirements"].as_array().unwrap().iter();
        let mut checks = rows.flat_map(|row| row["checks"].as_array().unwrap());
        let ghost = checks.find(|check| check["id"] == "messaging/app-ghost-device").unwrap();
        assert_eq!(ghost["verdict"], "not-tested");
        let reproduce = ghost["reproduce"].as_str().unwrap();
        assert_eq!(reproduce.contains("--intrusive"), intrusive, "{reproduce}");
    }
}
