//! Reports as the tests show them.

mod demands;
mod observed;

use hallmark_model::{
    ByDesign, CheckId, EvidenceRef, Gate, Half, Headline, Matter, Overlay, Report, Selection,
    Sha256, Suite, Verdict,
    candidate::Authorisation,
    report::{Assurance, Candidate, Check, Counts, Row, Run, SCHEMA, StandardRef, Subject, Tool},
};
use jiff::civil::date;

use self::demands::{DEMANDS, NOTE, requirement};
pub(crate) use self::{
    demands::standard,
    observed::{elapsed, events, flow_map, matrix, table, timeline},
};

/// What may come from a hostile candidate or report.
pub(crate) const HOSTILE: [&str; 8] = [
    "<script>alert(1)</script>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</style></title><img src=x onerror=alert(1)>",
    "\u{202e}ssap\u{202c} \u{2066}hidden\u{2069}",
    "\u{1b}[2J\u{1b}[1;32mPASS\u{1b}[0m\r\nPASS  everything",
    "{{ 7 * 7 }} {% include \"x\" %} &lt;b&gt;",
    "javascript:alert(1)",
];

pub(crate) fn check(name: &str) -> CheckId {
    CheckId::of(Suite::Messaging, name)
}

pub(crate) fn all() -> [Report; 7] {
    [all_met(), failing(), by_design(), incomplete(), declared_and_waived(), crowded(), hostile()]
}

fn kept(byte: u8, label: &str) -> EvidenceRef {
    EvidenceRef { sha256: Sha256::from_bytes([byte; 32]), bytes: 112, label: label.into() }
}

fn passed(name: &str) -> Check {
    Check {
        id: check(name),
        title: format!("Experiment {name}"),
        verdict: Verdict::Pass,
        expected: "the control succeeds and the attack is refused".into(),
        observed: "control: delivered; attack: refused as old-message".into(),
        why: "both controls held, so the refusal means what it says".into(),
        by_design: None,
        evidence: vec![kept(0x2c, "envelope m3, alice to bob")],
        reproduce: Some(format!("hallmark run --only messaging/{name} --seed 7f3a")),
    }
}

fn failed(name: &str) -> Check {
    Check {
        title: "Restoring a later state must not open an earlier message".into(),
        verdict: Verdict::Fail,
        expected: "after m3 is delivered, the stored state no longer opens m3".into(),
        observed: "the state saved after delivery opened m3 again: same text, same sender".into(),
        why: "the key of m3 is still in the store, so a thief of the store reads m3".into(),
        evidence: (1..=6).map(|n| kept(n, &format!("envelope m{n}, alice to bob"))).collect(),
        ..passed(name)
    }
}

fn rows(judge: impl Fn(&str) -> Check) -> Vec<Row> {
    DEMANDS
        .iter()
        .map(|demand| {
            let overlays = if demand.checks.is_empty() { vec![declared()] } else { vec![] };
            let checks = demand.checks.iter().map(|name| judge(name)).collect();
            Row::new(&requirement(demand), checks, overlays)
        })
        .collect()
}

fn declared() -> Overlay {
    Overlay::Declared {
        by: "A. Person, security lead".into(),
        document: "Mobile application policy 3.1".into(),
        sha256: Sha256::from_bytes([0xd0; 32]),
        expires: date(2027, 6, 30),
    }
}

fn waived() -> Overlay {
    Overlay::Waived {
        reason: "replaced in release 4.4".into(),
        owner: "B. Person, clinical safety officer".into(),
        approved_by: "C. Person, Example Trust".into(),
        expires: date(2027, 1, 31),
    }
}

fn report(rows: Vec<Row>) -> Report {
    Report {
        schema: SCHEMA,
        tool: Tool {
            name: "hallmark".into(),
            version: "0.1.0".into(),
            sha256: Some(Sha256::from_bytes([0xaa; 32])),
        },
        standard: StandardRef {
            id: "nhs-im".into(),
            version: "1.0".into(),
            digest: Sha256::from_bytes([0xbb; 32]),
            title: "Instant messaging in the NHS, composite".into(),
            note: NOTE.into(),
        },
        candidate: Candidate {
            name: "Example Messenger".into(),
            version: "4.2.0".into(),
            vendor: Some("Example Ltd".into()),
            subjects: vec![Subject {
                suite: Suite::Messaging,
                name: "reference 0.1.0 (double-ratchet)".into(),
                notes: vec![
                    "State snapshots are taken by the driver; that they are complete rests on its \
                     word."
                        .into(),
                ],
            }],
        },
        run: Run {
            id: "20261121T190307Z-7f3a".into(),
            started: "2026-11-21T19:03:07Z".parse().unwrap(),
            finished: Some("2026-11-21T19:03:19Z".parse().unwrap()),
            seed: "7f3a".into(),
            complete: true,
            selection: Selection::default(),
            assurance: Assurance::SelfTest,
            challenge: None,
            authorisation: None,
            intrusive: false,
            environment: vec!["Linux, x86_64".into(), "driver: in the same process".into()],
        },
        headline: Headline::of(&rows, true),
        counts: Counts::of(&rows),
        requirements: rows,
    }
}

