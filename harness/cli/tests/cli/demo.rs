//! `hallmark demo`, and what strangers' tools say of what it leaves behind.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::outside::{copy, files, report, run, verdicts};

#[test]
fn the_demo_meets_the_standard_and_anybody_can_verify_it() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let demo = run(folder.path(), &["demo", "--out", "bundle", "--seed", "7f3a"]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(demo.code, 0, "{}{}", demo.out, demo.err);
    let bundle = folder.path().join("bundle");
    let made = report(&bundle);
    assert_eq!(made["headline"]["clauses"], "meets");
    assert_eq!(made["headline"]["house_rules"], "meets");
    assert_eq!(made["run"]["complete"], true);

    let openssl = |content: &Path| {
        Command::new("openssl")
            .current_dir(&bundle)
            .args(["cms", "-verify", "-binary", "-inform", "DER"])
            .args(["-in", "signatures/01-demo.p7s", "-CAfile", "../demo-root.pem"])
            .args(["-out", "/dev/null", "-content"])
            .arg(content)
            .output()
            .expect("`openssl` is a prerequisite of the tests")
    };
    let accepted = openssl(Path::new("statement.json"));
    assert!(accepted.status.success(), "{}", String::from_utf8_lossy(&accepted.stderr));
    let other = folder.path().join("other.json");
    let statement = fs::read_to_string(bundle.join("statement.json")).unwrap();
    fs::write(&other, statement.replacen("reference", "deference", 1)).unwrap();
    assert!(!openssl(&other).status.success(), "openssl accepts another statement");

    let verified = run(folder.path(), &["verify", "bundle", "--trust", "demo-root.pem"]);
    assert_eq!(verified.code, 0, "{}", verified.out);
    let untrusted = run(folder.path(), &["verify", "bundle"]);
    assert_eq!(untrusted.code, 7, "without --trust it must never end 0: {}", untrusted.out);
    let rechecked = run(folder.path(), &["recheck", "bundle"]);
    assert_eq!(rechecked.code, 0, "{}", rechecked.out);
}

#[test]
fn earlier_demos_stay_verifiable_beside_later_ones() {
    let folder = tempfile::tempdir().unwrap();
    for bundle in ["one", "two"] {
        let args = ["demo", "--out", bundle, "--only", "messaging/replay", "-q"];
        run(folder.path(), &args);
    }
    for bundle in ["one", "two"] {
        let verified = run(folder.path(), &["verify", bundle, "--trust", "demo-root.pem"]);
        assert_eq!(verified.code, 0, "{bundle}: {}", verified.out);
    }
}

#[test]
fn the_reproduce_command_reproduces() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["demo", "--fault", "keep-message-keys", "--out", "whole", "-q"]);
    let whole = report(&folder.path().join("whole"));
    let check = whole["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["checks"].as_array().unwrap())
        .find(|check| check["verdict"] == "fail")
        .unwrap();
    let command = check["reproduce"].as_str().unwrap();
    let mut words: Vec<_> = command.split(' ').skip(1).collect();
    words.extend(["--out", "again", "-q"]);
    assert_eq!(run(folder.path(), &words).code, 1, "{command}");
    let again = report(&folder.path().join("again"));
    let same = again["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row["checks"].as_array().unwrap())
        .find(|other| other["id"] == check["id"])
        .unwrap();
    assert_eq!(same, check, "evidence and all");
}

#[test]
fn a_selection_never_meets_and_an_empty_one_ends_4() {
    let folder = tempfile::tempdir().unwrap();
    let part = run(folder.path(), &["demo", "--only", "messaging/replay", "--out", "part", "-q"]);
    assert_eq!(part.code, 0, "{}", part.out);
    let made = report(&folder.path().join("part"));
    assert_eq!(made["headline"]["clauses"], "not-determined");
    assert_eq!(made["headline"]["house_rules"], "not-determined");
    assert_eq!(verdicts(&made)["messaging/rollback"], "not-tested");
    let nothing = run(folder.path(), &["demo", "--only", "nothing/at-all", "--out", "none", "-q"]);
    assert_eq!(nothing.code, 4, "{}", nothing.err);
    let by_row = run(folder.path(), &["demo", "--only", "HX/FS-*", "--out", "rows", "-q"]);
    assert_eq!(by_row.code, 0, "{}", by_row.out);
    let made = report(&folder.path().join("rows"));
    assert_eq!(verdicts(&made)["messaging/rollback"], "pass");
    assert_eq!(verdicts(&made)["messaging/replay"], "not-tested");
}

#[test]
fn whatever_is_changed_added_removed_or_renamed_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let demo = run(folder.path(), &["demo", "--only", "messaging/rollback", "--out", "good", "-q"]);
    assert_eq!(demo.code, 0, "{}", demo.err);
    let good = folder.path().join("good");
    let spoiled = |name: &str, spoil: &dyn Fn(&Path)| {
        let bad = folder.path().join("bad");
        copy(&good, &bad);
        spoil(&bad);
        let verified = run(folder.path(), &["verify", "bad", "--trust", "demo-root.pem"]);
        assert_eq!(verified.code, 7, "{name}: {}", verified.out);
        assert!(verified.out.contains(name), "{name} is not named: {}", verified.out);
        fs::remove_dir_all(&bad).unwrap();
    };
    let all = files(&good);
    assert!(all.len() > 10, "{all:?}");
    for file in &all {
        let name = file.to_str().unwrap();
        let size = fs::metadata(good.join(file)).unwrap().len() as usize;
        for at in [0, size / 2, size - 1] {
            spoiled(name, &|bad| {
                let mut bytes = fs::read(bad.join(file)).unwrap();
                bytes[at] ^= 0x20;
                fs::write(bad.join(file), bytes).unwrap();
            });
        }
        spoiled(name, &|bad| fs::remove_file(bad.join(file)).unwrap());
        spoiled(name, &|bad| fs::rename(bad.join(file), bad.join("renamed")).unwrap());
    }
    spoiled("added.txt", &|bad| fs::write(bad.join("added.txt"), "x").unwrap());
    spoiled("evidence/sha256/added", &|bad| {
        fs::write(bad.join("evidence/sha256/added"), "x").unwrap();
    });
    spoiled("report.html", &|bad| {
        let page = bad.join("report.html");
        fs::rename(&page, folder.path().join("page.html")).unwrap();
        std::os::unix::fs::symlink("../page.html", &page).unwrap();
    });
    let verified = run(folder.path(), &["verify", "good", "--trust", "demo-root.pem"]);
    assert_eq!(verified.code, 0, "control: {}", verified.out);
}
