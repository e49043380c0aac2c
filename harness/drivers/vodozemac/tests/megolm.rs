//! What vodozemac's Megolm sessions do when they are driven.

mod pair;

use hallmark_driver::{
    protocol::{
        Bytes, Class, Version,
        ops::{Envelope, EnvelopeKind, SessionInfo},
    },
    sdk::{Device, answer_line},
};
use hallmark_driver_vodozemac::MegolmDevice;
use pair::{Party, deliver, refused};

/// Alice's Megolm session is shared with Bob; nothing has been sent.
fn shared() -> (Party<MegolmDevice>, Party<MegolmDevice>) {
    let (mut alice, mut bob) = (Party::new("alice"), Party::new("bob"));
    let setup = alice.start("bob", bob.publish(1)).expect("started");
    assert_eq!(
        setup.iter().map(|envelope| envelope.kind).collect::<Vec<_>>(),
        [EnvelopeKind::Setup]
    );
    assert_eq!(bob.decrypt("alice", &setup[0]).expect("setup"), []);
    (alice, bob)
}

#[test]
fn hello_says_what_is_driven_and_how() {
    let line = br#"{"id":1,"op":"hello","args":{"protocols":["hallmark-driver/1"]}}"#;
    let (answer, _) = answer_line(&mut MegolmDevice::default(), &mut Version::V2, line);
    insta::assert_json_snapshot!(answer.ok);
}

#[test]
fn the_reply_direction_is_shared_over_the_olm_session_that_came_in() {
    let (mut alice, mut bob) = shared();
    assert_eq!(deliver(&mut alice, &mut bob).len(), 1);
    let reply = deliver(&mut bob, &mut alice);
    let kinds: Vec<_> = reply.iter().map(|envelope| (envelope.kind, &*envelope.tag)).collect();
    assert_eq!(kinds, [(EnvelopeKind::Setup, "olm-message"), (EnvelopeKind::Message, "megolm")]);
    assert_eq!(deliver(&mut bob, &mut alice).len(), 1, "shared once");
}

#[test]
fn encrypting_shares_the_session_where_none_was_started() {
    let (mut alice, mut bob) =
        (Party::<MegolmDevice>::new("alice"), Party::<MegolmDevice>::new("bob"));
    alice.import("bob", bob.publish(1)).expect("imported");
    let envelopes = deliver(&mut alice, &mut bob);
    let kinds: Vec<_> = envelopes.iter().map(|envelope| (envelope.kind, &*envelope.tag)).collect();
    assert_eq!(kinds, [(EnvelopeKind::Setup, "olm-prekey"), (EnvelopeKind::Message, "megolm")]);
}

#[test]
fn session_info_names_both_protocols() {
    let (mut alice, _) = shared();
    let info = alice.device.session_info(SessionInfo { peer: "bob".to_owned() }).expect("info");
    insta::assert_json_snapshot!(info, @r#"
    {
      "protocol": "Megolm v1, Ed25519 signatures, keys shared over Olm v1",
      "cipher": "AES-256-CBC",
      "mac": "HMAC-SHA-256",
      "mac_bits": 64,
      "key_agreement": "X25519"
    }
    "#);
}

#[test]
fn order_is_visible_in_the_position() {
    let (mut alice, mut bob) = shared();
    let (first, second) = (alice.encrypt("bob"), alice.encrypt("bob"));
    assert_eq!(bob.receives("alice", &second), Some(1));
    assert_eq!(bob.receives("alice", &first), Some(0));
}

/// By design of Megolm: a receiver keeps the earliest ratchet state it was given.
#[test]
fn replay_and_rollback_decrypt_however_late() {
    let (mut alice, mut bob) = shared();
    let before = bob.snapshot();
    let message = deliver(&mut alice, &mut bob);
    let after = bob.snapshot();
    assert_eq!(bob.receives("alice", &message), Some(0), "replay");
    bob.restored(&before).receives("alice", &message);
    bob.restored(&after).receives("alice", &message);
    for _ in 0..20 {
        deliver(&mut alice, &mut bob);
        deliver(&mut bob, &mut alice);
    }
    assert_eq!(bob.receives("alice", &message), Some(0), "20 rounds later");
}

#[test]
fn a_replayed_share_is_refused_and_a_missing_one_is_an_unknown_key() {
    let (mut alice, mut bob) =
        (Party::<MegolmDevice>::new("alice"), Party::<MegolmDevice>::new("bob"));
    let setup = alice.start("bob", bob.publish(1)).expect("started");
    let message = alice.encrypt("bob");
    assert_eq!(refused(bob.decrypt("alice", &message[0])), Class::UnknownKey);
    bob.decrypt("alice", &setup[0]).expect("setup");
    assert_eq!(refused(bob.decrypt("alice", &setup[0])), Class::OldMessage);
    bob.receives("alice", &message);
    assert_eq!(refused(bob.decrypt("carol", &message[0])), Class::UnknownKey);
}

#[test]
fn an_all_zero_one_time_key_is_refused() {
    let (mut alice, mut bob) =
        (Party::<MegolmDevice>::new("alice"), Party::<MegolmDevice>::new("bob"));
    let good = bob.publish(1);
    let mut bad = good.clone();
    bad.one_time_prekeys[0].public = Bytes(vec![0; 32]);
    assert_eq!(refused(alice.start("bob", bad)), Class::BadKey);
    alice.start("bob", good).expect("the good twin is accepted");
}

#[test]
fn damaged_messages_are_refused_by_class() {
    let (mut alice, mut bob) = shared();
    let envelope = alice.encrypt("bob").remove(0);
    let with = |body: Vec<u8>| Envelope { body: body.into(), ..envelope.clone() };
    for index in [envelope.body.len() - 1, envelope.body.len() - 70, 20] {
        let mut flipped = envelope.body.0.clone();
        flipped[index] ^= 1;
        assert_eq!(refused(bob.decrypt("alice", &with(flipped))), Class::BadSignature);
    }
    assert_eq!(refused(bob.decrypt("alice", &with(Vec::new()))), Class::Malformed);
    assert_eq!(
        refused(bob.decrypt("alice", &with(envelope.body[..40].to_vec()))),
        Class::Malformed
    );
    bob.receives("alice", &[envelope]);
}
