//! Nothing in a bundle makes verification panic, hang or trust.

mod signed;

use std::fs;

use hallmark_sign::{Statement, verify};
use proptest::{collection::vec, prelude::*, sample::Index};
use signed::{Sample, now};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_files_are_never_trusted(bytes in vec(any::<u8>(), 0..600), which in 0..4) {
        let sample = Sample::new();
        let names = ["signatures/01-demo.p7s", "statement.json", "report.json", "VERIFY.txt"];
        let name = names[usize::try_from(which).unwrap()];
        fs::write(sample.dir().join(name), &bytes).unwrap();
        let found = verify(&sample.dir(), Some(sample.root.as_bytes()), now()).unwrap();
        prop_assert!(!found.is_trusted());
        prop_assert!(found.problems.iter().any(|p| p.paths().contains(&name)));
    }

    #[test]
    fn a_spliced_signature_is_never_trusted(
        at: Index, remove in 0usize..40, junk in vec(any::<u8>(), 0..40)
    ) {
        let sample = Sample::new();
        let path = sample.dir().join(&sample.signed.signature);
        let mut bytes = fs::read(&path).unwrap();
        let original = bytes.clone();
        let at = at.index(bytes.len());
        let end = (at + remove).min(bytes.len());
        bytes.splice(at..end, junk);
        fs::write(&path, &bytes).unwrap();
        let found = verify(&sample.dir(), Some(sample.root.as_bytes()), now()).unwrap();
        prop_assert_eq!(found.is_trusted(), bytes == original);
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_no_statement(text in "\\PC*") {
        prop_assert!(Statement::parse(text.as_bytes()).is_err());
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Statement::parse(deep.as_bytes()).is_err());
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read_whole() {
    let sample = Sample::new();
    for (name, limit) in [
        ("statement.json", hallmark_sign::layout::MAX_STATEMENT),
        ("signatures/01-demo.p7s", hallmark_sign::layout::MAX_SIGNATURE),
        ("VERIFY.txt", hallmark_sign::layout::MAX_INSTRUCTIONS),
    ] {
        let path = sample.dir().join(name);
        let before = fs::read(&path).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(limit + 1).unwrap();
        let found = sample.verify();
        let said = signed::shown(&found.problems).join("\n");
        assert!(said.contains(&format!("{name}: cannot be read: it is larger than")), "{said}");
        fs::write(&path, before).unwrap();
    }
    assert!(sample.verify().is_trusted());
    // A sparse file of a size that nobody should have to hash.
    let huge = fs::File::create(sample.dir().join("huge")).unwrap();
    huge.set_len(hallmark_sign::layout::MAX_TOTAL + 1).unwrap();
    let started = std::time::Instant::now();
    let found = sample.verify();
    assert!(!found.is_trusted());
    assert!(found.problems.iter().any(|p| p.paths().contains(&"huge")));
    assert!(started.elapsed().as_secs() < 20);
}
