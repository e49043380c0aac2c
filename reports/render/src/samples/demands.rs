//! The standard of the samples.

use hallmark_model::{
    Clause, EvidenceKind, Gate, Level, Policy, Provenance, Requirement, Standard,
    standard::Document,
};

use super::check;

pub(super) struct Demand {
    id: &'static str,
    title: &'static str,
    level: Level,
    gate: Gate,
    provenance: Provenance,
    pub(super) checks: &'static [&'static str],
    why: &'static str,
    remedy: &'static str,
}

pub(super) const DEMANDS: [Demand; 7] = [
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

pub(super) fn requirement(demand: &Demand) -> Requirement {
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

pub(super) const NOTE: &str =
    "A composite: every row cites its clause; no single NHS document says it all.";
