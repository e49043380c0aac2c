//! A small finished bundle, signed with a throw-away key.

#![allow(dead_code, reason = "each test file uses its own part of this one")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hallmark_model::{
    CheckId, EvidenceRef, Finding, Headline, Report, Sha256, Suite, Verdict,
    overlay::Overlay,
    report::{Assurance, Candidate, Check, Counts, Row, Run, StandardRef, Subject, Tool},
    requirement::{Clause, EvidenceKind, Gate, Level, Provenance, Requirement},
    selection::Selection,
};
use hallmark_sign::{Problem, Role, Signed, Signer, Verification, sign_bundle, verify};
use jiff::Timestamp;
use tempfile::TempDir;

/// When everything in these tests happens.
pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    Sha256::from_bytes(digest.as_ref().try_into().unwrap())
}

/// The envelopes that are kept as evidence.
pub(crate) const EVIDENCE: [&[u8]; 2] = [b"first envelope", b"second envelope"];

fn requirement(id: &str, level: Level, checks: Vec<CheckId>) -> Requirement {
    Requirement {
        id: id.parse().unwrap(),
        title: "Old messages stay closed".into(),
        level,
        gate: Gate::Block,
        provenance: match level {
            Level::HouseRule => Provenance::HouseRule,
            _ => Provenance::Read,
        },
        clause: Clause {
            document: "Sample document".into(),
            published: "Sample publisher, 2018".into(),
            reference: "section 1".into(),
            paraphrase: "Messages are encrypted".into(),
            url: None,
        },
        evidence: vec![EvidenceKind::ActiveTest, EvidenceKind::VendorDeclaration],
        checks,
        why: "A stolen phone must not open last year's messages".into(),
        remedy: "Delete keys after use".into(),
    }
}

/// A complete report that follows from itself.
pub(crate) fn report() -> Report {
    let id = CheckId::of(Suite::Messaging, "rollback");
    let evidence = |bytes: &[u8]| EvidenceRef {
        sha256: sha256(bytes),
        bytes: bytes.len() as u64,
        label: "envelope".into(),
    };
    let finding = Finding {
        check: id.clone(),
        verdict: Verdict::Pass,
        expected: "refused".into(),
        observed: "refused".into(),
        why: "the key was gone".into(),
        by_design: None,
        evidence: EVIDENCE.iter().map(|bytes| evidence(bytes)).collect(),
    };
    let check = Check::new("Rollback".into(), finding, Some("hallmark messaging x".into()));
    let declared = Overlay::Declared {
        by: "A. Person, security lead".into(),
        document: "Retention policy".into(),
        sha256: sha256(b"policy"),
        expires: jiff::civil::date(2027, 1, 31),
    };
    let requirements = vec![
        Row::new(&requirement("SAMPLE/FS-1", Level::HouseRule, vec![id]), vec![check], vec![]),
        Row::new(&requirement("SAMPLE/RET-1", Level::Must, vec![]), vec![], vec![declared]),
    ];
    Report {
        schema: 1,
        tool: Tool { name: "hallmark".into(), version: "0.1.0".into(), sha256: None },
        standard: StandardRef {
            id: "sample".into(),
            version: "1".into(),
            digest: sha256(b"standard"),
            title: "Sample standard".into(),
            note: "For tests".into(),
        },
        candidate: Candidate {
            name: "Sample messenger".into(),
            version: "4.2.0".into(),
            vendor: None,
            subjects: vec![Subject {
                suite: Suite::Messaging,
                name: "sample 1.0".into(),
                notes: vec!["separate process".into()],
            }],
        },
        run: Run {
            id: "20260301-sample".into(),
            started: "2026-03-01T11:59:00Z".parse().unwrap(),
            finished: Some("2026-03-01T11:59:30Z".parse().unwrap()),
            seed: "00ff".into(),
            complete: true,
            selection: Selection::default(),
            assurance: Assurance::SelfTest,
            challenge: Some("nonce-7".into()),
            authorisation: None,
            intrusive: false,
            environment: vec!["linux".into()],
        },
        headline: Headline::of(&requirements, true),
        counts: Counts::of(&requirements),
        requirements,
    }
}

/// Writes the files of a bundle, unsigned.
pub(crate) fn write_bundle(dir: &Path, report: &Report) {
    fs::create_dir_all(dir.join("facts")).unwrap();
    fs::create_dir_all(dir.join("evidence/sha256")).unwrap();
    fs::write(dir.join("report.json"), serde_json::to_vec_pretty(report).unwrap()).unwrap();
    fs::write(dir.join("report.html"), "<!doctype html><title>Sample</title>\n").unwrap();
    fs::write(dir.join("events.jsonl"), "{}\n{}\n").unwrap();
    fs::write(dir.join("facts/messaging.json"), "{\"driver\": \"sample\"}\n").unwrap();
    for bytes in EVIDENCE {
        fs::write(dir.join(format!("evidence/sha256/{}", sha256(bytes))), bytes).unwrap();
    }
}

/// A signed bundle in a folder that goes away with it.
pub(crate) struct Sample {
    pub(crate) folder: TempDir,
    pub(crate) root: String,
    pub(crate) signer: Signer,
    pub(crate) signed: Signed,
}

impl Sample {
    pub(crate) fn new() -> Self {
        Self::at(now())
    }

    pub(crate) fn at(now: Timestamp) -> Self {
        let (root, signer) = hallmark_sign::throwaway(now).unwrap();
        let folder = TempDir::new().unwrap();
        let dir = folder.path().join("bundle");
        write_bundle(&dir, &report());
        let signed = sign_bundle(&dir, &report(), &signer, &role("demo"), now).unwrap();
        Self { folder, root, signer, signed }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    pub(crate) fn verify(&self) -> Verification {
        verify(&self.dir(), Some(self.root.as_bytes()), now()).unwrap()
    }

    pub(crate) fn problems(&self) -> Vec<String> {
        shown(&self.verify().problems)
    }

    /// Every file of the bundle with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let inventory = hallmark_sign::inventory::Inventory::take(&self.dir()).unwrap();
        let read = |name: &String| fs::read(self.dir().join(name)).unwrap();
        inventory.files.keys().map(|name| (name.clone(), read(name))).collect()
    }
}

pub(crate) fn role(text: &str) -> Role {
    text.parse().unwrap()
}

pub(crate) fn shown(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
