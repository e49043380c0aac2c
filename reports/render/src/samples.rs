//! Reports as the tests show them.

use std::{collections::BTreeMap, time::Duration};

use hallmark_model::{
    ByDesign, CheckId, Clause, Event, EvidenceKind, EvidenceRef, Gate, Half, Headline, Level,
    Overlay, Policy, Provenance, Report, Requirement, Selection, Sha256, Standard, Suite, Verdict,
    candidate::Authorisation,
    event::Stamped,
    figure::{Fate, ForwardSecrecy, Lane, Mark},
    report::{Assurance, Candidate, Check, Counts, Row, Run, SCHEMA, StandardRef, Subject, Tool},
    standard::Document,
};
use jiff::civil::date;

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

struct Demand {
    id: &'static str,
    title: &'static str,
    level: Level,
    gate: Gate,
    provenance: Provenance,
    checks: &'static [&'static str],
    why: &'static str,
    remedy: &'static str,
}

const DEMANDS: [Demand; 7] = [
    Demand {
        id: "NHS-IM-2018/E2EE-1",
        title: "Messages are encrypted end to end",
        level: Level::Should,
        gate: Gate::Block,
        provenance: Provenance::SecondHand,
        checks: &["round-trip", "bit-flips"],
        why: "Without it, whoever runs the service can read what clinicians write about patients.",
        remedy: "Encrypt on the sender's device and decrypt only on the recipient's.",
    },
    Demand {
        id: "NHS-IM-2018/E2EE-2",
        title: "Message encryption meets AES 256",
        level: Level::Should,
        gate: Gate::Block,
        provenance: Provenance::SecondHand,
        checks: &["algorithm"],
        why: "Weaker encryption can be broken later by whoever keeps a copy today.",
        remedy: "Use AES with a 256-bit key, or an algorithm with a documented equivalence.",
    },
    Demand {
        id: "NHS-IM-2018/ACC-1",
        title: "The app can be protected by its own passcode",
        level: Level::Should,
        gate: Gate::Block,
        provenance: Provenance::SecondHand,
        checks: &[],
        why: "A phone left on a ward must not show patient messages to whoever picks it up.",
        remedy: "Offer an app lock that managed devices can enforce.",
    },
    Demand {
        id: "NHS-IM-2018/GRP-1",
        title: "Group membership can be reviewed",
        level: Level::May,
        gate: Gate::Block,
        provenance: Provenance::Unconfirmed,
        checks: &["group-removal"],
        why: "A colleague who has left must not go on receiving patient information.",
        remedy: "Show every member, and change keys when one leaves.",
    },
    Demand {
        id: "HX/FS-1",
        title: "Keys stolen today do not open messages already read",
        level: Level::HouseRule,
        gate: Gate::Block,
        provenance: Provenance::HouseRule,
        checks: &["rollback"],
        why: "A stolen phone or backup would otherwise open every message received before.",
        remedy: "Delete each message key as soon as the message has been decrypted.",
    },
    Demand {
        id: "HX/REP-1",
        title: "A message that is sent again is refused",
        level: Level::HouseRule,
        gate: Gate::Block,
        provenance: Provenance::HouseRule,
        checks: &["replay"],
        why: "An old instruction, shown again as new, can harm a patient.",
        remedy: "Keep the numbers of received messages and refuse those already seen.",
    },
    Demand {
        id: "HX/PCS-1",
        title: "After a theft, the conversation heals",
        level: Level::HouseRule,
        gate: Gate::Report,
        provenance: Provenance::HouseRule,
        checks: &["clone-and-heal"],
        why: "A thief who copied the keys once should not read along for ever.",
        remedy: "Exchange fresh keys with every change of direction.",
    },
];

fn requirement(demand: &Demand) -> Requirement {
    let house_rule = demand.level == Level::HouseRule;
    Requirement {
        id: demand.id.parse().unwrap(),
        title: demand.title.into(),
        level: demand.level,
        gate: demand.gate,
        provenance: demand.provenance,
        clause: Clause {
            document: if house_rule { "Hallmark house rules" } else { "Example guidance" }.into(),
            published: if house_rule { "Hallmark, 2026" } else { "Example publisher, 2018" }.into(),
            reference: "checklist, row 3".into(),
            paraphrase: format!("In our words: {}.", demand.title.to_lowercase()),
            url: (!house_rule).then(|| "https://standards.example/guidance".into()),
        },
        evidence: if demand.checks.is_empty() {
            vec![EvidenceKind::VendorDeclaration, EvidenceKind::TrustDeclaration]
        } else {
            vec![EvidenceKind::ActiveTest]
        },
        checks: demand.checks.iter().map(|name| check(name)).collect(),
        why: demand.why.into(),
        remedy: demand.remedy.into(),
    }
}

