//! Bad input of every kind: a clear message with place and remedy, the right exit code, no
//! panic, bounded memory, nothing half-written that looks whole.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use crate::outside::{hallmark, program, run, verdicts};

const GOOD: &str = "schema = 1\n\n[candidate]\nname = \"Example\"\nversion = \"1\"\n\n[[messaging]]\n\
                    driver = \"builtin:reference\"\n";

/// What varies from run to run and machine to machine, made the same.
fn settled(text: &str, folder: &Path) -> String {
    let programs = program("hallmark").parent().unwrap().display().to_string();
    text.replace(&folder.display().to_string(), "FOLDER").replace(&programs, "PROGRAMS")
}

#[test]
fn descriptions() {
    let folder = tempfile::tempdir().unwrap();
    let waiver = "\n[[waiver]]\nrequirement = \"HX/PCS-1\"\nreason = \"r\"\nowner = \"o\"\napproved-by = \
                  \"a\"\nexpires = 2999-01-01\n";
    let cases: Vec<(&str, String)> = vec![
        ("an unknown key", GOOD.replace("driver =", "drvier =")),
        ("an unknown standard", GOOD.replace("schema = 1", "schema = 1\nstandard = \"nhs-in\"")),
        ("nothing to test", GOOD.split("[[messaging]]").next().unwrap().to_owned()),
        ("two messengers", format!("{GOOD}\n[[messaging]]\ndriver = \"other\"\n")),
        ("a driver that is nowhere", GOOD.replace("builtin:reference", "./nowhere/driver.toml")),
        ("a built-in that is none", GOOD.replace("builtin:reference", "builtin:preference")),
        ("an expired waiver", format!("{GOOD}{}", waiver.replace("2999", "2020"))),
        ("a waiver for no row", format!("{GOOD}{}", waiver.replace("HX/PCS-1", "HX/NONE-1"))),
        ("a waiver given twice", format!("{GOOD}{waiver}{waiver}")),
        (
            "a waiver whose date is text",
            format!("{GOOD}{}", waiver.replace("2999-01-01", "\"soon\"")),
        ),
        (
            "a declaration where a test decides",
            format!(
                "{GOOD}\n[[declaration]]\nrequirement = \"HX/FS-2\"\nby = \"A\"\ndocument = \
                 \"D\"\nsha256 = \"{}\"\nexpires = 2999-01-01\n",
                "0".repeat(64)
            ),
        ),
        (
            "keys that are not there",
            format!("{GOOD}\n[sign]\nkey = \"k.pem\"\ncertificate = \"c.pem\"\n"),
        ),
        ("a server that is none", format!("{GOOD}\n[[server]]\nendpoint = \"chat.example\"\n")),
        (
            "a STARTTLS that is not known",
            format!("{GOOD}\n[[server]]\nendpoint = \"chat.example:143\"\nstarttls = \"imap\"\n"),
        ),
        ("no capture", format!("{GOOD}\n[[traffic]]\ncaptures = []\n")),
        (
            "a capture that is not there",
            format!("{GOOD}\n[[traffic]]\ncaptures = [\"nowhere.pcap\"]\n"),
        ),
        (
            "a canary that chance would find",
            format!("{GOOD}\n[[traffic]]\ncaptures = [\"hallmark.toml\"]\ncanaries = [\"ab\"]\n"),
        ),
        (
            "two recordings",
            format!(
                "{GOOD}\n[[traffic]]\ncaptures = [\"a.pcap\"]\n[[traffic]]\ncaptures = [\"b.pcap\"]\n"
            ),
        ),
        ("not text", "\u{0}\u{1}".to_owned()),
    ];
    let mut shown = String::new();
    for (what, text) in cases {
        fs::write(folder.path().join("hallmark.toml"), text).unwrap();
        let ended = run(folder.path(), &["run", "-q", "--out", "out"]);
        assert!(!folder.path().join("out").exists(), "{what}: something was written");
        assert!(!ended.err.contains("panicked"), "{what}: {}", ended.err);
        let _ = writeln!(shown, "# {what}\n{}", settled(&ended.err, folder.path()));
    }
    fs::remove_file(folder.path().join("hallmark.toml")).unwrap();
    let ended = run(folder.path(), &["run", "-q"]);
    let _ = writeln!(shown, "# no description\n{}", settled(&ended.err, folder.path()));
    insta::assert_snapshot!(shown);
}

