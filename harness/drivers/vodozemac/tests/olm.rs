//! What vodozemac's Olm sessions do when they are driven.

mod pair;

use hallmark_driver::{
    protocol::{
        Bytes, Class, Version,
        ops::{
            Envelope, EnvelopeKind, IdentityFingerprint, IdentityPublic, MessageEncrypt,
            PrekeysPublish, SessionInfo, StateRestore,
        },
    },
    sdk::{Declined, Device, answer_line},
};
use hallmark_driver_vodozemac::OlmDevice;
use pair::{Party, TEXT, deliver, refused};
use proptest::prelude::*;

/// Alice has started a session with Bob; nothing has been sent.
fn started() -> (Party<OlmDevice>, Party<OlmDevice>) {
    let (mut alice, mut bob) = (Party::new("alice"), Party::new("bob"));
    assert_eq!(alice.start("bob", bob.publish(1)).expect("started"), []);
    (alice, bob)
}

/// Alice and Bob have each received a message.
fn established() -> (Party<OlmDevice>, Party<OlmDevice>) {
    let (mut alice, mut bob) = started();
    assert_eq!(deliver(&mut alice, &mut bob)[0].tag, "olm-prekey");
    assert_eq!(deliver(&mut bob, &mut alice)[0].tag, "olm-message");
    (alice, bob)
}

#[test]
fn hello_says_what_is_driven_and_how() {
    let line = br#"{"id":1,"op":"hello","args":{"protocols":["hallmark-driver/1"]}}"#;
    let (answer, _) = answer_line(&mut OlmDevice::default(), &mut Version::V2, line);
    insta::assert_json_snapshot!(answer.ok);
}

#[test]
fn the_driver_descriptions_name_the_version_that_is_linked() {
    let version = format!("version = \"{}\"", vodozemac::VERSION);
    for description in [
        include_str!("../../vodozemac-olm/driver.toml"),
        include_str!("../../vodozemac-megolm/driver.toml"),
    ] {
        assert!(description.contains(&version), "{description}");
    }
}

#[test]
fn a_published_key_set_has_one_time_keys_and_no_signed_prekey() {
    let mut bob = Party::<OlmDevice>::new("bob");
    let prekeys = bob.publish(3);
    let public = bob.device.identity_public(IdentityPublic {}).expect("identity");
    assert_eq!(prekeys.identity_key, public.identity_key);
    assert_eq!(prekeys.signing_key.expect("signing key").len(), 32);
    assert_eq!(prekeys.one_time_prekeys.len(), 3);
    assert!(prekeys.one_time_prekeys.is_sorted_by_key(|prekey| prekey.id));
    assert!(prekeys.one_time_prekeys.iter().all(|prekey| prekey.public.len() == 32));
    assert!(prekeys.signed_prekey.is_none() && prekeys.kem_prekey.is_none());
    let again = bob.publish(1);
    assert_eq!(again.one_time_prekeys.len(), 1, "only new keys are published");
    let many = bob.device.prekeys_publish(PrekeysPublish { one_time: 51 });
    assert!(matches!(many, Err(Declined::Error(message)) if message.contains("limit is 50")));
}

#[test]
fn messages_go_both_ways_and_out_of_order() {
    let (mut alice, mut bob) = started();
    let (first, second) = (alice.encrypt("bob"), alice.encrypt("bob"));
    assert_eq!(bob.receives("alice", &second), Some(1));
    assert_eq!(bob.receives("alice", &first), Some(0));
    deliver(&mut bob, &mut alice);
    deliver(&mut alice, &mut bob);
}

