//! What signing writes and what verification says, as people will read it.

mod signed;

use std::fs;

use hallmark_model::{Headline, Report, Verdict, report::Counts};
use hallmark_sign::{SignError, Statement, sign_bundle, statement, verify};
use signed::{Sample, now, report, role, shown, write_bundle};
use tempfile::TempDir;

/// An edit.
type Change<T> = Box<dyn Fn(&mut T)>;

/// Signs whatever is asked, as a dishonest signer would: `change` edits the statement.
fn verdict_on(change: impl Fn(&mut Statement)) -> String {
    let sample = Sample::new();
    let path = sample.dir().join("statement.json");
    let mut statement = Statement::parse(&fs::read(&path).unwrap()).unwrap();
    change(&mut statement);
    fs::write(&path, statement.to_bytes().unwrap()).unwrap();
    let mut problems = sample.problems();
    // The signature is over the honest statement; what the statement itself says is asked here.
    problems.retain(|problem| {
        !problem.contains("signature was made over")
            && !problem.contains("is not what signatures/")
            && !problem.starts_with("VERIFY.txt")
    });
    problems.join("\n")
}

#[test]
fn the_statement_is_what_is_signed() {
    let sample = Sample::new();
    let bytes = fs::read(sample.dir().join("statement.json")).unwrap();
    assert_eq!(serde_jcs::to_vec(&Statement::parse(&bytes).unwrap()).unwrap(), bytes);
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    insta::assert_json_snapshot!(value);
}

#[test]
fn the_instructions_use_stock_commands() {
    let sample = Sample::new();
    insta::assert_snapshot!(fs::read_to_string(sample.dir().join("VERIFY.txt")).unwrap());
}

#[test]
fn signing_again_adds_a_signature_and_changes_nothing_else() {
    let sample = Sample::new();
    let before = fs::read(sample.dir().join("statement.json")).unwrap();
    let signed =
        sign_bundle(&sample.dir(), &report(), &sample.signer, &role("assessor"), now()).unwrap();
    assert_eq!(signed.signature, "signatures/02-assessor.p7s");
    assert_eq!(fs::read(sample.dir().join("statement.json")).unwrap(), before);
    let verification = sample.verify();
    assert!(verification.is_trusted(), "{:?}", verification.problems);
    assert_eq!(verification.signers.len(), 2);
}

#[test]
fn a_statement_that_says_something_else_is_refused() {
    let cases: Vec<(&str, Change<Statement>)> = vec![
        ("another run", Box::new(|s| s.predicate.run.id = "other".into())),
        ("a better headline", Box::new(|s| s.predicate.headline = Headline::UNDETERMINED)),
        ("not complete", Box::new(|s| s.predicate.run.complete = false)),
        ("another standard", Box::new(|s| s.predicate.standard.digest = signed::sha256(b"x"))),
        ("other counts", Box::new(|s| s.predicate.summary.clauses.clear())),
        ("a hidden selection", Box::new(|s| s.predicate.run.selection.only.push("x".into()))),
        ("no overlays", Box::new(|s| s.predicate.overlays.clear())),
        ("no facts", Box::new(|s| s.predicate.suites.clear())),
        ("another nonce", Box::new(|s| s.predicate.challenge = None)),
        ("a climbing name", Box::new(|s| s.subject[0].name = "../events.jsonl".into())),
        ("a name that moves the cursor", Box::new(|s| s.subject[0].name = "\u{1b}[2J".into())),
        ("a subject twice", Box::new(|s| s.subject.insert(0, s.subject[0].clone()))),
        ("subjects out of order", Box::new(|s| s.subject.reverse())),
        ("itself", Box::new(|s| s.subject[0].name = "statement.json".into())),
        ("another type", Box::new(|s| s.predicate_type = "urn:other".into())),
        ("a missing subject", Box::new(|s| drop(s.subject.remove(0)))),
    ];
    let cases: Vec<_> = cases
        .into_iter()
        .map(|(what, change)| {
            let found = verdict_on(change);
            assert!(!found.is_empty(), "{what}");
            format!("# {what}\n{found}")
        })
        .collect();
    assert_eq!(verdict_on(|_| {}), "", "positive control");
    insta::assert_snapshot!(cases.join("\n\n"));
}

