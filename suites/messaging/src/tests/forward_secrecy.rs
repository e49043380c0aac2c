//! Facts made by hand for forward secrecy and healing.

use serde_json::{Value, json};

use super::hand_made::{Cases, delivered, experiment, refused, step};
use crate::facts::{Experiment, Seen};

pub(super) fn cases() -> Cases {
    let shown = |name| experiment(name, vec![step("the test", delivered(None))], json!({}));
    let gone = |name| experiment(name, vec![step("the test", refused())], json!({}));
    let stolen =
        |name: &'static str| (name, vec![("refused", gone(name)), ("opened", shown(name))]);
    vec![
        stolen("rollback-out-of-order"),
        stolen("rollback-across-ratchet"),
        stolen("rollback-after-restart"),
        (
            "undelivered-messages",
            vec![
                ("forty", undelivered(40, Some(41), 64)),
                ("as many as allowed", undelivered(10, Some(11), 11)),
                ("more than allowed", undelivered(101, Some(102), 512)),
                ("for ever", undelivered(512, None, 512)),
                ("not tried up to the limit", undelivered(64, None, 64)),
                ("not followed", undelivered(1, None, 2)),
            ],
        ),
        residues("memory-residue", 0),
        residues("state-residue", 1),
        (
            "initial-replay",
            vec![
                ("refused", initial(refused(), json!([]))),
                (
                    "one leg not tried",
                    initial(
                        refused(),
                        json!([{
                            "what": "a start without one-time prekey",
                            "seen": { "kind": "refused", "class": "unknown-key", "detail": null },
                        }]),
                    ),
                ),
                ("shown again", initial(delivered(None), json!([]))),
            ],
        ),
        (
            "sender-rollback",
            vec![
                ("fresh", run(2)),
                ("two blocks of three", run(32)),
                (
                    "no envelopes",
                    experiment(
                        "sender-rollback",
                        vec![],
                        json!({
                            "shared_text": 48, "longest_run": 0, "shared_bytes": 0, "envelope": 0,
                        }),
                    ),
                ),
            ],
        ),
        (
            "random-after-restore",
            vec![
                ("fresh", random(3, 0, 2)),
                ("the same prekeys", random(3, 9, 0)),
                ("the same ephemeral key", random(3, 0, 32)),
                ("nothing published", random(0, 0, 0)),
            ],
        ),
        (
            "conversation-heals",
            vec![
                ("prevented", healed(refused(), &[], refused(), &[])),
                (
                    "the owner is warned",
                    healed(delivered(None), &[], refused(), &["undecryptable"]),
                ),
                ("the peer is warned", healed(delivered(None), &["new-session"], refused(), &[])),
                ("a log", healed(delivered(None), &[], refused(), &[])),
                ("nobody is told", healed(delivered(None), &[], delivered(None), &[])),
                ("unclear", healed(Seen::Done, &[], delivered(None), &[])),
            ],
        ),
        (
            "prekey-depletion",
            vec![
                ("all start", depleted(12, 12, None)),
                ("none starts", depleted(1, 0, Some(refused()))),
            ],
        ),
    ]
}

fn undelivered(through: u64, gone: Option<u64>, tried: u64) -> Experiment {
    let measured = json!({
        "readable_through": through, "gone_at": gone, "tried": tried,
        "readable_after_delivered": 64, "delivered": 64,
    });
    experiment("undelivered-messages", vec![], measured)
}

/// What both searches of one of the two places may come to.
fn residues(check: &'static str, place: usize) -> (&'static str, Vec<(&'static str, Experiment)>) {
    let found = |control: Value, keys: Value, messages: Value| {
        json!({
            "kind": "searched", "bytes": 1_048_576, "parts": 12, "current_chain_key": control,
            "previous_chain_keys": keys, "message_keys": messages, "plaintext": { "base64": 3 },
        })
    };
    let none = || json!({});
    let one = || json!({ "raw": 1 });
    let (gone, left) = (found(one(), none(), none()), found(one(), json!({ "raw": 2 }), none()));
    let messages = found(one(), none(), json!({ "raw": 1, "base64": 2 }));
    let no_control = found(none(), json!({ "hex-lower": 1 }), none());
    let mut cut = gone.clone();
    cut["cut"] = json!("the search took more than 60 s: the rest was not read");
    let other = || json!({ "kind": "not-offered", "reason": "the other place" });
    let both = |at_once: &Value, after: &Value, elsewhere: bool| {
        let places = |here: &Value| {
            let [memory, files] =
                if place == 0 { [here.clone(), other()] } else { [other(), here.clone()] };
            json!({ "memory": memory, "files": files })
        };
        let measured = json!({
            "messages": 3, "rounds": 20, "names_another_process": elsewhere,
            "at_once": places(at_once), "after_rounds": places(after),
        });
        experiment("residue", vec![], measured)
    };
    let not = |kind: &str, reason: &str| json!({ "kind": kind, "reason": reason });
    let unknown = json!({
        "messages": 3, "rounds": 20, "keys_unknown": "no field of the sender's state is a chain key",
    });
    let cases = vec![
        ("gone", both(&gone, &gone, false)),
        ("gone after a while", both(&left, &gone, false)),
        ("chain keys are left", both(&left, &left, false)),
        ("the former chain key is left", {
            let mut former = gone.clone();
            former["former_chain_key"] = json!({ "base64-url": 1 });
            both(&gone, &former, false)
        }),
        ("message keys are left, and the search was cut off", {
            let mut messages = messages.clone();
            messages["cut"] = cut["cut"].clone();
            both(&gone, &messages, false)
        }),
        ("the driver names another process", both(&gone, &gone, true)),
        ("no control at once", both(&no_control, &gone, false)),
        ("no control afterwards", both(&gone, &no_control, false)),
        ("cut off", both(&gone, &cut, false)),
        ("not offered", both(&not("not-offered", "none here"), &gone, false)),
        ("not readable", both(&gone, &not("not-readable", "Permission denied"), false)),
        ("another ratchet", experiment("residue", vec![], unknown)),
        ("not searched", experiment("residue", vec![], json!({ "messages": 3, "rounds": 20 }))),
    ];
    (check, cases)
}

fn initial(seen: Seen, not_tried: Value) -> Experiment {
    experiment("initial-replay", vec![step("again", seen)], json!({ "not_tried": not_tried }))
}

fn run(longest: u64) -> Experiment {
    let measured = json!({
        "shared_text": 48, "longest_run": longest, "shared_bytes": longest, "envelope": 214,
    });
    experiment("sender-rollback", vec![], measured)
}

fn random(published: u64, keys: u64, run: u64) -> Experiment {
    let measured = json!({
        "copies": 3, "published": published, "repeated_keys": keys, "repeated_run": run,
    });
    experiment("random-after-restore", vec![], measured)
}

fn healed(accepted: Seen, peer: &[&str], owner: Seen, owner_warned: &[&str]) -> Experiment {
    let measured = json!({
        "accepted": accepted, "peer_warned": peer, "owner": owner, "owner_warned": owner_warned,
        "copy": delivered(None), "owner_speaks": null,
    });
    experiment("conversation-heals", vec![], measured)
}

fn depleted(tried: u64, started: u64, stopped: Option<Seen>) -> Experiment {
    let measured = json!({
        "tried": tried, "started": started, "read": started, "stopped": stopped,
        "signed_prekey": true, "rotates": true, "rotates_kem": null,
    });
    experiment("prekey-depletion", vec![], measured)
}
