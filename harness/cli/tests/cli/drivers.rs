//! The tools for authors of drivers.

use std::{
    fs,
    io::{BufReader, Write},
    net::TcpListener,
    process::Stdio,
    thread,
};

use crate::outside::{hallmark, program, run};

#[test]
fn a_new_driver_is_conformant_and_its_toy_fails_the_tests() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["python", "node", "rust"] {
        let ended = run(folder.path(), &["driver", "new", language, "--lang", language]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        for line in ended.out.lines() {
            assert!(folder.path().join(line).is_file(), "{line}");
        }
        let again = run(folder.path(), &["driver", "new", language, "--lang", language]);
        assert_eq!(again.code, 2, "{}", again.err);
        assert!(again.err.contains("nothing is overwritten"), "{}", again.err);
    }
    let manifest = "./python/driver.toml";
    let there = std::process::Command::new("python3").arg("--version").output();
    if !there.is_ok_and(|output| output.status.success()) {
        return;
    }
    let ended = run(folder.path(), &["driver", "check", manifest, "-q"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let args = ["messaging", manifest, "--depth", "quick", "--format", "json", "-q"];
    let ended = run(folder.path(), &args);
    assert_eq!(ended.code, 1, "{}", ended.err);
    let object: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let verdicts = crate::outside::verdicts(&object);
    assert_eq!(verdicts["messaging/round-trip"], "pass", "{verdicts:?}");
    assert_eq!(verdicts["messaging/ratchet-heals"], "fail", "{verdicts:?}");
    let isolation = object["facts"].to_string();
    assert!(isolation.contains("network"), "{isolation}");
}

/// What is typed into `driver run`, and what comes back.
fn typed(driver: &str, lines: &str) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = hallmark(folder.path(), &["driver", "run", driver, "--device", "alice", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn operations_are_tried_by_hand() {
    let lines = "identity.create name=alice\nbob: identity.create name=bob\n\
                 bob: prekeys.publish one_time=1\nprekeys.import peer=bob prekeys=$bob/prekeys\n\
                 session.start peer=bob\nmessage.encrypt peer=bob plaintext=text:hi\n\
                 bob: message.decrypt from=alice envelope=$alice/envelopes/0\n";
    let (out, code) = typed("builtin:reference", lines);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("\"plaintext\": \"aGk=\""), "{out}");
    let (out, code) = typed("builtin:reference", "message.encrypt peer=bob\n");
    assert_eq!(code, 2, "{out}");
    assert!(out.starts_with("mistake: missing field `plaintext`"), "{out}");
}

#[test]
fn two_of_a_kind_understand_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let both = ["driver", "check", "builtin:reference", "--with", "builtin:reference", "-q"];
    let ended = run(folder.path(), &both);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    assert!(ended.out.starts_with("driver builtin:reference with builtin:reference\n"));
}

#[test]
fn a_driver_that_listens_is_attached_to() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let reader = BufReader::new(stream.try_clone().unwrap());
                let mut device = hallmark_reference::device(&hallmark_reference::Faults::default());
                let _ = hallmark_driver::sdk::serve(&mut *device, reader, stream);
            });
        }
    });
    let driver = format!("attach:{address}");
    let args = ["messaging", &driver, "--only", "messaging/round-trip", "--format", "json", "-q"];
    let ended = run(folder.path(), &args);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.out.contains("started by somebody else"), "{}", ended.out);

    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    for (driver, code) in [
        (format!("attach:{nobody}"), 5),
        ("attach:unix:/nowhere/d.sock".to_owned(), 5),
        ("attach:192.0.2.1:4000".to_owned(), 2),
        ("attach:elsewhere".to_owned(), 2),
    ] {
        let ended = run(folder.path(), &["messaging", &driver, "-q"]);
        assert_eq!(ended.code, code, "{driver}: {}", ended.err);
        let ended = run(folder.path(), &["driver", "check", &driver, "-q"]);
        assert_eq!(ended.code, code, "{driver}: {}{}", ended.out, ended.err);
    }
}

#[test]
fn secrets_come_from_the_environment_and_go_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("secretive")).unwrap();
    let text = format!(
        "name = \"secretive\"\nprotocol = \"hallmark-driver/1\"\ncommand = [\"{}\", \"secrets\"]\n\
         secrets = [\"account-password\"]\nlicence = \"MIT\"\n\
         candidate = {{ name = \"fake\", version = \"1\" }}\n",
        program("hallmark-fake-driver").display()
    );
    fs::write(folder.path().join("secretive/driver.toml"), text).unwrap();
    let driver = "./secretive/driver.toml";
    let ended = run(folder.path(), &["messaging", driver, "-q"]);
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(ended.err.contains("set HALLMARK_SECRET_ACCOUNT_PASSWORD"), "{}", ended.err);

    let secret = "pa55word-of-a-test";
    let args = ["messaging", driver, "--depth", "quick", "-q", "--out", "out"];
    let output = hallmark(folder.path(), &args)
        .env("HALLMARK_SECRET_ACCOUNT_PASSWORD", secret)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(!String::from_utf8_lossy(&said).contains(secret));
    let mut handed = false;
    for file in crate::outside::files(&folder.path().join("out")) {
        let bytes = fs::read(folder.path().join("out").join(&file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(secret), "{}", file.display());
        handed |= text.contains("secrets handed over on a pipe: account-password");
    }
    assert!(handed);
}
