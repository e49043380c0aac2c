//! Groups across libraries: whatever library makes a group, clients of every other one join it,
//! read in it, change it and are removed from it.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

mod peer;

use peer::{LIBRARIES, Peer, base64};
use serde_json::{Value, json};

const GROUP: &str = "ward";

#[test]
fn sessions_work_between_all_libraries() {
    pairs(|one, other| {
        let (mut alice, mut bob) = (Peer::new(one, "alice"), Peer::new(other, "bob"));
        alice.meets(&mut bob);
        let started = alice.ok("session.start", json!({"peer": "bob"}));
        for envelope in envelopes(&started) {
            let taken = bob.ok("message.decrypt", json!({"from": "alice", "envelope": envelope}));
            assert_eq!(taken["messages"], json!([]));
        }
        let mut pair = [alice, bob];
        for speaker in [0, 1, 0] {
            let [sender, receiver] =
                pair.get_disjoint_mut([speaker, 1 - speaker]).expect("two peers");
            let text = base64(b"canary");
            let args = json!({"peer": receiver.name, "plaintext": text});
            let sent = sender.ok("message.encrypt", args);
            let args = json!({"from": sender.name, "envelope": envelopes(&sent)[0]});
            let read = receiver.ok("message.decrypt", args.clone());
            assert_eq!(read["messages"][0]["plaintext"], text);
            assert_eq!(read["messages"][0]["sender"], sender.name);
            assert_eq!(receiver.refused("message.decrypt", args), "old-message");
        }
    });
}

#[test]
fn groups_work_between_all_libraries() {
    pairs(|one, other| {
        let third = LIBRARIES.into_iter().find(|name| *name != one && *name != other);
        let third = third.filter(|name| Peer::is_there(name)).unwrap_or(one);
        let names = [(one, "alice"), (other, "bob"), (third, "carol")];
        let mut peers: Vec<Peer> =
            names.into_iter().map(|(library, name)| Peer::new(library, name)).collect();
        peers[0].ok("group.create", json!({"group": GROUP}));
        for joiner in [1, 2] {
            add(&mut peers, 0, joiner, joiner);
            everyone_talks(&mut peers[..=joiner]);
        }
        for changer in 0..3 {
            let change = peers[changer].ok("group.rotate", json!({"group": GROUP}));
            spread(&mut peers, changer, &change);
            everyone_talks(&mut peers);
        }
        let change = peers[1].ok("group.remove", json!({"group": GROUP, "members": ["carol"]}));
        spread(&mut peers, 1, &change);
        everyone_talks(&mut peers[..2]);
        closed_to_whoever_left(&mut peers);
        add(&mut peers, 0, 2, 2);
        everyone_talks(&mut peers);
    });
}

/// Runs a test for each ordered pair of libraries that are there.
fn pairs(test: impl Fn(&'static str, &'static str)) {
    for one in LIBRARIES {
        for other in LIBRARIES {
            if Peer::is_there(one) && Peer::is_there(other) {
                test(one, other);
            } else {
                println!("not run: {one} with {other}: one is not installed; `cargo xtask peers`");
            }
        }
    }
}

fn envelopes(answer: &Value) -> Vec<Value> {
    answer["envelopes"].as_array().expect("envelopes").clone()
}

/// One member adds another; the first `present` peers are there already.
fn add(peers: &mut [Peer], by: usize, whom: usize, present: usize) {
    let [adder, joiner] = peers.get_disjoint_mut([by, whom]).expect("two peers");
    adder.meets(joiner);
    let members = json!({"group": GROUP, "members": [joiner.name]});
    let change = adder.ok("group.add", members);
    let adder = adder.name;
    for envelope in envelopes(&change) {
        let args = json!({"group": GROUP, "from": adder, "envelope": envelope});
        if envelope["kind"] == "welcome" {
            peers[whom].ok("group.join", args);
        } else {
            for other in (0..present).filter(|other| *other != by) {
                peers[other].ok("group.process", args.clone());
            }
        }
    }
}

/// Hands a change to everybody else.
fn spread(peers: &mut [Peer], by: usize, change: &Value) {
    let from = peers[by].name;
    for envelope in envelopes(change) {
        for other in (0..peers.len()).filter(|other| *other != by) {
            let args = json!({"group": GROUP, "from": from, "envelope": envelope});
            peers[other].ok("group.process", args);
        }
    }
}

/// Everybody writes, all others read it as that member's; all agree on the epoch.
fn everyone_talks(peers: &mut [Peer]) {
    for speaker in 0..peers.len() {
        let (from, text) = (peers[speaker].name, base64(peers[speaker].name.as_bytes()));
        let sent = peers[speaker].ok("group.encrypt", json!({"group": GROUP, "plaintext": text}));
        for listener in (0..peers.len()).filter(|listener| *listener != speaker) {
            let args = json!({"group": GROUP, "from": from, "envelope": envelopes(&sent)[0]});
            let read = peers[listener].ok("group.decrypt", args);
            assert_eq!(read["messages"][0]["plaintext"], text);
            assert_eq!(read["messages"][0]["sender"], from);
        }
    }
    let mut views = peers.iter_mut().map(|peer| {
        let view = peer.ok("group.info", json!({"group": GROUP}));
        assert_eq!(view["members"].as_array().map(Vec::len), Some(peers_in(&view)));
        (view["epoch"].clone(), view["authenticator"].clone())
    });
    let first = views.next().expect("a view");
    assert!(views.all(|view| view == first));
}

fn peers_in(view: &Value) -> usize {
    let members = view["members"].as_array().expect("members");
    let mut names: Vec<_> = members.iter().filter_map(Value::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

fn closed_to_whoever_left(peers: &mut [Peer]) {
    let sent =
        peers[0].ok("group.encrypt", json!({"group": GROUP, "plaintext": base64(b"secret")}));
    let envelope = &envelopes(&sent)[0];
    let args = json!({"group": GROUP, "from": "alice", "envelope": envelope});
    peers[2].refused("group.decrypt", args);
    let args = json!({"group": GROUP, "plaintext": base64(b"still here?")});
    assert_eq!(peers[2].refused("group.encrypt", args), "not-member");
}
