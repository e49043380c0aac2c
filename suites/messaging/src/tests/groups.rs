//! Facts made by hand for the checks of groups.

use serde_json::{Value, json};

use super::hand_made::{Cases, delivered, experiment, refused, step};
use crate::facts::{Experiment, Seen, Sender, Text};

/// For each check of groups, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let one = |name: &str, seen: Seen| experiment(name, vec![step("the test", seen)], json!({}));
    let with = |name: &str, seen: Seen, measured: Value| {
        experiment(name, vec![step("the test", seen)], measured)
    };
    let shown = || delivered(None);
    let other_text =
        || Seen::Delivered { text: Text::Different, sender: Sender::Right, position: None };
    let mistaken = || Seen::Delivered { text: Text::AsSent, sender: Sender::Wrong, position: None };
    let shown_or_not = |name: &'static str| {
        (name, vec![("refused", one(name, refused())), ("shown", one(name, shown()))])
    };
    let agreement = |seen: Seen, members: bool, epochs: bool, authenticators: bool| {
        let group = json!({
            "size": 3, "members": members, "epochs": epochs, "authenticators": authenticators,
        });
        with("group-round-trip", seen, json!({ "groups": [group] }))
    };
    let attempt = |seen: Seen, changed: bool| {
        let seen = serde_json::to_value(seen).unwrap_or_default();
        json!([{ "what": "a change again", "seen": seen, "view_changed": changed }])
    };
    let stranger = |changed: bool, listed: bool, spoken: u64, opened: bool| {
        let attempts = attempt(if changed { Seen::Done } else { refused() }, changed);
        let measured =
            json!({ "attempts": attempts, "listed": listed, "shown": spoken, "opened": opened });
        with("group-added-by-server", refused(), measured)
    };
    let rotation = |after: Option<u64>, tried: u64, declared: Option<u64>, locked_out: bool| {
        let measured = json!({
            "declared": declared, "tried": tried, "rotated_after": after, "locked_out": locked_out,
        });
        experiment("group-rotation", vec![], measured)
    };
    let control = |same: usize, other: usize, broken: usize, cut_short: bool| {
        let named =
            |n: usize| (0..n).map(|bit| format!("with bit {bit} flipped")).collect::<Vec<_>>();
        let swept = json!({
            "kind": "change", "tried": 40, "refused": 40 - same - other - broken,
            "same_effect": named(same), "no_effect": [], "other_effect": named(other),
            "broken": named(broken), "cut_short": cut_short,
        });
        experiment("group-control", vec![], json!({ "swept": [swept] }))
    };
    let state = |seen: Seen, changed: bool| {
        experiment("group-state", vec![], json!({ "attempts": attempt(seen, changed) }))
    };
    let fork = |seen: Seen, within: bool, across: bool| {
        let measured = json!({ "equal_within": within, "different_across": across });
        with("group-fork", seen, measured)
    };
    let healing = |others: bool, own: bool, heard: Option<Seen>| {
        let group = json!({
            "size": 3, "reads_after_anothers": others, "reads_after_own": own, "heard": heard,
        });
        with("group-healing", refused(), json!({ "groups": [group] }))
    };
    let clone = |read: u64| experiment("group-clone", vec![], json!({ "read": read, "tried": 12 }));
    let window = |through: u64, gone: Option<u64>, tried: u64, declared: Option<u64>| {
        let measured = json!({
            "declared": declared, "readable_through": through, "gone_at": gone, "tried": tried,
        });
        experiment("group-window", vec![], measured)
    };
    let epochs = |through: u64, gone: Option<u64>, tried: u64| {
        let measured = json!({ "readable_through": through, "gone_at": gone, "tried": tried });
        experiment("group-epochs", vec![], measured)
    };
    let flips = |same: u64, other: &[u64], broken: &[u64], cut_short: bool| {
        let same: Vec<u64> = (0..same).collect();
        let sweep = json!({
            "bits": 800, "tried": 800, "cut_short": cut_short,
            "refused": 800 - same.len() - other.len() - broken.len(), "same_meaning": same,
            "other_meaning": other, "nothing_shown": [], "broken": broken,
        });
        experiment("group-bit-flips", vec![], json!({ "message": sweep }))
    };
    let sampled = |same: u64| {
        let same: Vec<u64> = (0..same).collect();
        let sweep = json!({
            "bits": 4000, "tried": 192, "cut_short": false, "refused": 192 - same.len(),
            "same_meaning": same, "other_meaning": [], "nothing_shown": [], "broken": [],
        });
        experiment("group-bit-flips", vec![], json!({ "message": sweep }))
    };
    let moved = |misplaced: u64, put_right: u64| {
        let measured = json!({ "misplaced": misplaced, "put_right": put_right });
        with(
            "group-conversation",
            if misplaced + put_right > 0 { shown() } else { refused() },
            measured,
        )
    };
    let mixed_up = |seen: Seen, shares: u64| {
        with("group-channel", seen, json!({ "key_shares": 2, "key_shares_shown": shares }))
    };
    let forwarded = |shown_it: bool, warned: bool| {
        let measured = json!({ "shown": shown_it, "warned": warned });
        with("group-forwarded-key", if shown_it { shown() } else { refused() }, measured)
    };
    vec![
        (
            "group-round-trip",
            vec![
                ("as sent", agreement(shown(), true, true, true)),
                ("refused", agreement(refused(), true, true, true)),
                ("another list of members", agreement(shown(), false, true, true)),
                ("another epoch", agreement(shown(), true, false, true)),
                ("another authenticator", agreement(shown(), true, true, false)),
            ],
        ),
        (
            "group-added-by-server",
            vec![
                ("kept out", stranger(false, false, 0, false)),
                ("changes the group", stranger(true, false, 0, false)),
                ("is listed", stranger(false, true, 0, false)),
                ("is heard", stranger(false, false, 1, false)),
                ("listens", stranger(false, false, 0, true)),
            ],
        ),
        shown_or_not("group-removed-member"),
        shown_or_not("group-new-member"),
        (
            "group-rotation",
            vec![
                ("in time", rotation(Some(50), 51, Some(50), true)),
                ("late", rotation(Some(150), 151, None, true)),
                ("never", rotation(None, 101, None, false)),
                ("without effect", rotation(Some(50), 51, Some(50), false)),
                ("not followed", rotation(None, 20, None, false)),
            ],
        ),
        (
            "group-control",
            vec![
                ("all refused", control(0, 0, 0, false)),
                ("harmlessly malleable", control(1, 0, 0, false)),
                ("mostly not looked at", control(8, 0, 0, false)),
                ("another effect", control(0, 1, 0, false)),
                ("crashes", control(0, 0, 2, false)),
                ("out of time", control(0, 0, 0, true)),
            ],
        ),
        (
            "group-impersonation",
            vec![
                ("refused", one("group-impersonation", refused())),
                ("shown under the real author", one("group-impersonation", shown())),
                ("shown under another's name", one("group-impersonation", mistaken())),
            ],
        ),
        (
            "group-state",
            vec![
                ("refused", state(refused(), false)),
                ("dropped in silence", state(Seen::Done, false)),
                ("accepted", state(Seen::Done, true)),
                ("refused, and yet it changed something", state(refused(), true)),
            ],
        ),
        (
            "group-fork",
            vec![
                ("noticed", fork(refused(), true, true)),
                ("never equal", fork(refused(), false, true)),
                ("blind", fork(refused(), true, false)),
                ("read across", fork(shown(), true, true)),
            ],
        ),
        (
            "group-healing",
            vec![
                ("by the victim's own rotation", healing(true, false, Some(refused()))),
                ("by any rotation", healing(false, false, None)),
                ("read, but heard late", healing(true, false, Some(shown()))),
                ("never", healing(true, true, Some(shown()))),
            ],
        ),
        ("group-clone", vec![("reads on", clone(12)), ("is left behind", clone(3))]),
        (
            "group-rollback",
            vec![
                ("refused", one("group-rollback", refused())),
                ("opened", one("group-rollback", shown())),
            ],
        ),
        (
            "group-window",
            vec![
                ("five generations", window(4, Some(5), 5, Some(5))),
                ("longer than declared", window(7, Some(8), 8, Some(5))),
                ("followed only so far", window(12, None, 12, None)),
                ("generous", window(30, Some(32), 32, None)),
                ("for ever", window(64, None, 64, None)),
                ("not followed", window(0, None, 0, None)),
            ],
        ),
        (
            "group-epochs",
            vec![
                ("gone with the epoch", epochs(0, Some(1), 1)),
                ("eight changes", epochs(8, Some(9), 9)),
                ("twelve changes", epochs(12, Some(13), 13)),
                ("for ever", epochs(16, None, 16)),
                ("not followed", epochs(1, None, 2)),
            ],
        ),
        shown_or_not("group-replay"),
        (
            "group-bit-flips",
            vec![
                ("all refused", flips(0, &[], &[], false)),
                ("harmlessly malleable", flips(2, &[], &[], false)),
                ("mostly not looked at", flips(200, &[], &[], false)),
                ("a sample, near a tenth", sampled(31)),
                ("a sample, clearly more", sampled(32)),
                ("another meaning", flips(0, &[200], &[], false)),
                ("crashes", flips(0, &[], &[7], false)),
                ("out of time", flips(0, &[], &[], true)),
            ],
        ),
        (
            "group-conversation",
            vec![
                ("refused", moved(0, 0)),
                ("shown where it belongs", moved(0, 2)),
                ("shown elsewhere", moved(1, 0)),
            ],
        ),
        (
            "group-channel",
            vec![
                ("refused", mixed_up(refused(), 0)),
                ("a key share is shown", mixed_up(refused(), 1)),
                ("shown", mixed_up(shown(), 0)),
            ],
        ),
        (
            "signed-text",
            vec![
                ("no signatures", with("signed-text", refused(), json!({ "signs": false }))),
                ("the signed text", with("signed-text", shown(), json!({ "signs": true }))),
                ("another text", with("signed-text", other_text(), json!({ "signs": true }))),
            ],
        ),
        (
            "app-conversation",
            vec![
                ("everything", conversed(true)),
                ("a leaver reads on, nothing else is offered", conversed(false)),
            ],
        ),
        (
            "group-forwarded-key",
            vec![
                ("not taken", forwarded(false, false)),
                ("shown with a warning", forwarded(true, true)),
                ("shown without", forwarded(true, false)),
            ],
        ),
    ]
}

fn conversed(whole: bool) -> Experiment {
    let measured = if whole {
        json!({
            "arrived": 9, "shown_encrypted": 9, "shown_clear": 0, "leaver_reads": false,
            "second_device_reads": true, "file_name_arrives": true, "backup": 4096, "readable_in_backup": [],
            "pushed": 4, "readable_in_push": [], "marks": ["blind trust"], "not_offered": [],
        })
    } else {
        json!({
            "arrived": 2, "shown_encrypted": 0, "shown_clear": 2, "leaver_reads": true,
            "second_device_reads": null, "file_name_arrives": false, "backup": 64, "readable_in_backup": ["UTF-8"],
            "pushed": 2, "readable_in_push": ["UTF-8"], "marks": [], "not_offered": ["files", "a second device"],
        })
    };
    experiment("app-conversation", vec![], measured)
}
