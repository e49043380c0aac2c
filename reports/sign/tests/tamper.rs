//! Whatever is done to a signed bundle is found, and the file is named.

mod signed;

use std::{fs, os::unix::fs::symlink, thread};

use hallmark_sign::Problem;
use signed::{EVIDENCE, Sample, sha256};

const SIGNATURE: &str = "signatures/01-demo.p7s";

#[test]
fn an_untouched_bundle_is_trusted() {
    let sample = Sample::new();
    let verification = sample.verify();
    assert_eq!(verification.problems, []);
    assert!(verification.is_trusted() && verification.is_intact());
    assert_eq!(verification.files, sample.signed.covers + 3);
    let mut signers = verification.signers;
    assert_eq!(signers.len(), 1);
    let signer = signers.remove(0);
    insta::assert_debug_snapshot!(signer);
}

/// Flips bits of `name`, one at a time, and sees that each is found and blamed on `name`.
fn every_flip_is_found(name: &str, masks: &[u8]) -> usize {
    let sample = Sample::new();
    assert!(sample.verify().is_trusted(), "positive control");
    let path = sample.dir().join(name);
    let original = fs::read(&path).unwrap();
    // Every byte of a small file; of a larger one a sample.
    let stride = if original.len() > 1500 { 7 } else { 1 };
    let mut tried = 0;
    for at in (0..original.len()).step_by(stride) {
        for mask in masks {
            let mut changed = original.clone();
            changed[at] ^= mask;
            fs::write(&path, &changed).unwrap();
            let verification = sample.verify();
            assert!(!verification.is_trusted(), "{name}: byte {at} mask {mask:02x} went unnoticed");
            assert!(
                verification.problems.iter().any(|problem| problem.paths().contains(&name)),
                "{name}: byte {at} mask {mask:02x} blamed on {:?}",
                verification.problems
            );
            tried += 1;
        }
    }
    fs::write(&path, &original).unwrap();
    assert!(sample.verify().is_trusted(), "positive control afterwards");
    tried
}

#[test]
fn every_changed_byte_of_every_file_is_found() {
    let names: Vec<_> = Sample::new().files().into_keys().collect();
    assert_eq!(names.len(), 9, "{names:?}");
    let workers: Vec<_> = names
        .into_iter()
        .filter(|name| name != SIGNATURE)
        .map(|name| thread::spawn(move || (every_flip_is_found(&name, &[0x01]), name)))
        .collect();
    for (tried, name) in workers.into_iter().map(|worker| worker.join().unwrap()) {
        assert!(tried >= 6, "{name}: {tried}");
    }
}

#[test]
fn every_changed_bit_of_a_signature_is_found() {
    // The signature file is where a byte could most easily be free; four workers share its bits.
    let masks: Vec<u8> = (0..8).map(|bit| 1 << bit).collect();
    let workers: Vec<_> = masks
        .chunks(2)
        .map(|masks| masks.to_vec())
        .map(|masks| thread::spawn(move || every_flip_is_found(SIGNATURE, &masks)))
        .collect();
    let tried: usize = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    assert!(tried > 6000, "{tried}");
}

#[test]
fn every_shortened_or_lengthened_file_is_found() {
    for (name, bytes) in Sample::new().files() {
        let sample = Sample::new();
        // Another sample has other keys, hence other bytes of the same files.
        let own = fs::read(sample.dir().join(&name)).unwrap();
        assert!(own.len().abs_diff(bytes.len()) < 16);
        for changed in [&own[..own.len() - 1], &[&own[..], b"\n"].concat(), b""] {
            fs::write(sample.dir().join(&name), changed).unwrap();
            let problems = sample.verify().problems;
            assert!(
                problems.iter().any(|p| p.paths().contains(&&name[..])),
                "{name}: {problems:?}"
            );
        }
    }
}