pub(crate) fn standard() -> Standard {
    Standard {
        document: Document {
            id: "nhs-im".into(),
            version: "1.0".into(),
            title: "Instant messaging in the NHS, composite".into(),
            publisher: "Hallmark".into(),
            date: "2026-11-01".into(),
            status: "draft".into(),
            note: NOTE.into(),
        },
        requirements: DEMANDS.iter().map(requirement).collect(),
        policy: Policy::default(),
    }
}

const NOTE: &str = "A composite: every row cites its clause; no single NHS document says it all.";

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

pub(crate) fn timeline() -> ForwardSecrecy {
    let marks = |fates: &[(i32, Fate)]| {
        fates.iter().map(|(position, fate)| Mark { position: *position, fate: *fate }).collect()
    };
    ForwardSecrecy {
        subject: "reference 0.1.0 (double-ratchet)".into(),
        unit: "receiving chain".into(),
        lanes: vec![
            Lane {
                label: "delivered before the leak".into(),
                marks: marks(&[
                    (-6, Fate::Closed),
                    (-4, Fate::Closed),
                    (-3, Fate::Closed),
                    (-2, Fate::Closed),
                    (-1, Fate::Open),
                ]),
            },
            Lane {
                label: "sent but not delivered before the leak".into(),
                marks: marks(&[(-6, Fate::Closed), (-4, Fate::Open), (-1, Fate::Open)]),
            },
            Lane {
                label: "sent after the leak".into(),
                marks: marks(&[(1, Fate::Open), (2, Fate::Closed), (3, Fate::Unknown)]),
            },
        ],
        sentences: vec![
            "Delivered messages stay closed, except the last.".into(),
            "Undelivered messages stay readable for 4 further chains.".into(),
            "The conversation heals after one exchange.".into(),
        ],
    }
}

pub(crate) fn elapsed() -> BTreeMap<CheckId, Duration> {
    [("round-trip", 12), ("bit-flips", 1920), ("rollback", 380), ("replay", 412)]
        .into_iter()
        .map(|(name, millis)| (check(name), Duration::from_millis(millis)))
        .collect()
}

pub(crate) fn events() -> Vec<Stamped> {
    let finding = hallmark_model::Finding {
        check: check("replay"),
        verdict: Verdict::Pass,
        expected: "refused".into(),
        observed: "refused".into(),
        why: "the number was seen before".into(),
        by_design: None,
        evidence: vec![],
    };
    [
        Event::RunStarted {
            run: "20261121T190307Z-7f3a".into(),
            tool: "0.1.0".into(),
            standard: "nhs-im/1.0".into(),
            candidate: "Example Messenger 4.2.0".into(),
            seed: "7f3a".into(),
            checks: 2,
        },
        Event::SuiteStarted {
            suite: Suite::Messaging,
            subject: "reference 0.1.0 (double-ratchet)".into(),
            probes: 2,
        },
        Event::ProbeStarted { probe: check("replay"), title: "A message sent twice".into() },
        Event::ProbeFinished {
            probe: check("replay"),
            millis: 412,
            outcome: "control delivered, replay refused".into(),
        },
        Event::Problem {
            place: "driver\u{1b}[2J".into(),
            message: "wrote 3 lines that are not JSON to its standard output; they were ignored \
                      and counted"
                .into(),
        },
        Event::ProbeFinished {
            probe: check("rollback"),
            millis: 65_380,
            outcome: "before: opened; after: opened; the next honest message was delivered".into(),
        },
        Event::Judged { title: "A message sent twice".into(), finding },
        Event::RunFinished { headline: Headline::UNDETERMINED, exit: 3 },
    ]
    .map(|event| Stamped { at: "2026-11-21T19:03:07Z".parse().unwrap(), event })
    .into()
}