#[test]
fn arguments() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("full")).unwrap();
    fs::write(folder.path().join("full/file"), "x").unwrap();
    fs::write(folder.path().join("roots.pem"), "not a certificate").unwrap();
    let cases: &[&[&str]] = &[
        &["demo", "--fault", "skip-max"],
        &["demo", "--seed", "xyz"],
        &["demo", "--standard", "nhs-in"],
        &["demo", "--out", "full"],
        &["demo", "--only", "[", "--out", "new"],
        &["messaging", "no-such-driver"],
        &["messaging", "./driver.toml"],
        &["server", "chat.example"],
        &["server", "2001:db8::1:443"],
        &["server", "chat.example:https"],
        &["server", "chat.example:5222", "--starttls", "ftp"],
        &["server", "chat.example:5222", "--name", "chat example"],
        &["server", "127.0.0.1:1", "--seed", "7f3a"],
        &["traffic"],
        &["traffic", "nowhere.pcap"],
        &["traffic", "full"],
        &["traffic", "full/file", "--keylog", "nowhere.keylog"],
        &["traffic", "full/file", "--storage", "nowhere"],
        &["traffic", "full/file", "--canary", "short"],
        &["traffic", "full/file", "--only", "messaging/replay"],
        &["verify", "nowhere"],
        &["verify", "full", "--trust", "roots.pem"],
        &["verify", "full", "--trust", "nowhere.pem"],
        &["verify", "full"],
        &["recheck", "nowhere"],
        &["compare"],
        &["compare", "full"],
        &["compare", "nowhere", "full"],
        &["compare", "full", "full/"],
        &["compare", "full", "fresh", "--format", "pdf"],
        &["recheck", "full"],
        &["sign", "full", "--key", "k.pem", "--certificate", "c.pem"],
        &["explain", "HX/NONE-1"],
        &["schema", "repotr"],
        &["driver", "check", "no-such-driver"],
        &["driver", "check", "builtin:reference", "--with", "no-such-driver"],
        &["driver", "check", "attach:192.0.2.1:4000"],
        &["driver", "run", "attach:4000"],
        &["driver", "new", "Bad Name", "--lang", "node"],
        &["driver", "new", "full", "--lang", "node"],
        &["driver", "new", "fresh", "--lang", "cobol"],
    ];
    let mut shown = String::new();
    for args in cases {
        let ended = run(folder.path(), args);
        assert!(!ended.err.contains("panicked"), "{args:?}: {}", ended.err);
        assert_ne!(ended.code, 0, "{args:?}");
        let _ = writeln!(
            shown,
            "# hallmark {}\n{}{}ends {}\n",
            args.join(" "),
            settled(&ended.out, folder.path()),
            settled(&ended.err, folder.path()),
            ended.code
        );
    }
    insta::assert_snapshot!(shown);
}

/// Writes a manifest for the fake driver, which answers some requests honestly before it
/// misbehaves, and returns its path.
fn fake(folder: &Path, mode: &str, honest_answers: u32) -> String {
    let manifest = folder.join(mode);
    fs::create_dir_all(&manifest).unwrap();
    fs::write(
        manifest.join("driver.toml"),
        format!(
            "name = \"{mode}\"\nprotocol = \"hallmark-driver/1\"\ncommand = [\"{}\", \
             \"{mode}\", \"{honest_answers}\"]\nlicence = \"MIT\"\ncandidate = {{ name = \"fake\", version = \"1\" \
             }}\ndeadline-seconds = 1\n",
            program("hallmark-fake-driver").display()
        ),
    )
    .unwrap();
    format!("./{mode}/driver.toml")
}