#[test]
fn every_removed_file_is_named() {
    let mut shown = Vec::new();
    for (name, _) in Sample::new().files() {
        let sample = Sample::new();
        fs::remove_file(sample.dir().join(&name)).unwrap();
        let verification = sample.verify();
        assert!(!verification.is_trusted());
        shown.push(format!("# {name}\n{}", sample.problems().join("\n")));
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn every_renamed_file_is_named() {
    let mut shown = Vec::new();
    for (name, _) in Sample::new().files() {
        let sample = Sample::new();
        let renamed = match name.strip_suffix(".p7s") {
            Some(stem) => format!("{stem}er.p7s"),
            None => format!("{name}x"),
        };
        fs::rename(sample.dir().join(&name), sample.dir().join(&renamed)).unwrap();
        let problems = sample.verify().problems;
        assert!(problems.iter().any(|p| p.paths().contains(&&name[..])), "{name}: {problems:?}");
        shown.push(format!("# {name} to {renamed}\n{}", sample.problems().join("\n")));
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn everything_added_is_named() {
    let evidence = format!("evidence/sha256/{}", sha256(EVIDENCE[0]));
    type Change = Box<dyn Fn(&Sample)>;
    let file = |name: &'static str, bytes: &'static [u8]| -> Change {
        Box::new(move |sample| {
            let path = sample.dir().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        })
    };
    let cases: Vec<(&str, &str, Change)> = vec![
        ("a file", "notes.txt", file("notes.txt", b"new")),
        ("an empty file", "facts/server.json", file("facts/server.json", b"")),
        ("a copy of evidence", "evidence/sha256/00", file("evidence/sha256/00", EVIDENCE[0])),
        ("a hidden file", ".partial-0", file(".partial-0", b"x")),
        ("a file with a control character", "a[2Jb", file("a\u{1b}[2Jb", b"x")),
        ("a file with a backslash", "..\\x", file("..\\x", b"x")),
        ("a file among the signatures", "signatures/x.txt", file("signatures/x.txt", b"x")),
        ("a signature of zeros", "signatures/02-x.p7s", file("signatures/02-x.p7s", &[0; 64])),
        (
            "an empty folder",
            "empty",
            Box::new(|sample| fs::create_dir(sample.dir().join("empty")).unwrap()),
        ),
        (
            "a link",
            "link",
            Box::new(|sample| symlink("/etc/hostname", sample.dir().join("link")).unwrap()),
        ),
        (
            "a link in place of a file",
            &evidence,
            Box::new({
                let evidence = evidence.clone();
                move |sample: &Sample| {
                    let outside = sample.folder.path().join("outside");
                    fs::write(&outside, EVIDENCE[0]).unwrap();
                    fs::remove_file(sample.dir().join(&evidence)).unwrap();
                    symlink(&outside, sample.dir().join(&evidence)).unwrap();
                }
            }),
        ),
        (
            "a link in place of a folder",
            "facts",
            Box::new(|sample| {
                let facts = sample.dir().join("facts");
                fs::rename(&facts, sample.dir().join("moved")).unwrap();
                symlink("moved", &facts).unwrap();
            }),
        ),
        (
            "a socket",
            "socket",
            Box::new(|sample| {
                drop(std::os::unix::net::UnixListener::bind(sample.dir().join("socket")).unwrap());
            }),
        ),
        (
            "a name that is not UTF-8",
            "\u{fffd}",
            Box::new(|sample| {
                use std::os::unix::ffi::OsStrExt;
                let name = std::ffi::OsStr::from_bytes(b"\xff");
                fs::write(sample.dir().join(name), b"x").unwrap();
            }),
        ),
    ];
    let mut shown = Vec::new();
    for (what, name, change) in cases {
        let sample = Sample::new();
        change(&sample);
        let problems = sample.verify().problems;
        assert!(problems.iter().any(|p| p.paths().contains(&name)), "{what}: {problems:?}");
        shown.push(format!("# {what}\n{}", sample.problems().join("\n")));
    }
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn swapped_and_duplicated_evidence_is_named() {
    let sample = Sample::new();
    let path = |bytes: &[u8]| sample.dir().join(format!("evidence/sha256/{}", sha256(bytes)));
    fs::write(path(EVIDENCE[0]), EVIDENCE[1]).unwrap();
    let verification = sample.verify();
    let name = format!("evidence/sha256/{}", sha256(EVIDENCE[0]));
    assert_eq!(verification.problems, [Problem::Changed(name)]);
}

#[test]
fn nothing_stops_at_the_first_problem() {
    let sample = Sample::new();
    fs::write(sample.dir().join("report.html"), "other").unwrap();
    fs::write(sample.dir().join("added.txt"), "x").unwrap();
    fs::remove_file(sample.dir().join("events.jsonl")).unwrap();
    fs::write(sample.dir().join("VERIFY.txt"), "trust me").unwrap();
    insta::assert_snapshot!(sample.problems().join("\n"));
}
