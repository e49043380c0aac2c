//! Golden bundles: what earlier runs concluded follows again from their facts, without the
//! candidate. `cargo xtask bless` makes them anew.

use std::{env, fs, path::PathBuf, sync::Once};

use hallmark_model::Report;

use crate::outside::{copy, report, root, run};

/// Name, exit code, and the arguments that made it.
const GOLDEN: &[(&str, i32, &[&str])] = &[
    ("met", 0, &["demo"]),
    ("not-met", 1, &["demo", "--fault", "keep-message-keys", "--fault", "skip-mac"]),
    ("part", 0, &["demo", "--only", "HX/FS-*", "--challenge", "buyer-nonce-1"]),
    ("by-design", 1, &["messaging", "vodozemac-megolm"]),
];

/// Where they are; made anew first where that was asked for.
pub(crate) fn folder() -> PathBuf {
    static BLESSED: Once = Once::new();
    BLESSED.call_once(|| {
        if env::var_os("HALLMARK_BLESS").is_some() {
            bless();
        }
    });
    kept()
}

fn kept() -> PathBuf {
    root().join("harness/cli/tests/golden")
}

fn bless() {
    for (name, code, args) in GOLDEN {
        let out = kept().join(name).join("bundle");
        let _ = fs::remove_dir_all(kept().join(name));
        let args = [*args, &["--seed", "7f3a", "--depth", "quick", "-q", "--out"]].concat();
        let args = [&args[..], &[out.to_str().unwrap()]].concat();
        let made = run(&root(), &args);
        assert_eq!(made.code, *code, "{name}: {}{}", made.out, made.err);
    }
}

#[test]
fn every_golden_bundle_rechecks_and_verifies_as_of_its_day() {
    for (name, ..) in GOLDEN {
        let bundle = folder().join(name).join("bundle");
        let rechecked = run(&root(), &["recheck", bundle.to_str().unwrap()]);
        assert_eq!(rechecked.code, 0, "{name}: {}{}", rechecked.out, rechecked.err);
        let Ok(roots) = fs::read(folder().join(name).join("demo-root.pem")) else { continue };
        let report: Report = serde_json::from_value(report(&bundle)).unwrap();
        let verification =
            hallmark_sign::verify(&bundle, Some(&roots), report.run.finished.unwrap()).unwrap();
        assert!(verification.is_trusted(), "{name}: {:?}", verification.problems);
    }
}

#[test]
fn a_report_that_says_more_than_its_facts_is_found_out() {
    let spoiled = tempfile::tempdir().unwrap();
    let bundle = spoiled.path().join("bundle");
    copy(&folder().join("not-met/bundle"), &bundle);
    let text = fs::read_to_string(bundle.join("report.json")).unwrap();
    fs::write(bundle.join("report.json"), text.replacen("\"fail\"", "\"pass\"", 1)).unwrap();
    let rechecked = run(spoiled.path(), &["recheck", "bundle"]);
    assert_eq!(rechecked.code, 7, "{}", rechecked.out);
    assert!(rechecked.out.contains("DIFFERS"), "{}", rechecked.out);

    copy(&folder().join("met/bundle"), &spoiled.path().join("lost"));
    let evidence = fs::read_dir(spoiled.path().join("lost/evidence/sha256")).unwrap();
    for file in evidence.map(Result::unwrap) {
        fs::remove_file(file.path()).unwrap();
    }
    let rechecked = run(spoiled.path(), &["recheck", "lost"]);
    assert_eq!(rechecked.code, 7, "evidence is gone: {}", rechecked.out);
}
