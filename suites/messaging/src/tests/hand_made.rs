//! Facts made by hand, for tests.

use hallmark_driver::protocol::{
    Class,
    ops::{HelloAnswer, Program},
};
use hallmark_model::{ByDesign, CheckId, Policy, Suite, policy::Limit};
use serde_json::{Value, json};

use crate::facts::{Driver, Experiment, MessagingFacts, Seen, Sender, Step, Text};

pub(super) fn step(what: &str, seen: Seen) -> Step {
    Step { what: what.to_owned(), seen, evidence: None, warnings: vec![] }
}

pub(super) fn refused() -> Seen {
    Seen::Refused { class: Class::OldMessage, detail: None }
}

pub(super) fn delivered(position: Option<u64>) -> Seen {
    Seen::Delivered { text: Text::AsSent, sender: Sender::Right, position }
}

fn changed() -> Seen {
    Seen::Delivered { text: Text::Different, sender: Sender::Right, position: None }
}

pub(super) fn experiment(name: &str, outcome: Vec<Step>, measured: Value) -> Experiment {
    Experiment {
        id: CheckId::of(Suite::Messaging, name),
        candidate: "Example 1 (reference)".to_owned(),
        control: vec![step("the honest twin", delivered(None))],
        outcome,
        stopped: None,
        measured: measured.as_object().cloned().unwrap_or_default(),
        evidence: vec![],
    }
}

pub(super) fn facts(family: &str, experiments: Vec<Experiment>) -> MessagingFacts {
    let program =
        |name: &str| Program { name: name.to_owned(), version: "1".to_owned(), sha256: None };
    let hello = HelloAnswer {
        protocol: "hallmark-driver/1".to_owned(),
        driver: program("hand-made"),
        candidate: program("Example"),
        family: family.to_owned(),
        calling: "by hand".to_owned(),
        capabilities: vec![],
        limits: [].into(),
    };
    let driver = Driver {
        name: "hand-made".to_owned(),
        hello,
        isolation: vec![],
        settings: [].into(),
        interceptor: None,
    };
    MessagingFacts { driver, experiments }
}

pub(super) fn policy() -> Policy {
    let limit = |max, warn, unit: &str| Limit {
        max,
        warn: Some(warn),
        unit: unit.to_owned(),
        basis: "the test's own rule".to_owned(),
    };
    let mut policy: Policy = serde_json::from_value(json!({
        "grades": {
            "message-cipher-literal": {
                "AES-256-CBC": { "grade": "recommended", "basis": "the clause names AES 256" },
                "ChaCha20-Poly1305": { "grade": "forbidden", "basis": "not AES" },
            },
            "message-cipher-equivalent": {
                "AES-256-CBC": { "grade": "recommended", "basis": "the clause names AES 256" },
                "ChaCha20-Poly1305": { "grade": "acceptable", "basis": "a named clause accepts it" },
                "AES-128-CBC": { "grade": "forbidden", "basis": "the key is too short" },
                "3DES-CBC": { "grade": "legacy", "basis": "on its way out" },
            },
        },
    }))
    .unwrap();
    policy.limits.insert("undelivered-chains".to_owned(), limit(5, 10, "receiving chains"));
    policy.limits.insert("ratchet-heals-after".to_owned(), limit(1, 3, "round trips"));
    policy.limits.insert("group-rotation-messages".to_owned(), limit(100, 100, "messages"));
    policy.limits.insert("group-generations".to_owned(), limit(20, 40, "further messages"));
    policy.limits.insert("group-epochs".to_owned(), limit(5, 10, "changes"));
    policy.floors.insert("message-tag-bits".to_owned(), super::order::floor());
    let limit = |max, unit: &str| Limit { warn: None, ..limit(max, max, unit) };
    policy.limits.insert("undelivered-messages".to_owned(), limit(100, "messages"));
    policy.limits.insert("sender-rollback-run".to_owned(), limit(15, "bytes"));
    policy.by_design.push(ByDesign {
        family: "megolm".to_owned(),
        check: CheckId::of(Suite::Messaging, "replay"),
        matter: hallmark_model::Matter::ByDesign,
        reason: "inbound sessions keep their ratchet".to_owned(),
        source: "the protocol's specification".to_owned(),
    });
    policy
}

