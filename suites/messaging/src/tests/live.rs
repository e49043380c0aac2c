//! Facts made by hand: live apps before a malicious server.

use serde_json::{Value, json};

use super::hand_made::{Cases, experiment};
use crate::facts::Experiment;

/// For each check of the area, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let mut cases = vec![
        (
            "app-sender",
            vec![
                ("dropped", sender(1, "not-shown")),
                ("under its real sender", sender(1, "real")),
                ("under the other, and marked", sender(1, "other-marked")),
                ("under the other", sender(1, "other")),
                ("no chance", sender(0, "real")),
            ],
        ),
        (
            "app-replay",
            vec![
                ("once", replay(2, 1)),
                ("twice", replay(2, 2)),
                ("never", replay(2, 0)),
                ("no chance", replay(0, 1)),
                ("twice without a cause", replay(0, 2)),
            ],
        ),
        (
            "app-plaintext",
            vec![
                ("dropped", plaintext(1, json!(null))),
                ("as encrypted", plaintext(1, clear(Some(true), true))),
                ("as not encrypted", plaintext(1, clear(Some(false), true))),
                ("as not encrypted, like everything", plaintext(1, clear(Some(false), false))),
                ("with a mark", plaintext(1, clear(None, true))),
                ("without any difference", plaintext(1, clear(None, false))),
                ("no chance", plaintext(0, json!(null))),
            ],
        ),
        (
            "app-prekeys",
            vec![
                ("used up", prekeys(20, 20, 20, 0, Some(true))),
                ("limited", prekeys(10, 10, 0, 30, Some(true))),
                ("nobody new", prekeys(40, 40, 0, 0, Some(false))),
                ("broken off", prekeys(40, 40, 0, 0, None)),
            ],
        ),
        (
            "app-inventory",
            vec![
                ("gone", inventory(1, 0)),
                ("still there", inventory(2, 1)),
                ("no key shared", inventory(0, 0)),
            ],
        ),
    ];
    for check in ["app-ghost-device", "app-added-member", "app-marker", "app-device-keys"] {
        cases.push((check, attacks(check)));
    }
    cases
}

/// `v` stands for a verified reader, `r` for a restart with the reader before.
fn attacks(check: &str) -> Vec<(&'static str, Experiment)> {
    let played = |plays: &[(&str, u64, &str)], not_restarted: bool| {
        let plays: Vec<_> = plays
            .iter()
            .map(|(how, applied, reaction)| {
                let trust = if how.starts_with('v') { "verified" } else { "unverified" };
                json!({ "when": format!("{trust} reader"), "trust": trust, "applied": applied,
                        "restarted": how.ends_with('r'), "reaction": reaction })
            })
            .collect();
        let not_tried = ["something else"];
        let measured =
            json!({ "plays": plays, "not_tried": not_tried, "not_restarted": not_restarted });
        experiment(check, vec![], measured)
    };
    let of = |plays: &[(&str, u64, &str)]| played(plays, false);
    vec![
        ("refused", of(&[("u", 1, "refused"), ("v", 1, "refused")])),
        ("without effect", of(&[("u", 1, "without-effect"), ("v", 1, "refused")])),
        ("silent before verification alone", of(&[("u", 1, "silent"), ("v", 1, "refused")])),
        ("told before verification alone", of(&[("u", 1, "warned"), ("v", 1, "without-effect")])),
        ("silent after verification", of(&[("u", 1, "refused"), ("v", 1, "silent")])),
        ("told after verification", of(&[("u", 1, "silent"), ("v", 1, "warned")])),
        ("told late after verification", of(&[("u", 1, "silent"), ("v", 1, "warned-late")])),
        ("silent, and nobody can verify", of(&[("u", 1, "silent")])),
        ("told, and nobody can verify", of(&[("u", 1, "warned-late")])),
        ("nobody unverified is written to", of(&[("v", 1, "refused")])),
        ("no chance after verification", of(&[("u", 1, "silent"), ("v", 0, "without-effect")])),
        ("no chance before it", of(&[("u", 0, "without-effect"), ("v", 1, "refused")])),
        ("no chance after a restart", {
            of(&[("u", 1, "refused"), ("v", 1, "refused"), ("vr", 0, "without-effect")])
        }),
        ("no chance before a restart", {
            of(&[("u", 1, "refused"), ("v", 0, "without-effect"), ("vr", 1, "without-effect")])
        }),
        ("no chance, and one with another reader", {
            of(&[("u", 1, "refused"), ("v", 0, "without-effect"), ("v", 1, "without-effect")])
        }),
        ("not restarted", played(&[("u", 1, "refused"), ("v", 1, "refused")], true)),
        ("a warning without a cause", of(&[("v", 0, "warned")])),
        ("a reader without a cause", of(&[("v", 0, "silent")])),
        ("nothing played", of(&[])),
    ]
}

fn sender(applied: u64, shown: &str) -> Experiment {
    experiment("app-sender", vec![], json!({ "applied": applied, "shown": shown }))
}

fn replay(applied: u64, shown: u64) -> Experiment {
    experiment("app-replay", vec![], json!({ "applied": applied, "shown": shown }))
}

fn plaintext(applied: u64, shown: Value) -> Experiment {
    experiment("app-plaintext", vec![], json!({ "applied": applied, "shown": shown }))
}

fn clear(encrypted: Option<bool>, stands_out: bool) -> Value {
    json!({ "encrypted": encrypted, "stands_out": stands_out })
}

fn prekeys(
    handed: u64,
    distinct: u64,
    last_resort: u64,
    refused: u64,
    newcomer: Option<bool>,
) -> Experiment {
    let measured = json!({
        "asked": 40, "handed": handed, "distinct": distinct, "last_resort": last_resort,
        "refused": refused, "newcomer": newcomer,
    });
    experiment("app-prekeys", vec![], measured)
}

fn inventory(after: u64, removed: u64) -> Experiment {
    let measured = json!({ "first": 1, "both": 2, "after": after, "removed_among_them": removed });
    experiment("app-inventory", vec![], measured)
}
