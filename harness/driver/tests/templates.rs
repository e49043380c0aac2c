//! What `hallmark driver new` writes keeps the protocol as written, and drives.

use std::{fs, process::Command, time::Duration};

use hallmark_driver::{
    Connect, Deadlines, Guard, Launch, Manifest, check, check_with,
    conformance::Status,
    scaffold::{Language, ScaffoldError, scaffold},
};

const GUARD: &str = env!("CARGO_BIN_EXE_hallmark-driver-guard");

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The driver of a new folder, or none where its interpreter is not installed.
fn new(language: Language, parent: &std::path::Path) -> Option<Box<dyn Connect>> {
    let (name, program) = match language {
        Language::Python => ("snake", "python3"),
        Language::Node => ("knot", "node"),
        Language::Rust => ("crab", "cargo"),
    };
    let files = scaffold(name, language, parent).unwrap();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("example-messenger"), "{}", file.display());
    }
    let manifest = Manifest::read(&parent.join(name).join("driver.toml")).unwrap();
    assert_eq!(manifest.name, name);
    if language == Language::Rust {
        let patience = Duration::from_secs(20);
        return Some(Box::new(Launch {
            deadlines: Deadlines { hello: patience, operation: patience },
            network: hallmark_driver::Network::None,
            ..Launch::program(
                "crab",
                env!("CARGO_BIN_EXE_hallmark-template-driver"),
                Guard::at(GUARD),
            )
        }));
    }
    if !is_there(program) {
        return None;
    }
    Some(manifest.connect(name, Guard::at(GUARD)).unwrap())
}

#[expect(clippy::print_stdout, reason = "what could not be run is said")]
fn not_run(language: Language) {
    println!("not run: the template in {language:?}: its interpreter is not installed");
}

#[tokio::test]
async fn each_template_is_conformant_as_written() {
    let folder = tempfile::tempdir().unwrap();
    for language in [Language::Python, Language::Node, Language::Rust] {
        let Some(driver) = new(language, folder.path()) else {
            not_run(language);
            continue;
        };
        let report = check(&*driver).await;
        assert!(report.is_conformant(), "{report}");
        assert!(report.count(Status::Ok) > 40, "{report}");
        let notes: Vec<_> = report.rows.iter().filter(|row| row.status == Status::Note).collect();
        // It speaks the second version alone.
        assert_eq!(notes.len(), 1, "{report}");
    }
}

#[tokio::test]
async fn python_and_node_are_the_same_toy() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(python), Some(node)) =
        (new(Language::Python, folder.path()), new(Language::Node, folder.path()))
    else {
        return not_run(Language::Python);
    };
    let report = check_with(&*python, &*node).await;
    assert!(report.is_conformant(), "{report}");
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("there"), "mine").unwrap();
    let result = scaffold("there", Language::Node, folder.path());
    assert!(matches!(result, Err(ScaffoldError::Exists(_))), "{result:?}");
    assert_eq!(fs::read_to_string(folder.path().join("there")).unwrap(), "mine");
    for name in ["", "../up", "A", "-a", "a b", "a/b", "7", &"a".repeat(65)] {
        let result = scaffold(name, Language::Node, folder.path());
        assert!(matches!(result, Err(ScaffoldError::Name)), "{name}: {result:?}");
    }
}