/// Checks, each with outcomes by name.
pub(super) type Cases = Vec<(&'static str, Vec<(&'static str, Experiment)>)>;

/// For each check, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let of = experiment;
    let none = || json!({});
    let sweep = |same: &[u64], other: &[u64], broken: &[u64]| {
        json!({
            "bits": 800, "tried": 800, "refused": 800 - same.len() - other.len() - broken.len(),
            "same_meaning": same, "other_meaning": other, "nothing_shown": [], "broken": broken,
        })
    };
    let flips = |same: &[u64], other: &[u64], broken: &[u64]| {
        let (first, established) = (sweep(&[], &[], &[]), sweep(same, other, broken));
        of("bit-flips", vec![], json!({ "first": first, "established": established }))
    };
    let slow = |mut experiment: Experiment| {
        for sweep in ["first", "established"] {
            if let Some(sweep) = experiment.measured.get_mut(sweep) {
                sweep["cut_short"] = true.into();
            }
        }
        experiment.measured.insert("cut_short".to_owned(), true.into());
        experiment
    };
    let cut = |delivered: &[u64], broken: &[u64]| {
        let measured = json!({
            "bytes": 100, "tried": 100, "refused": 100 - delivered.len() - broken.len(),
            "delivered": delivered, "nothing_shown": [], "broken": broken,
        });
        of("truncation", vec![], measured)
    };
    let cipher = |name: &str, lengths: &[u64]| {
        let stated = json!({
            "protocol": "Example", "cipher": name, "mac": "HMAC-SHA-256", "mac_bits": 256,
            "key_agreement": "X25519",
        });
        of("algorithms", vec![], json!({ "stated": stated, "envelope_bytes": lengths }))
    };
    let blocks = [64, 64, 64, 80, 80, 80];
    let bytes = [50, 51, 52, 53, 54, 55];
    let window = |through: u64, gone: Option<u64>, tried: u64| {
        let measured = json!({ "readable_through": through, "gone_at": gone, "tried": tried });
        of("undelivered-window", vec![], measured)
    };
    let heals = |after: Option<u64>, tried: u64| {
        let measured = json!({ "healed_after": after, "tried": tried, "impersonation": null });
        of("ratchet-heals", vec![], measured)
    };
    let one = |name, seen| of(name, vec![step("the test", seen)], none());
    let blind = |key: &str| {
        let measured =
            json!({ "honest_equal": true, "substituted_differs": true, "blind_to": [key] });
        of("fingerprint", vec![], measured)
    };
    let prints = |equal: bool, differs: bool| {
        let measured = json!({ "honest_equal": equal, "substituted_differs": differs });
        of("fingerprint", vec![], measured)
    };
    let places = |places: &[Option<u64>]| {
        let steps = vec![step("message 1", delivered(None))];
        of("reordering", steps, json!({ "positions": places }))
    };
    let fallback = |seen, found: &[&str]| {
        let steps = vec![step("a stranger sends", seen)];
        of("plaintext-fallback", steps, json!({ "envelopes": 1, "found": found }))
    };
    let searched = |found: &[&str]| {
        let measured = json!({ "envelopes": 6, "encodings": 12, "found": found });
        of("envelope-confidential", vec![], measured)
    };
    let cases = vec![
        (
            "round-trip",
            vec![
                ("as sent", one("round-trip", delivered(None))),
                ("changed", one("round-trip", changed())),
                ("refused", one("round-trip", refused())),
            ],
        ),
        (
            "envelope-confidential",
            vec![("nothing", searched(&[])), ("base64", searched(&["base64"]))],
        ),
        (
            "plaintext-fallback",
            vec![
                ("refused", fallback(refused(), &[])),
                ("in clear", fallback(Seen::Done, &["UTF-8"])),
                ("sent somehow", fallback(Seen::Done, &[])),
            ],
        ),
        (
            "aes-256-equivalent",
            vec![
                ("AES 256", cipher("AES-256-CBC", &blocks)),
                ("an equivalent", cipher("ChaCha20-Poly1305", &bytes)),
                ("a legacy cipher", cipher("3DES-CBC", &blocks)),
                ("AES 128", cipher("AES-128-CBC", &blocks)),
                ("a cipher nobody listed", cipher("ROT13", &bytes)),
                ("a statement that the wire contradicts", cipher("AES-256-CBC", &bytes)),
            ],
        ),
        (
            "aes-256-literal",
            vec![
                ("AES 256", cipher("AES-256-CBC", &blocks)),
                ("an equivalent", cipher("ChaCha20-Poly1305", &bytes)),
            ],
        ),
        (
            "fingerprint",
            vec![
                ("sound", prints(true, true)),
                ("blind to a substituted key", prints(true, false)),
                ("never equal", prints(false, true)),
                ("blind to one key", blind("the signing key")),
            ],
        ),
        (
            "bit-flips",
            vec![
                ("all refused", flips(&[], &[], &[])),
                ("harmlessly malleable", flips(&[4, 5], &[], &[])),
                ("another meaning", flips(&[4], &[200], &[])),
                ("crashes", flips(&[], &[], &[7])),
                ("out of time", slow(flips(&[], &[], &[]))),
            ],
        ),
        (
            "truncation",
            vec![
                ("all refused", cut(&[], &[])),
                ("a short tag", cut(&[96], &[])),
                ("crashes", cut(&[], &[3])),
                ("out of time", slow(cut(&[], &[]))),
            ],
        ),
        (
            "replay",
            vec![("refused", one("replay", refused())), ("shown", one("replay", delivered(None)))],
        ),
        (
            "reflection",
            vec![
                ("refused", one("reflection", refused())),
                ("dropped in silence", one("reflection", Seen::NothingShown)),
                ("shown", one("reflection", delivered(None))),
            ],
        ),
        (
            "reordering",
            vec![
                ("in place", places(&[Some(1), Some(2)])),
                ("no order vouched for", places(&[None, None])),
                ("out of place", places(&[Some(2), Some(1)])),
                ("lost", one("reordering", refused())),
            ],
        ),
        (
            "rollback",
            vec![
                ("refused", one("rollback", refused())),
                ("opened", one("rollback", delivered(None))),
            ],
        ),
        (
            "undelivered-window",
            vec![
                ("five chains", window(4, Some(5), 5)),
                ("eight chains", window(8, Some(9), 9)),
                ("twelve chains", window(12, Some(13), 13)),
                ("for ever", window(16, None, 16)),
                ("not followed", window(1, None, 2)),
            ],
        ),
        (
            "one-time-prekey",
            vec![
                ("refused", one("one-time-prekey", refused())),
                ("served twice", one("one-time-prekey", delivered(None))),
            ],
        ),
        (
            "prekey-signature",
            vec![
                ("refused", one("prekey-signature", refused())),
                ("accepted", one("prekey-signature", Seen::Done)),
            ],
        ),
        (
            "zero-key",
            vec![
                ("refused", one("zero-key", refused())),
                ("accepted", one("zero-key", Seen::Done)),
            ],
        ),
        (
            "ratchet-heals",
            vec![
                ("at once", heals(Some(1), 1)),
                ("late", heals(Some(3), 3)),
                ("too late", heals(Some(4), 4)),
                ("never", heals(None, 8)),
            ],
        ),
    ];
    cases.into_iter().chain(super::order::cases()).collect()
}
