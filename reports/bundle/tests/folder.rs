//! What a run leaves behind, also when it is stopped at a bad moment.

mod sample;

use std::{fs, os::unix::fs::symlink, path::Path, sync::Arc, thread};

use hallmark_bundle::{Bundle, BundleError, Draft, layout};
use hallmark_model::{Event, Report, Suite, event::Stamped};
use proptest::prelude::*;
use sample::{complete, event, incomplete};
use serde_json::json;
use tempfile::TempDir;

fn draft() -> (TempDir, Draft) {
    let folder = TempDir::new().unwrap();
    let draft = Draft::create(&folder.path().join("runs/one")).unwrap();
    (folder, draft)
}

fn names(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                left.push(entry);
            } else {
                found.push(entry.strip_prefix(dir).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_written_can_be_read() {
    let (_folder, draft) = draft();
    let digest = draft.keep_evidence(b"envelope").unwrap();
    assert_eq!(draft.keep_evidence(b"envelope").unwrap(), digest);
    draft.append_event(&event("one")).unwrap();
    draft.append_event(&event("two\nlines")).unwrap();
    draft.write_facts(Suite::Messaging, &json!({"driver": "first"})).unwrap();
    draft.write_facts(Suite::Messaging, &json!({"driver": "sample"})).unwrap();
    draft.write_page("<p>so far</p>").unwrap();
    draft.write_report(&incomplete()).unwrap();
    assert!(!Bundle::open(draft.dir()).unwrap().report().run.complete);

    let bundle = draft.finish(&complete(), "<p>done</p>").unwrap();
    assert_eq!(*bundle.report(), complete());
    assert_eq!(bundle.evidence(&digest).unwrap(), b"envelope");
    assert_eq!(bundle.facts(Suite::Messaging).unwrap(), Some(json!({"driver": "sample"})));
    assert_eq!(bundle.facts(Suite::Server).unwrap(), None);
    let journal = fs::read_to_string(bundle.dir().join(layout::EVENTS)).unwrap();
    let events: Vec<Stamped> =
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events, [event("one"), event("two\nlines")]);
    assert!(matches!(events[1].event, Event::Problem { .. }));
    assert_eq!(fs::read_to_string(bundle.dir().join(layout::PAGE)).unwrap(), "<p>done</p>");
    insta::assert_snapshot!(names(bundle.dir()).join("\n"));
}

#[test]
fn only_finish_writes_a_complete_report() {
    let (_folder, draft) = draft();
    let early = draft.write_report(&complete()).unwrap_err();
    assert!(matches!(early, BundleError::CompleteTooEarly));
    assert!(!draft.dir().join(layout::REPORT).exists());
    let dir = draft.dir().to_owned();
    assert!(matches!(draft.finish(&incomplete(), ""), Err(BundleError::NotComplete)));
    assert!(!dir.join(layout::REPORT).exists());
    assert!(matches!(Bundle::open(&dir), Err(BundleError::NoReport(_))));
}

#[test]
fn a_page_that_cannot_be_written_leaves_no_complete_report() {
    let (_folder, draft) = draft();
    draft.write_report(&incomplete()).unwrap();
    let dir = draft.dir().to_owned();
    // A folder with something in it cannot be replaced by a file.
    fs::create_dir_all(dir.join(layout::PAGE).join("in the way")).unwrap();
    assert!(draft.finish(&complete(), "<p>done</p>").is_err());
    assert!(!Bundle::open(&dir).unwrap().report().run.complete);
    let leftovers = names(&dir).into_iter().filter(|name| name.contains(".partial"));
    assert_eq!(leftovers.count(), 0);
}

#[test]
fn many_threads_may_write_at_once() {
    let (_folder, draft) = draft();
    let draft = Arc::new(draft);
    let workers: Vec<_> = (0..8u8)
        .map(|n| {
            let draft = Arc::clone(&draft);
            thread::spawn(move || {
                for m in 0..50u8 {
                    draft.append_event(&event(&format!("{n} {m}"))).unwrap();
                    // Half of the evidence is the same in every thread.
                    let owner = if m % 2 == 0 { 0 } else { n };
                    draft.keep_evidence(&[owner, m]).unwrap();
                    draft.write_facts(Suite::Messaging, &json!([n, m])).unwrap();
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    let journal = fs::read_to_string(draft.dir().join(layout::EVENTS)).unwrap();
    assert_eq!(journal.lines().count(), 400);
    assert!(journal.lines().all(|line| serde_json::from_str::<Stamped>(line).is_ok()));
    let kept = fs::read_dir(draft.dir().join(layout::EVIDENCE)).unwrap().count();
    assert_eq!(kept, 25 + 8 * 25);
    assert!(names(draft.dir()).iter().all(|name| !name.contains(".partial")));
}

#[test]
fn only_a_new_or_empty_folder_is_taken() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    assert!(Draft::create(&at("empty")).is_ok());
    fs::create_dir(at("target")).unwrap();
    fs::write(at("file"), "").unwrap();
    symlink(at("target"), at("link")).unwrap();
    symlink(at("nowhere"), at("dangling")).unwrap();
    let said: Vec<_> = ["empty", "file", "link", "link/", "dangling", "file/below"]
        .into_iter()
        .map(|name| {
            let error = Draft::create(&at(name)).unwrap_err().to_string();
            format!("# {name}\n{}", error.replace(&*folder.path().to_string_lossy(), "DIR"))
        })
        .collect();
    assert_eq!(fs::read_dir(at("target")).unwrap().count(), 0);
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn what_cannot_be_read_is_explained() {
    type Change = Box<dyn Fn(&Path)>;
    let edit = |from: &'static str, to: &'static str| -> Change {
        Box::new(move |dir| {
            let path = dir.join(layout::REPORT);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{from}");
            fs::write(path, text.replacen(from, to, 1)).unwrap();
        })
    };
    let cases: Vec<(&str, Change)> = vec![
        ("unknown field", edit("\"seed\"", "\"trusted\": true, \"seed\"")),
        ("newer", edit("\"schema\": 1", "\"schema\": 2, \"news\": []")),
        ("field twice", edit("\"schema\": 1", "\"schema\": 1, \"schema\": 1")),
        ("not JSON", edit("{", "")),
        (
            "torn",
            Box::new(|dir| {
                let path = dir.join(layout::REPORT);
                let bytes = fs::read(&path).unwrap();
                fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
            }),
        ),
        ("no report", Box::new(|dir| fs::remove_file(dir.join(layout::REPORT)).unwrap())),
        (
            "too large",
            Box::new(|dir| {
                let file =
                    fs::OpenOptions::new().write(true).open(dir.join(layout::REPORT)).unwrap();
                file.set_len(layout::MAX_RECORD + 1).unwrap();
            }),
        ),
        (
            "a link",
            Box::new(|dir| {
                fs::remove_file(dir.join(layout::REPORT)).unwrap();
                symlink("/etc/hostname", dir.join(layout::REPORT)).unwrap();
            }),
        ),
        (
            "a folder",
            Box::new(|dir| {
                fs::remove_file(dir.join(layout::REPORT)).unwrap();
                fs::create_dir(dir.join(layout::REPORT)).unwrap();
            }),
        ),
    ];
    let mut said = Vec::new();
    for (what, change) in cases {
        let (_folder, draft) = draft();
        let dir = draft.dir().to_owned();
        draft.finish(&complete(), "").unwrap();
        change(&dir);
        let error = Bundle::open(&dir).unwrap_err().to_string();
        said.push(format!("# {what}\n{}", error.replace(&*dir.to_string_lossy(), "DIR")));
    }
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn evidence_and_facts_are_not_believed() {
    let (_folder, draft) = draft();
    let kept = draft.keep_evidence(b"envelope").unwrap();
    let gone = draft.keep_evidence(b"gone").unwrap();
    draft.write_facts(Suite::Messaging, &json!({})).unwrap();
    let bundle = draft.finish(&complete(), "").unwrap();
    fs::write(bundle.dir().join(layout::evidence(&kept)), "another").unwrap();
    fs::remove_file(bundle.dir().join(layout::evidence(&gone))).unwrap();
    assert!(matches!(bundle.evidence(&kept), Err(BundleError::EvidenceChanged { .. })));
    assert!(matches!(bundle.evidence(&gone), Err(BundleError::NoEvidence(_))));
    fs::write(bundle.dir().join(layout::facts(Suite::Messaging)), "{").unwrap();
    assert!(matches!(bundle.facts(Suite::Messaging), Err(BundleError::Form { .. })));
    let facts = bundle.dir().join(layout::FACTS);
    fs::remove_dir_all(&facts).unwrap();
    symlink(".", &facts).unwrap();
    assert!(matches!(bundle.facts(Suite::Messaging), Err(BundleError::Link(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_evidence_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let (_folder, draft) = draft();
        let digest = draft.keep_evidence(&bytes).unwrap();
        let bundle = draft.finish(&complete(), "").unwrap();
        prop_assert_eq!(bundle.evidence(&digest).unwrap(), bytes);
    }

    #[test]
    fn a_broken_report_never_makes_it_panic(at in 0usize..3000, junk in "[\\[\\]{}\",:0-9a-z]{0,3}") {
        let (_folder, draft) = draft();
        let dir = draft.dir().to_owned();
        draft.finish(&complete(), "").unwrap();
        let path = dir.join(layout::REPORT);
        let mut text = fs::read_to_string(&path).unwrap();
        let at = at % text.len();
        text.replace_range(at..=at, &junk);
        fs::write(&path, &text).unwrap();
        // Whatever is read is a report of the same form.
        if let Ok(bundle) = Bundle::open(&dir) {
            let again: Report = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(bundle.report(), &again);
        }
    }
}
