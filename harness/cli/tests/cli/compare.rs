//! `hallmark compare`, on the golden bundles.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hallmark_bundle::Comparison;
use serde_json::Value;

use crate::{
    golden,
    outside::{Ended, copy, report, run},
};

/// Order in which the golden bundles are laid side by side.
const SHOWN: [&str; 4] = ["met", "not-met", "by-design", "part"];

/// A folder with copies of the golden bundles under short names.
fn copies() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in SHOWN {
        copy(&kept(name), &folder.path().join(name));
    }
    folder
}

fn kept(name: &str) -> PathBuf {
    golden::folder().join(name).join("bundle")
}

fn compare(folder: &Path, further: &[&str]) -> Ended {
    run(folder, &[&["compare"], &SHOWN[..], further].concat())
}

#[test]
fn the_golden_bundles_side_by_side() {
    let folder = copies();
    let formats = ["--format", "text", "--format", "html=page.html", "--format", "json=all.json"];
    let ended = compare(folder.path(), &formats);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(ended.err, "wrote page.html\nwrote all.json\n");
    // When they were made changes with every `cargo xtask bless`; what they say does not.
    let mut settled = insta::Settings::clone_current();
    settled.add_filter(r"\d{1,2} [A-Z][a-z]+ 20\d\d(, \d\d:\d\d:\d\d UTC)?", "[DATE]");
    settled.add_filter(r"20\d\d-\d\d-\d\d(T[0-9:.]+Z)?", "[DATE]");
    let _bound = settled.bind_to_scope();
    for line in ended.out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    insta::assert_snapshot!("text", ended.out);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    insta::assert_snapshot!("json", read("all.json"));
    let page = read("page.html");
    insta::assert_snapshot!("page", page.split_once("<body>").unwrap().1);
}

#[test]
fn verdicts_and_headlines_are_those_of_the_reports() {
    let folder = copies();
    let ended = compare(folder.path(), &["--format", "json"]);
    let comparison: Comparison = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(comparison.candidates.len(), SHOWN.len());
    for (column, name) in SHOWN.iter().enumerate() {
        let report = report(&folder.path().join(name));
        let headline = serde_json::to_value(comparison.candidates[column].headline).unwrap();
        assert_eq!(headline, report["headline"], "{name}");
        let rows = report["requirements"].as_array().unwrap();
        assert_eq!(comparison.rows.len(), rows.len());
        for row in rows {
            let shown = comparison.rows.iter().find(|r| row["id"] == r.id.as_str()).unwrap();
            let cell = shown.cells[column].as_ref().unwrap();
            assert_eq!(row["verdict"], cell.verdict.id(), "{name} {}", shown.id);
        }
    }
    let signed: Vec<_> = comparison.candidates.iter().map(|c| c.signers.len()).collect();
    assert_eq!(signed, [1, 1, 0, 1]);
    assert_eq!(comparison.candidates[3].challenge.as_deref(), Some("buyer-nonce-1"));
}

#[test]
fn what_is_not_what_was_signed_is_not_compared() {
    type Change = fn(&Path);
    let edit = |dir: &Path, from: &str, to: &str| {
        let path = dir.join("report.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    // Which bundle, what is done to it, how the comparison ends and what it says.
    let cases: [(&str, Change, i32, &str); 6] = [
        ("met", |dir| fs::remove_file(dir.join("report.html")).unwrap(), 7, "was removed"),
        ("met", |dir| fs::write(dir.join("more.txt"), "x").unwrap(), 7, "was added"),
        ("met", |dir| fs::remove_file(dir.join("statement.json")).unwrap(), 7, "is missing"),
        ("met", |dir| fs::write(dir.join("report.json"), "{}").unwrap(), 2, "form of a report"),
        ("met", |dir| fs::remove_file(dir.join("report.json")).unwrap(), 2, "not a bundle"),
        (
            "part",
            |dir| {
                // Nobody signed this one, so that only the report itself can be held against it.
                fs::remove_dir_all(dir.join("signatures")).unwrap();
                for name in ["statement.json", "VERIFY.txt"] {
                    fs::remove_file(dir.join(name)).unwrap();
                }
            },
            0,
            "wrote page.html",
        ),
    ];
    for (name, change, code, said) in cases {
        let folder = copies();
        change(&folder.path().join(name));
        let ended = compare(folder.path(), &["--format", "html=page.html"]);
        assert_eq!(ended.code, code, "{}", ended.err);
        assert!(ended.err.contains(said), "{}", ended.err);
        assert_eq!(folder.path().join("page.html").exists(), code == 0);
    }
    // An unsigned report that contradicts itself, and one that stopped early.
    let folder = copies();
    edit(&folder.path().join("by-design"), "\"verdict\": \"fail\"", "\"verdict\": \"pass\"");
    let ended = compare(folder.path(), &[]);
    assert_eq!((ended.code, ended.out.as_str()), (7, ""), "{}", ended.err);
    assert!(ended.err.contains("by-design is not what a run writes"), "{}", ended.err);
    let folder = copies();
    edit(&folder.path().join("by-design"), "\"complete\": true", "\"complete\": false");
    let ended = compare(folder.path(), &[]);
    assert_eq!(ended.code, 6, "{}", ended.err);
    assert!(ended.err.contains("by-design is incomplete"), "{}", ended.err);
}

#[test]
fn the_published_schema_holds_for_what_is_printed() {
    let folder = copies();
    let printed: Value =
        serde_json::from_str(&compare(folder.path(), &["--format", "json"]).out).unwrap();
    let schema: Value =
        serde_json::from_str(&run(folder.path(), &["schema", "compare"]).out).unwrap();
    let required = schema["required"].as_array().unwrap();
    for field in required {
        assert!(!printed[field.as_str().unwrap()].is_null(), "{field}");
    }
    assert_eq!(printed["schema"], 1);
}
