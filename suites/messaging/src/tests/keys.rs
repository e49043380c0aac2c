//! Facts made by hand: keys and identities.

use hallmark_driver::protocol::{Warning, WarningClass};
use serde_json::{Value, json};

use super::hand_made::{Cases, experiment, refused, step};
use crate::facts::{Experiment, Seen, Step};

/// For each check of the area, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let mut cases = vec![
        (
            "encryption-marker",
            vec![
                ("still encrypted", marker(Seen::Done, &[])),
                ("refused", marker(refused(), &[])),
                ("readable", marker(Seen::Done, &["UTF-8"])),
            ],
        ),
        (
            "plaintext-injected",
            vec![
                ("refused", injected(80, 0, 0, &[])),
                ("shown with a warning", injected(78, 2, 0, &[])),
                ("shown", injected(79, 0, 0, &["the bare text, as `plain`"])),
                ("never reached the candidate", injected(0, 0, 80, &[])),
            ],
        ),
        (
            "older-protocol",
            vec![
                ("refused", older(refused(), None)),
                ("the same session", older(Seen::Done, Some(("AES-256-CBC", false)))),
                ("weaker, and told", older(Seen::Done, Some(("AES-128-CBC", true)))),
                ("weaker", older(Seen::Done, Some(("AES-128-CBC", false)))),
            ],
        ),
        (
            "version-field",
            vec![
                ("refused", version(32, &[], &[], true)),
                ("harmlessly malleable", version(30, &["bit 0", "bit 1"], &[], true)),
                ("malleable, session unknown", version(31, &["bit 0"], &[], false)),
                ("another version", version(31, &[], &["bit 0: delivered, as version 0"], true)),
            ],
        ),
        (
            "one-time-signature",
            vec![
                ("refused", one("one-time-signature", refused())),
                ("accepted", one("one-time-signature", Seen::Done)),
            ],
        ),
        (
            "key-reuse",
            vec![
                ("none", reuse(&[])),
                ("two roles", reuse(&["signed prekey of bob is also one-time prekey of bob"])),
            ],
        ),
        (
            "signature-encoding",
            vec![
                ("refused", one("signature-encoding", refused())),
                ("accepted", one("signature-encoding", Seen::Done)),
            ],
        ),
    ];
    for name in ["identity-change", "ghost-device", "identity-binding"] {
        cases.push((
            name,
            vec![
                ("refused", reactions(name, &["refused", "refused"], None)),
                ("without effect", reactions(name, &["without-effect"], None)),
                ("told", reactions(name, &["refused", "warned"], Some(true))),
                ("told late", reactions(name, &["warned-late", "refused"], Some(true))),
                ("not told", reactions(name, &["refused", "silent"], Some(true))),
                ("told, but the fingerprint stays", reactions(name, &["warned"], Some(false))),
            ],
        ));
    }
    cases
}

fn one(name: &str, seen: Seen) -> Experiment {
    experiment(name, vec![step("the test", seen)], json!({}))
}

fn marker(seen: Seen, found: &[&str]) -> Experiment {
    let warning =
        Warning { class: WarningClass::Unencrypted, text: "not encrypted any more".to_owned() };
    let told = Step { warnings: vec![warning], ..step("the server says so", Seen::Done) };
    let measured = json!({ "envelopes": 1, "found": found });
    experiment("encryption-marker", vec![told, step("a message", seen)], measured)
}

fn injected(refused: u64, warned: u64, driver_errors: u64, shown: &[&str]) -> Experiment {
    let measured = json!({
        "tried": 80, "refused": refused, "nothing_shown": 0, "warned": warned,
        "driver_errors": driver_errors, "shown": shown,
    });
    experiment("plaintext-injected", vec![], measured)
}

fn older(seen: Seen, session: Option<(&str, bool)>) -> Experiment {
    let stated = |cipher: &str| {
        json!({
            "protocol": "Example", "cipher": cipher, "mac": "HMAC-SHA-256", "mac_bits": 256,
            "key_agreement": "X25519",
        })
    };
    let others: Vec<Value> = session
        .map(|(cipher, warned)| json!({ "what": "a list", "stated": stated(cipher), "warned": warned }))
        .into_iter()
        .collect();
    let measured = json!({ "honest": stated("AES-256-CBC"), "others": others });
    experiment("older-protocol", vec![step("a list left out", seen)], measured)
}

fn version(refused: u64, same: &[&str], changed: &[&str], session_stated: bool) -> Experiment {
    let measured = json!({
        "tried": 32, "refused": refused, "nothing_shown": 0, "same": same, "changed": changed,
        "session_stated": session_stated,
    });
    experiment("version-field", vec![], measured)
}

fn reuse(reused: &[&str]) -> Experiment {
    experiment("key-reuse", vec![], json!({ "keys": 53, "one_time": 48, "reused": reused }))
}

fn reactions(name: &str, reactions: &[&str], fingerprint_changed: Option<bool>) -> Experiment {
    let attempts: Vec<Value> = reactions
        .iter()
        .map(|reaction| json!({ "what": "an attempt", "reaction": reaction }))
        .collect();
    let measured = json!({ "attempts": attempts, "fingerprint_changed": fingerprint_changed });
    experiment(name, vec![], measured)
}