#[test]
fn session_info_is_that_of_the_session() {
    let (mut alice, _) = started();
    let info = alice.device.session_info(SessionInfo { peer: "bob".to_owned() }).expect("info");
    insta::assert_json_snapshot!(info, @r#"
    {
      "protocol": "Olm v1",
      "cipher": "AES-256-CBC",
      "mac": "HMAC-SHA-256",
      "mac_bits": 64,
      "key_agreement": "X25519"
    }
    "#);
}

#[test]
fn a_replay_is_refused_as_old() {
    let (mut alice, mut bob) = started();
    let initial = deliver(&mut alice, &mut bob);
    assert_eq!(refused(bob.decrypt("alice", &initial[0])), Class::OldMessage);
    let reply = deliver(&mut bob, &mut alice);
    assert_eq!(refused(alice.decrypt("bob", &reply[0])), Class::OldMessage);
}

#[test]
fn rollback_to_before_decrypts_and_to_after_refuses() {
    let (mut alice, mut bob) = established();
    let before = bob.snapshot();
    let message = deliver(&mut alice, &mut bob);
    let after = bob.snapshot();
    let next = alice.encrypt("bob");
    bob.restored(&before).receives("alice", &message);
    let mut restored = bob.restored(&after);
    assert_eq!(refused(restored.decrypt("alice", &message[0])), Class::OldMessage);
    restored.receives("alice", &next);
}

#[test]
fn an_undelivered_message_is_readable_through_4_further_chains_and_gone_at_the_5th() {
    for (chains, readable) in [(4, true), (5, false)] {
        let (mut alice, mut bob) = established();
        let undelivered = alice.encrypt("bob");
        deliver(&mut alice, &mut bob);
        for _ in 0..chains {
            deliver(&mut bob, &mut alice);
            deliver(&mut alice, &mut bob);
        }
        if readable {
            assert_eq!(bob.receives("alice", &undelivered), Some(0));
        } else {
            // The chain is gone, so that the message looks like one of a new chain.
            assert_eq!(refused(bob.decrypt("alice", &undelivered[0])), Class::BadSignature);
        }
    }
}

#[test]
fn a_used_one_time_key_is_gone() {
    let (mut alice, mut bob) = started();
    let before = bob.snapshot();
    let initial = deliver(&mut alice, &mut bob);
    // The same account without its session: only the one-time key could make it again.
    let strip = |state: &[u8]| {
        let mut state: serde_json::Value = serde_json::from_slice(state).expect("JSON");
        state["peers"] = serde_json::json!({});
        state.to_string().into_bytes()
    };
    bob.restored(&strip(&before)).receives("alice", &initial);
    let after = bob.snapshot();
    let mut amnesiac = bob.restored(&strip(&after));
    assert_eq!(refused(amnesiac.decrypt("alice", &initial[0])), Class::UnknownKey);
}

#[test]
fn an_all_zero_key_is_refused_in_either_place() {
    let (mut alice, mut bob) = (Party::<OlmDevice>::new("alice"), Party::<OlmDevice>::new("bob"));
    let good = bob.publish(1);
    let zero = Bytes(vec![0; 32]);
    let mut identity = good.clone();
    identity.identity_key = zero.clone();
    assert_eq!(refused(alice.start("bob", identity)), Class::BadKey);
    let mut one_time = good.clone();
    one_time.one_time_prekeys[0].public = zero;
    assert_eq!(refused(alice.start("bob", one_time)), Class::BadKey);
    let mut short = good.clone();
    short.one_time_prekeys[0].public = Bytes(vec![9; 31]);
    assert_eq!(refused(alice.start("bob", short)), Class::BadKey);
    let mut none = good.clone();
    none.one_time_prekeys.clear();
    assert_eq!(refused(alice.start("bob", none)), Class::UnknownKey);
    alice.start("bob", good).expect("the good twin is accepted");
}

#[test]
fn another_identity_under_a_known_name_is_refused() {
    let (mut alice, _) = established();
    let mut impostor = Party::<OlmDevice>::new("bob");
    let prekeys = impostor.publish(1);
    assert_eq!(refused(alice.start("bob", prekeys)), Class::IdentityChanged);
    impostor.start("alice", alice.publish(1)).expect("started");
    let envelope = impostor.encrypt("alice");
    assert_eq!(refused(alice.decrypt("bob", &envelope[0])), Class::IdentityChanged);
}

#[test]
fn damaged_messages_are_refused_by_class() {
    let (mut alice, mut bob) = established();
    let envelope = alice.encrypt("bob").remove(0);
    let with = |tag: &str, body: Vec<u8>| Envelope {
        kind: EnvelopeKind::Message,
        tag: tag.to_owned(),
        body: body.into(),
    };
    let mut flipped = envelope.body.0.clone();
    *flipped.last_mut().expect("not empty") ^= 1;
    let cases = [
        (with("olm-message", flipped), Class::BadSignature),
        (with("olm-message", envelope.body[..9].to_vec()), Class::Malformed),
        (with("olm-message", Vec::new()), Class::Malformed),
        (with("olm-prekey", envelope.body.0.clone()), Class::Malformed),
        (with("carrier-pigeon", envelope.body.0.clone()), Class::Malformed),
    ];
    for (damaged, class) in cases {
        assert_eq!(refused(bob.decrypt("alice", &damaged)), class, "{damaged:?}");
    }
    assert_eq!(refused(bob.decrypt("carol", &envelope)), Class::UnknownKey);
    bob.receives("alice", &[envelope]);
}

#[test]
fn a_clone_is_locked_out_after_one_round_but_writes_on_its_old_chain() {
    for (rounds, accepted) in [(1, true), (4, true), (5, false)] {
        let (mut alice, mut bob) = established();
        let state = bob.snapshot();
        let mut clone = bob.restored(&state);
        for _ in 0..rounds {
            deliver(&mut alice, &mut bob);
            deliver(&mut bob, &mut alice);
        }
        let to_bob = alice.encrypt("bob");
        assert_eq!(refused(clone.decrypt("alice", &to_bob[0])), Class::BadSignature);
        let forged = clone.encrypt("alice");
        if accepted {
            assert_eq!(alice.receives("bob", &forged), Some(1));
        } else {
            assert_eq!(refused(alice.decrypt("bob", &forged[0])), Class::BadSignature);
        }
    }
}

#[test]
fn what_olm_does_not_have_is_unsupported_and_calls_out_of_order_are_errors() {
    let mut nobody = OlmDevice::default();
    let encrypt = || MessageEncrypt { peer: "bob".to_owned(), plaintext: TEXT.into() };
    assert!(matches!(nobody.message_encrypt(encrypt()), Err(Declined::Error(_))));
    let mut alice = Party::<OlmDevice>::new("alice");
    let fingerprint = IdentityFingerprint { peer: "bob".to_owned() };
    let answer = alice.device.identity_fingerprint(fingerprint);
    assert!(matches!(answer, Err(Declined::Unsupported(_))));
    let Err(Declined::Refused(refusal)) = alice.device.message_encrypt(encrypt()) else {
        panic!("no session, no message")
    };
    assert_eq!(refusal.class, Class::UnknownKey);
    alice.device.reset(None).expect("reset");
    assert!(matches!(alice.device.identity_public(IdentityPublic {}), Err(Declined::Error(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_from_outside_are_a_message_or_a_state(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        prekey in any::<bool>(),
    ) {
        let mut bob = Party::<OlmDevice>::new("bob");
        let tag = if prekey { "olm-prekey" } else { "olm-message" }.to_owned();
        let body = Bytes(bytes.clone());
        let envelope = Envelope { kind: EnvelopeKind::Message, tag, body };
        prop_assert!(bob.decrypt("alice", &envelope).is_err());
        let restored = bob.device.state_restore(StateRestore { state: bytes.into() });
        prop_assert!(matches!(restored, Err(Declined::Error(_))));
    }
}
