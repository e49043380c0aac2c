//! A small report, and events.

#![allow(dead_code, reason = "each test file uses its own part of this one")]

use hallmark_model::{
    CheckId, Event, EvidenceRef, Finding, Headline, Report, Sha256, Suite, Verdict,
    event::Stamped,
    overlay::Overlay,
    report::{Assurance, Candidate, Check, Counts, Row, Run, StandardRef, Subject, Tool},
    requirement::{Clause, EvidenceKind, Gate, Level, Provenance, Requirement},
    selection::Selection,
};

/// The envelopes that are kept as evidence.
const EVIDENCE: [&[u8]; 2] = [b"first envelope", b"second envelope"];

fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    Sha256::from_bytes(digest.as_ref().try_into().unwrap())
}

/// An event that says `message`.
pub(crate) fn event(message: &str) -> Stamped {
    Stamped {
        at: "2026-03-01T11:59:10Z".parse().unwrap(),
        event: Event::Problem { place: "test".into(), message: message.into() },
    }
}

/// The report of a run that has not ended.
pub(crate) fn incomplete() -> Report {
    let mut report = complete();
    report.run.complete = false;
    report.run.finished = None;
    report.headline = Headline::UNDETERMINED;
    report
}

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

/// A complete report.
pub(crate) fn complete() -> Report {
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
