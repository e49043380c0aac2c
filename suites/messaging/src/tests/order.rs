//! Facts made by hand: messages and their order.

use hallmark_driver::protocol::{Warning, WarningClass};
use hallmark_model::policy::Floor;
use serde_json::{Value, json};

use super::hand_made::{Cases, delivered, experiment, refused, step};
use crate::facts::{Experiment, Seen, Sender, Step, Text};

pub(super) fn floor() -> Floor {
    Floor {
        min: 128,
        warn: Some(64),
        unit: "bits".to_owned(),
        basis: "the test's own rule".to_owned(),
    }
}

pub(super) fn cases() -> Cases {
    vec![
        ("sender-rewrite", sender_rewrite()),
        ("replay-across-sessions", replay_across_sessions()),
        ("nonce-reuse", nonce_reuse()),
        ("tag-length", tag_length()),
        ("key-commitment", key_commitment()),
        ("hostile-size", hostile_size()),
        ("skip-ahead", skip_ahead()),
        ("glare", glare()),
        ("refused-input", refused_input()),
        ("error-oracle", error_oracle()),
        ("decrypt-timing", decrypt_timing()),
        ("transcript-order", transcript_order()),
    ]
}

type Outcomes = Vec<(&'static str, Experiment)>;

fn sender_rewrite() -> Outcomes {
    let of = |seen: Seen, warned: Option<WarningClass>| {
        let warning = |class| Warning { class, text: "look twice".to_owned() };
        let warnings = warned.map(warning).into_iter().collect();
        let step = Step { warnings, ..step("handed over as carol's", seen) };
        experiment("sender-rewrite", vec![step], json!({}))
    };
    let shown = |sender| Seen::Delivered { text: Text::AsSent, sender, position: None };
    vec![
        ("refused", of(refused(), None)),
        ("dropped in silence", of(Seen::NothingShown, None)),
        ("under its real sender", of(shown(Sender::Right), None)),
        ("as the other's, with a warning", {
            of(shown(Sender::Wrong), Some(WarningClass::SenderMismatch))
        }),
        ("as the other's, with some warning", of(shown(Sender::Wrong), Some(WarningClass::Other))),
        ("as the other's, with another warning", {
            of(shown(Sender::Wrong), Some(WarningClass::Unverified))
        }),
        ("as the other's", of(shown(Sender::Wrong), None)),
    ]
}

fn replay_across_sessions() -> Outcomes {
    let of = |seen| {
        experiment("replay-across-sessions", vec![step("the first message again", seen)], json!({}))
    };
    vec![("refused", of(refused())), ("shown", of(delivered(None)))]
}

fn nonce_reuse() -> Outcomes {
    let of = |start: u64, end: u64| {
        let measured = json!({
            "envelopes": 8, "plaintext_bytes": 256,
            "equal": { "from_start": start, "from_end": end },
            "different": { "from_start": 42, "from_end": 2 },
        });
        experiment("nonce-reuse", vec![], measured)
    };
    vec![
        ("nothing shared", of(42, 2)),
        ("shared from the start", of(290, 2)),
        ("shared from the end", of(42, 260)),
    ]
}

fn tag_length() -> Outcomes {
    let of = |bits: u32, envelope: u64| {
        let stated = json!({
            "protocol": "Example", "cipher": "AES-256-CBC", "mac": "HMAC-SHA-256", "mac_bits": bits,
            "key_agreement": "X25519",
        });
        experiment("algorithms", vec![], json!({ "stated": stated, "envelope_bytes": [envelope] }))
    };
    vec![
        ("whole", of(256, 120)),
        ("half of the usual", of(64, 90)),
        ("short", of(32, 90)),
        ("no room for it", of(256, 20)),
    ]
}

fn key_commitment() -> Outcomes {
    let of = |cipher: &str, changed: u64, keys: u64, salamander: Option<bool>| {
        let measured = json!({
            "cipher": cipher, "changed": 32, "changed_opened": changed, "keys": 32,
            "keys_opened": keys, "salamander": salamander,
        });
        experiment("key-commitment", vec![], measured)
    };
    let hmac = "AES-256-CBC + HMAC-SHA-256";
    vec![
        ("committing", of(hmac, 0, 0, None)),
        ("a file for two keys", of("AES-256-GCM", 0, 0, Some(true))),
        ("something around the cipher", of("AES-256-GCM", 0, 0, Some(false))),
        ("not made", of("ChaCha20-Poly1305", 0, 0, None)),
        ("two keys of one tag", of(hmac, 0, 3, None)),
        ("not authenticated", of("AES-256-CTR", 30, 32, None)),
    ]
}

fn hostile_size() -> Outcomes {
    let of = |shown: u64, after: Seen| {
        let input = json!({
            "what": "one byte, over and over", "count": 1, "bytes": 4096, "shown": shown,
            "slowest_millis": 3,
        });
        let steps = vec![step("the next honest message", after)];
        experiment("hostile-size", steps, json!({ "inputs": [input] }))
    };
    vec![
        ("alive", of(0, delivered(None))),
        ("alive, and taken for a message", of(1, delivered(None))),
        ("dead", of(0, refused())),
    ]
}

fn skip_ahead() -> Outcomes {
    let of = |jumps: &[(u64, bool, u64, u64)], refused: Option<u64>| {
        let jumps: Vec<Value> = jumps
            .iter()
            .map(|(skipped, read, before, after)| {
                json!({
                    "skipped": skipped, "read": read, "state_before": before, "state_after": after,
                })
            })
            .collect();
        let measured = json!({ "jumps": jumps, "read_at": null, "refused_at": refused });
        experiment("skip-ahead", vec![step("after 100 withheld ones", delivered(None))], measured)
    };
    let handed = |mut experiment: Experiment, bytes: u64| {
        let jumps = experiment.measured.get_mut("jumps").and_then(Value::as_array_mut);
        for jump in jumps.into_iter().flatten() {
            jump["handed_over"] = bytes.into();
        }
        experiment
    };
    let near = (100, true, 2_000, 7_000);
    let first = (1_100, true, 7_000, 60_000);
    let second = (1_100, true, 60_000, 113_000);
    let lost = vec![step("after 100 withheld ones", refused())];
    vec![
        ("refused", of(&[near, (1_100, false, 7_000, 7_000)], Some(1_100))),
        ("bounded", of(&[near, first, (1_100, true, 60_000, 61_000)], None)),
        ("nothing stored", of(&[near, (1_100, true, 7_000, 7_003)], None)),
        ("grows without end", of(&[near, first, second], None)),
        ("grows by what it is handed", handed(of(&[near, first, second], None), 50_000)),
        ("grows by more than it is handed", handed(of(&[near, first, second], None), 20_000)),
        ("not repeated", of(&[near, first], None)),
        ("lost", experiment("skip-ahead", lost, json!({}))),
    ]
}

fn glare() -> Outcomes {
    let of = |seen: Seen, found: &[&str]| {
        let measured =
            json!({ "envelopes": 8, "found": found, "damaged": "refused (bad-signature)" });
        experiment("glare", vec![step("bob's first message", seen)], measured)
    };
    vec![
        ("read", of(delivered(None), &[])),
        ("blocked", of(refused(), &[])),
        ("in clear", of(delivered(None), &["UTF-8"])),
    ]
}

fn refused_input() -> Outcomes {
    let of = |refused: u64, shown: &[&str], honest: &[(&str, Seen)]| {
        let measured = json!({
            "tried": 10, "refused": refused, "nothing_shown": 0, "shown": shown,
        });
        let steps = honest.iter().map(|(what, seen)| step(what, seen.clone())).collect();
        experiment("refused-input", steps, measured)
    };
    let (after, next) = ("the honest message after junk of 16 bytes", "the one after it");
    vec![
        ("no trace", of(10, &[], &[(after, delivered(None)), (next, delivered(None))])),
        ("one was shown", of(9, &["an altered one"], &[(after, delivered(None))])),
        ("nothing was refused", of(0, &["junk"; 10], &[(next, delivered(None))])),
        ("a message is lost", of(10, &[], &[(after, refused()), (next, delivered(None))])),
        ("the conversation is lost", of(10, &[], &[(after, refused()), (next, refused())])),
        ("read without being shown", of(10, &[], &[(after, Seen::NothingShown)])),
        ("no honest message", of(10, &[], &[])),
    ]
}

fn error_oracle() -> Outcomes {
    let answer = json!({ "said": "refused (malformed)", "count": 3, "first": 0, "last": 9 });
    let measured = json!({ "tried": 100, "answers": [answer] });
    vec![
        ("not run", experiment("error-oracle", vec![], json!({}))),
        ("measured", experiment("error-oracle", vec![], measured)),
    ]
}

fn decrypt_timing() -> Outcomes {
    let measured = json!({
        "samples": 1900, "tag": 52_000.0, "ciphertext": 51_000.0, "t": 1.25, "half_interval": 1_568.0,
    });
    vec![
        ("not run", experiment("decrypt-timing", vec![], json!({}))),
        ("measured", experiment("decrypt-timing", vec![], measured)),
    ]
}

fn transcript_order() -> Outcomes {
    let of = |places: [Option<u64>; 4]| {
        let [first, second, third, last] = places;
        let measured =
            json!({ "together": [first, second], "after_withheld": third, "after_turn": last });
        experiment("transcript-order", vec![], measured)
    };
    vec![
        ("gaps show", of([Some(2), Some(3), Some(5), Some(7)])),
        ("no place", of([None; 4])),
        ("gaps are closed", of([Some(2), Some(3), Some(4), Some(5)])),
        ("the end of a chain is not counted", of([Some(2), Some(3), Some(5), Some(6)])),
        ("places start again", of([Some(0), Some(1), Some(3), Some(0)])),
    ]
}