pub(crate) fn all_met() -> Report {
    let mut report = report(rows(passed));
    report.run.assurance = Assurance::Independent;
    report.run.challenge = Some("tender-2026-117".into());
    report.run.intrusive = true;
    report.run.authorisation = Some(Authorisation {
        by: "D. Person, head of information security".into(),
        scope: "messaging.example".into(),
        until: date(2026, 12, 31),
    });
    report
}

pub(crate) fn failing() -> Report {
    report(rows(|name| match name {
        "rollback" => failed(name),
        "algorithm" => Check {
            verdict: Verdict::PassEquivalent,
            observed: "XChaCha20-Poly1305 with a 256-bit key".into(),
            why: "graded as equivalent to AES 256 by the policy table".into(),
            ..passed(name)
        },
        "bit-flips" => Check {
            verdict: Verdict::Warn,
            observed: "20 of 4096 flips delivered the same text".into(),
            why: "the flipped bits carry no meaning".into(),
            ..passed(name)
        },
        "clone-and-heal" => Check {
            verdict: Verdict::Inconclusive,
            observed: "the control message was refused".into(),
            why: "the conversation was already broken before the attack".into(),
            ..passed(name)
        },
        "group-removal" => Check {
            verdict: Verdict::NotTested,
            observed: "not tried".into(),
            why: "the driver cannot: group.remove".into(),
            evidence: vec![],
            reproduce: None,
            ..passed(name)
        },
        _ => passed(name),
    }))
}

pub(crate) fn by_design() -> Report {
    let mut report = report(rows(|name| match name {
        "rollback" => Check {
            by_design: Some(ByDesign {
                family: "megolm".into(),
                check: check(name),
                matter: Matter::ByDesign,
                reason: "an inbound session keeps its first known ratchet value".into(),
                source: "Megolm specification, section “Lack of Backward Secrecy”".into(),
            }),
            ..failed(name)
        },
        _ => passed(name),
    }));
    report.candidate.subjects[0].name = "vodozemac 0.11.1 (megolm)".into();
    report
}

/// A run that was cut off, whose headline claims more than it may.
pub(crate) fn incomplete() -> Report {
    let mut report = report(rows(passed));
    report.run.complete = false;
    report.run.finished = None;
    report.headline = Headline { clauses: Half::Meets, house_rules: Half::Meets };
    report.run.selection.only = vec!["NHS-IM-2018/*".into()];
    report
}

pub(crate) fn declared_and_waived() -> Report {
    let mut rows = rows(|name| if name == "replay" { failed(name) } else { passed(name) });
    for row in &mut rows {
        if row.verdict == Verdict::Fail {
            row.overlays.push(waived());
        }
    }
    report(rows)
}

/// More of everything than page one has room for.
pub(crate) fn crowded() -> Report {
    let (bad, good) = (by_design().requirements, declared_and_waived().requirements);
    let not_tried = failing().requirements;
    let rows: Vec<_> = (1..=12)
        .flat_map(|n| {
            [&bad[4], &good[2], &good[5], &not_tried[3], &not_tried[0]].map(|row| {
                let id = format!("{}.{n}", row.id).parse().unwrap();
                Row { id, gate: Gate::Block, ..row.clone() }
            })
        })
        .collect();
    report(rows)
}

/// Foreign text in every place that a report has for it.
pub(crate) fn hostile() -> Report {
    let long = "A".repeat(10_000);
    let nasty = |n: usize| HOSTILE[n % HOSTILE.len()].to_owned();
    let mut report = report(rows(|name| Check {
        title: nasty(name.len()),
        expected: nasty(name.len() + 1),
        observed: format!("{} {long}", HOSTILE.join(" ")),
        why: nasty(name.len() + 2),
        by_design: Some(ByDesign {
            family: nasty(0),
            check: check(name),
            matter: Matter::Application,
            reason: nasty(1),
            source: nasty(3),
        }),
        evidence: vec![kept(9, HOSTILE[name.len() % HOSTILE.len()])],
        reproduce: Some(format!("hallmark run --seed {}", nasty(name.len()))),
        ..failed(name)
    }));
    report.candidate.name = nasty(0);
    report.candidate.version = nasty(4);
    report.candidate.vendor = Some(long.clone());
    report.candidate.subjects[0].name = nasty(1);
    report.candidate.subjects[0].notes = HOSTILE.map(str::to_owned).to_vec();
    report.standard.title = nasty(3);
    report.standard.note = nasty(2);
    report.standard.id = nasty(5);
    report.run.challenge = Some(nasty(1));
    report.run.seed = nasty(5);
    report.run.environment = HOSTILE.map(str::to_owned).to_vec();
    report.run.selection.only = HOSTILE.map(str::to_owned).to_vec();
    for (n, row) in report.requirements.iter_mut().enumerate() {
        row.title = nasty(n);
        row.why = format!("{} {long}", nasty(n + 1));
        row.remedy = nasty(n + 2);
        row.clause.document = nasty(n + 3);
        row.clause.url = Some(match n % 3 {
            0 => nasty(7),
            1 => format!("https://x.example/{}", nasty(n)),
            _ => "http://plain.example/".into(),
        });
        row.overlays = vec![Overlay::Waived {
            reason: nasty(n),
            owner: nasty(n + 1),
            approved_by: long.clone(),
            expires: date(2027, 1, 31),
        }];
    }
    report
}