#[test]
fn a_report_that_contradicts_itself_is_not_signed() {
    let (_, signer) = hallmark_sign::throwaway(now()).unwrap();
    let cases: Vec<(&str, Change<Report>)> = vec![
        (
            "incomplete",
            Box::new(|r| {
                r.run.complete = false;
                r.headline = Headline::UNDETERMINED;
            }),
        ),
        ("no end", Box::new(|r| r.run.finished = None)),
        ("a better headline", Box::new(|r| r.headline = Headline::UNDETERMINED)),
        (
            "a better row",
            Box::new(|r| {
                r.requirements[1].verdict = Verdict::Pass;
                r.counts = Counts::of(&r.requirements);
                r.headline = Headline::of(&r.requirements, true);
            }),
        ),
        ("other counts", Box::new(|r| r.counts.clauses.clear())),
        (
            "other evidence",
            Box::new(|r| {
                r.requirements[0].checks[0].evidence[0].sha256 = signed::sha256(b"gone");
            }),
        ),
    ];
    let mut said = Vec::new();
    for (what, change) in cases {
        let folder = TempDir::new().unwrap();
        let mut report = report();
        change(&mut report);
        write_bundle(folder.path(), &report);
        let error = sign_bundle(folder.path(), &report, &signer, &role("demo"), now()).unwrap_err();
        for name in ["statement.json", "signatures", "VERIFY.txt"] {
            assert!(!folder.path().join(name).exists(), "{what}: {name}");
        }
        let found = verify(folder.path(), None, now()).unwrap();
        assert!(!found.is_intact());
        said.push(format!("# {what}\n{error}"));
    }
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn what_cannot_be_signed_is_said() {
    let sample = Sample::new();
    fs::write(sample.dir().join("report.html"), "changed").unwrap();
    let changed = sign_bundle(&sample.dir(), &report(), &sample.signer, &role("x"), now());
    assert!(matches!(changed, Err(SignError::OtherStatement)));

    let sample = Sample::new();
    fs::write(sample.dir().join(".partial-3"), "x").unwrap();
    let leftover = sign_bundle(&sample.dir(), &report(), &sample.signer, &role("x"), now());

    let sample = Sample::new();
    let mut other = report();
    other.run.id = "other".into();
    let other = sign_bundle(&sample.dir(), &other, &sample.signer, &role("x"), now());

    let later = now() + jiff::SignedDuration::from_hours(24 * 40);
    let expired = sign_bundle(&sample.dir(), &report(), &sample.signer, &role("x"), later);

    let empty = TempDir::new().unwrap();
    let nothing = sign_bundle(empty.path(), &report(), &sample.signer, &role("x"), now());

    let said: Vec<_> = [changed, leftover, other, expired, nothing]
        .into_iter()
        .map(|result| result.unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn trust_is_never_assumed() {
    let sample = Sample::new();
    let nobody = verify(&sample.dir(), None, now()).unwrap();
    assert!(nobody.is_intact() && !nobody.is_trusted());
    let (other_root, _) = hallmark_sign::throwaway(now()).unwrap();
    let other = verify(&sample.dir(), Some(other_root.as_bytes()), now()).unwrap();
    assert!(!other.is_intact() && !other.is_trusted());
    let later = now() + jiff::SignedDuration::from_hours(24 * 40);
    let expired = verify(&sample.dir(), Some(sample.root.as_bytes()), later).unwrap();
    let earlier = now() - jiff::SignedDuration::from_hours(1);
    let early = verify(&sample.dir(), Some(sample.root.as_bytes()), earlier).unwrap();
    let not_pem = verify(&sample.dir(), Some(b"not a certificate"), now()).unwrap_err();
    let no_folder = verify(&sample.dir().join("report.json"), None, now()).unwrap_err();
    let said = [
        ("no root", shown(&nobody.problems)),
        ("another root", shown(&other.problems)),
        ("expired", shown(&expired.problems)),
        ("too early", shown(&early.problems)),
        ("not PEM", vec![not_pem.to_string()]),
        ("a file", vec![no_folder.to_string().replace(&*sample.dir().to_string_lossy(), "DIR")]),
    ];
    let said: Vec<_> =
        said.iter().map(|(what, said)| format!("# {what}\n{}", said.join("\n"))).collect();
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn the_published_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/statement.json");
    let mut generated = serde_json::to_string_pretty(&statement::schema()).unwrap();
    generated.push('\n');
    if std::env::var_os("HALLMARK_BLESS").is_some() {
        fs::write(path, &generated).unwrap();
    }
    let published = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(published, generated, "run the test with HALLMARK_BLESS=1 and read the difference");
}
