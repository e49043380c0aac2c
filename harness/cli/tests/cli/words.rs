//! What the binary says of itself.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::outside::{root, run};

#[test]
fn help_lists_and_explanations() {
    let root = root();
    let mut shown = String::new();
    let cases: &[&[&str]] = &[
        &["--help"],
        &["demo", "--help"],
        &["compare", "--help"],
        &["driver", "--help"],
        &["demo", "--list-faults"],
        &["list"],
        &["list", "checks"],
        &["list", "standards"],
        &["list", "drivers"],
        &["explain", "HX/FS-2"],
        &["explain", "messaging/rollback"],
        &["schema"],
    ];
    for args in cases {
        let ended = run(&root, args);
        assert_eq!(ended.code, 0, "{args:?}: {}", ended.err);
        let _ = writeln!(shown, "$ hallmark {}\n{}", args.join(" "), ended.out);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_readme_has_the_exit_codes() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for (code, name, _) in hallmark_model::ExitCode::TABLE {
        let number = code.code().to_string();
        let there = readme.lines().any(|line| {
            let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
            cells.any(|cell| cell == number) && line.contains(name)
        });
        assert!(there, "README.md has no row for exit code {number} {name}");
    }
}

#[test]
fn every_schema_is_one() {
    let names = run(&root(), &["schema"]).out;
    for name in names.lines() {
        let ended = run(&root(), &["schema", name]);
        let schema: BTreeMap<String, serde_json::Value> = serde_json::from_str(&ended.out).unwrap();
        assert!(schema.keys().any(|key| key == "$schema"), "{name}: {schema:?}");
    }
}

#[test]
fn machine_output_is_one_object_and_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["messaging", "builtin:reference", "--only", "messaging/rollback", "--seed", "1"];
    let text = run(folder.path(), &args);
    let json = run(folder.path(), &[&args[..], &["--format", "json"]].concat());
    assert_eq!((text.code, json.code), (0, 0), "{}", json.err);
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let facts = &object["facts"]["experiments"][0];
    assert_eq!(facts["id"], "messaging/rollback");
    assert_eq!(facts["control"].as_array().unwrap().len(), 3);
    assert_eq!(object["requirements"][0]["checks"].as_array().map(|c| !c.is_empty()), Some(true));
}

#[test]
fn every_format_can_go_to_a_file_and_none_changes_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["demo", "--fault", "accept-replay", "--only", "messaging/replay", "-q"];
    let formats =
        ["--format", "html=page.html", "--format", "json=report.json", "--format", "text"];
    let ended = run(folder.path(), &[&args[..], &formats].concat());
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.out.ends_with("exit 1 (NOT_MET)\n"), "{}", ended.out);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(read("page.html").starts_with("<!DOCTYPE html>"));
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    assert_eq!(report["run"]["complete"], true);
    let wrong = run(folder.path(), &["demo", "--format", "pdf"]);
    assert_eq!(wrong.code, 2, "{}", wrong.err);
}