#[test]
fn drivers_that_misbehave() {
    let folder = tempfile::tempdir().unwrap();
    // Mode, and the exit code that is right: 5 where it never said hello, 3 where it broke off
    // later and nothing else failed.
    let cases = [
        ("garbage", 0, 5),
        ("silent", 0, 5),
        ("oversized", 0, 5),
        ("crash", 0, 5),
        ("close-stdout", 0, 5),
        ("garbage", 4, 3),
        ("silent", 4, 3),
        ("oversized", 4, 3),
        ("crash-mid-operation", 4, 3),
        ("two-kinds", 4, 3),
    ];
    let mut shown = String::new();
    for (mode, honest_answers, expected) in cases {
        let driver = fake(folder.path(), mode, honest_answers);
        let out = format!("out-{mode}-{honest_answers}");
        let started = Instant::now();
        let ended = run(
            folder.path(),
            &["messaging", &driver, "--only", "messaging/round-trip", "-q", "--out", &out],
        );
        assert!(started.elapsed() < Duration::from_secs(60), "{mode} took {:?}", started.elapsed());
        assert!(!ended.err.contains("panicked"), "{mode}: {}", ended.err);
        assert_eq!(ended.code, expected, "{mode}: {}{}", ended.out, ended.err);
        if expected == 5 {
            let verified = run(folder.path(), &["verify", &out]);
            assert_eq!(verified.code, 7, "{mode} left something that looks whole");
        }
        let _ = writeln!(
            shown,
            "# {mode}, after {honest_answers} honest answers\n{}",
            settled(&ended.err, folder.path())
        );
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn an_endless_answer_does_not_fill_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let driver = fake(folder.path(), "oversized", 0);
    let mut child = hallmark(folder.path(), &["messaging", &driver, "-q"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0u64;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse().ok());
        most = most.max(kib.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(most > 0 && most < 200 * 1024, "the peak was {most} KiB");
}

/// A driver can say what it likes; where envelopes or meaning show otherwise, it gets no pass.
#[test]
fn a_driver_that_lies_or_errs_gets_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    let drive = |mode: &str| {
        let driver = fake(folder.path(), mode, 0);
        let args = ["messaging", &driver, "--depth", "quick", "--format", "json", "-q"];
        let ended = run(folder.path(), &args);
        let object: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        (ended.code, verdicts(&object))
    };
    let of = |verdicts: &std::collections::BTreeMap<String, String>, check: &str| {
        verdicts[&format!("messaging/{check}")].clone()
    };
    // Keeps the protocol, but its envelopes are the messages themselves.
    let (code, plain) = drive("right");
    assert_eq!((code, &*of(&plain, "round-trip")), (1, "pass"), "{plain:?}");
    assert_eq!(of(&plain, "envelope-confidential"), "fail", "{plain:?}");
    let no_pass = |told: &std::collections::BTreeMap<String, String>| {
        // Of files these drivers tell the truth.
        let told = told.iter().filter(|(check, _)| *check != "messaging/key-commitment");
        !told.into_iter().any(|(_, verdict)| verdict.starts_with("pass"))
    };
    // Says `ok` with the wrong plaintext.
    let (code, told) = drive("lying");
    assert_eq!((code, &*of(&told, "round-trip")), (1, "fail"), "{told:?}");
    assert!(no_pass(&told), "{told:?}");
    // Refuses everything, honest steps too: nothing can be concluded from such refusals.
    let (code, told) = drive("wrong");
    assert_eq!((code, &*of(&told, "prekey-signature")), (3, "inconclusive"), "{told:?}");
    assert!(no_pass(&told), "{told:?}");
}
