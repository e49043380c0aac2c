//! The honest messenger: answers, and precise refusals.

use hallmark_driver::{
    protocol::{
        Class, WarningClass,
        ops::{
            Envelope, EnvelopeKind, IdentityCreate, IdentityPublic, Prekeys, PrekeysPublish,
            SessionDelete, StateRestore,
        },
    },
    sdk::Declined,
};
use hallmark_reference::{Fault, Faults, device};

use crate::world::{Phone, broken_signature, carry, friends, refusal, round, strangers, with_one};

const NONE: Faults = Faults::NONE;

#[test]
fn it_says_who_it_is() {
    let (mut alice, _) = friends(NONE);
    let mut hello = alice.0.hello();
    for program in [&mut hello.driver, &mut hello.candidate] {
        assert_eq!(program.version, env!("CARGO_PKG_VERSION"));
        program.version = "[version]".to_owned();
    }
    insta::assert_json_snapshot!(serde_json::json!({
        "hello": hello,
        "capabilities": alice.0.capabilities(),
        "session.info": alice.info("bob").unwrap(),
    }));
}

#[test]
fn the_form_changes_with_the_first_reply() {
    let (mut alice, mut bob) = strangers(NONE);
    alice.start("bob", &bob.publish(1)).unwrap();
    let (first, second) =
        (alice.encrypt("bob", b"1").unwrap(), alice.encrypt("bob", b"2").unwrap());
    assert_eq!((&first.tag[..], &second.tag[..]), ("prekey", "prekey"));
    assert_eq!(bob.decrypt("alice", &second).unwrap().position, Some(1));
    assert_eq!(bob.decrypt("alice", &first).unwrap().position, Some(0));
    let reply = bob.encrypt("alice", b"3").unwrap();
    assert_eq!(reply.tag, "ratchet");
    alice.decrypt("bob", &reply).unwrap();
    let third = alice.encrypt("bob", b"4").unwrap();
    assert_eq!(third.tag, "ratchet");
    assert_eq!(bob.decrypt("alice", &third).unwrap().position, Some(2));
}

#[test]
fn refusals_of_envelopes_are_precise() {
    let (mut alice, mut bob) = friends(NONE);
    let envelope = alice.encrypt("bob", b"text").unwrap();
    let changed = |change: &dyn Fn(&mut Envelope)| {
        let mut envelope = envelope.clone();
        change(&mut envelope);
        envelope
    };
    type Change<'a> = &'a dyn Fn(&mut Envelope);
    let cases: [(Change<'_>, Class); 9] = [
        (&|e| *e.body.0.last_mut().unwrap() ^= 1, Class::BadSignature),
        (&|e| e.body.0.truncate(e.body.0.len() - 1), Class::BadSignature),
        (&|e| e.body.0.extend([0; 40]), Class::Malformed),
        (&|e| e.body.0.clear(), Class::Malformed),
        (&|e| e.tag = "prekey".to_owned(), Class::Malformed),
        (&|e| e.tag.clear(), Class::Malformed),
        (&|e| e.kind = EnvelopeKind::Setup, Class::Malformed),
        (&|e| e.body.0[9] ^= 1, Class::UnknownKey),
        (&|e| e.body.0[10..42].fill(0), Class::BadKey),
    ];
    for (index, (change, class)) in cases.into_iter().enumerate() {
        assert_eq!(refusal(bob.decrypt("alice", &changed(change))), class, "case {index}");
    }
    assert_eq!(refusal(bob.decrypt("carol", &envelope)), Class::UnknownKey);
    bob.decrypt("alice", &envelope).unwrap();
    assert_eq!(refusal(bob.decrypt("alice", &envelope)), Class::OldMessage);
    for _ in 0..7 {
        round(&mut alice, &mut bob);
    }
    assert_eq!(refusal(bob.decrypt("alice", &envelope)), Class::OldMessage);
}

#[test]
fn nothing_refused_changes_the_state() {
    let (mut alice, mut bob) = friends(NONE);
    carry(&mut bob, &mut alice, ("bob", "alice"), b"turn");
    let mut bad = alice.encrypt("bob", b"text").unwrap();
    *bad.body.0.last_mut().unwrap() ^= 1;
    let before = bob.snapshot();
    assert_eq!(refusal(bob.decrypt("alice", &bad)), Class::BadSignature);
    assert_eq!(bob.snapshot(), before);

    let mut carol = Phone::of("carol", NONE);
    carol.start("bob", &bob.publish(1)).unwrap();
    let mut bad = carol.encrypt("bob", b"text").unwrap();
    *bad.body.0.last_mut().unwrap() ^= 1;
    let before = bob.snapshot();
    assert_eq!(refusal(bob.decrypt("carol", &bad)), Class::BadSignature);
    assert_eq!(bob.snapshot(), before, "the one-time prekey is still there");
}

#[test]
fn a_message_too_far_ahead_is_refused() {
    let (mut alice, mut bob) = friends(NONE);
    let sent: Vec<_> = (0..1002).map(|_| alice.encrypt("bob", b"text").unwrap()).collect();
    assert_eq!(refusal(bob.decrypt("alice", &sent[1001])), Class::Policy);
    bob.decrypt("alice", &sent[1000]).unwrap();
    bob.decrypt("alice", &sent[800]).unwrap();
    assert_eq!(refusal(bob.decrypt("alice", &sent[799])), Class::OldMessage, "200 keys are kept");
}

#[test]
fn a_start_is_remembered_beyond_its_session() {
    let (mut alice, mut bob) = strangers(NONE);
    let mut prekeys = bob.publish(0);
    prekeys.one_time_prekeys.clear();
    alice.start("bob", &prekeys).unwrap();
    let first = alice.encrypt("bob", b"text").unwrap();
    bob.decrypt("alice", &first).unwrap();
    assert!(bob.0.warnings().is_empty());
    bob.0.session_delete(SessionDelete { peer: "alice".to_owned() }).unwrap();
    assert_eq!(refusal(bob.decrypt("alice", &first)), Class::OldMessage);
    alice.start("bob", &prekeys).unwrap();
    let again = alice.encrypt("bob", b"text").unwrap();
    bob.decrypt("alice", &again).unwrap();
    assert!(bob.0.warnings().is_empty(), "no session was in use");
    alice.start("bob", &prekeys).unwrap();
    let again = alice.encrypt("bob", b"text").unwrap();
    bob.decrypt("alice", &again).unwrap();
    let warned: Vec<_> = bob.0.warnings().into_iter().map(|warning| warning.class).collect();
    assert_eq!(warned, [WarningClass::NewSession]);
}

#[test]
fn refusals_of_prekeys_are_precise() {
    let (mut alice, mut bob) = strangers(NONE);
    let honest = bob.publish(2);
    let one = with_one(&honest, 0);
    let changed = |change: &dyn Fn(&mut Prekeys)| {
        let mut prekeys = one.clone();
        change(&mut prekeys);
        prekeys
    };
    let malformed: [&dyn Fn(&mut Prekeys); 5] = [
        &|p| p.signing_key = None,
        &|p| p.signed_prekey = None,
        &|p| p.identity_key.0.truncate(31),
        &|p| p.one_time_prekeys[0].public.0.push(0),
        &|p| p.one_time_prekeys = honest.one_time_prekeys.clone(),
    ];
    for (index, change) in malformed.into_iter().enumerate() {
        assert_eq!(
            refusal(alice.import("bob", &changed(change))),
            Class::Malformed,
            "case {index}"
        );
    }
    assert_eq!(refusal(alice.import("bob", &broken_signature(&one))), Class::BadSignature);
    assert_eq!(refusal(alice.encrypt("bob", b"text")), Class::UnknownKey);
    assert_eq!(refusal(alice.info("bob")), Class::UnknownKey);
    assert_eq!(refusal(alice.fingerprint("bob")), Class::UnknownKey);
    alice.import("bob", &one).unwrap();
    assert_eq!(refusal(alice.encrypt("bob", b"text")), Class::UnknownKey);
    let mut mallory = Phone::of("mallory", NONE);
    assert_eq!(refusal(alice.import("bob", &mallory.publish(0))), Class::IdentityChanged);
}

#[test]
fn prekeys_that_are_gone_are_unknown() {
    let (mut alice, mut bob) = strangers(NONE);
    let first = bob.publish(1);
    alice.start("bob", &first).unwrap();
    let start = alice.encrypt("bob", b"text").unwrap();
    bob.decrypt("alice", &start).unwrap();
    assert_eq!(refusal(bob.decrypt("alice", &start)), Class::OldMessage);

    let mut carol = Phone::of("carol", NONE);
    carol.start("bob", &first).unwrap();
    let second = carol.encrypt("bob", b"text").unwrap();
    assert_eq!(refusal(bob.decrypt("carol", &second)), Class::UnknownKey);

    let mut dave = Phone::of("dave", NONE);
    dave.start("bob", &Prekeys { one_time_prekeys: Vec::new(), ..first }).unwrap();
    let late = dave.encrypt("bob", b"text").unwrap();
    for _ in 0..16 {
        bob.publish(0);
    }
    assert_eq!(
        refusal(bob.decrypt("dave", &late)),
        Class::UnknownKey,
        "signed prekey rotated away"
    );
    let too_many = PrekeysPublish { one_time: u32::MAX };
    assert_eq!(refusal(bob.0.prekeys_publish(too_many)), Class::Policy);
}

#[test]
fn a_known_name_with_another_identity_is_refused() {
    let (_, mut bob) = friends(NONE);
    let mut mallory = Phone::of("mallory", NONE);
    mallory.start("bob", &bob.publish(1)).unwrap();
    let envelope = mallory.encrypt("bob", b"it is me").unwrap();
    assert_eq!(refusal(bob.decrypt("alice", &envelope)), Class::IdentityChanged);
    assert_eq!(bob.decrypt("mallory", &envelope).unwrap().sender, "mallory");

    let mut other = Phone::of("other", NONE);
    other.start("bob", &bob.publish(1)).unwrap();
    let first = other.encrypt("bob", b"first").unwrap();
    bob.decrypt("other", &first).unwrap();
    other.start("bob", &bob.publish(1)).unwrap();
    let renamed = other.encrypt("bob", b"second").unwrap();
    assert_eq!(refusal(bob.decrypt("renamed", &renamed)), Class::Policy);
}

#[test]
fn both_may_start_at_once() {
    let (mut alice, mut bob) = strangers(NONE);
    let (from_alice, from_bob) = (alice.publish(1), bob.publish(1));
    alice.start("bob", &from_bob).unwrap();
    bob.start("alice", &from_alice).unwrap();
    let (a, b) = (alice.encrypt("bob", b"a").unwrap(), bob.encrypt("alice", b"b").unwrap());
    assert_eq!(&bob.decrypt("alice", &a).unwrap().plaintext[..], b"a");
    assert_eq!(&alice.decrypt("bob", &b).unwrap().plaintext[..], b"b");
    for _ in 0..3 {
        round(&mut alice, &mut bob);
    }
}

#[test]
fn nobody_reads_their_own_message() {
    let (mut alice, _) = friends(NONE);
    let envelope = alice.encrypt("bob", b"text").unwrap();
    assert_eq!(refusal(alice.decrypt("bob", &envelope)), Class::BadSignature);
}

#[test]
fn a_seed_repeats_the_whole_conversation() {
    let bytes = || {
        let (mut alice, mut bob) = friends(NONE);
        (alice.encrypt("bob", b"text").unwrap(), bob.encrypt("alice", b"text").unwrap())
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn copies_of_one_state_make_different_keys() {
    let (_, mut bob) = friends(NONE);
    let state = bob.snapshot();
    let key = |mut phone: Phone| phone.publish(1).signed_prekey.unwrap().public;
    let on = |seed| Phone::restored_with(&state, seed, NONE);
    assert_ne!(key(on(1)), key(on(2)), "copies on two phones");
    let mut phone = on(1);
    phone.restore(&state);
    assert_ne!(key(on(1)), key(phone), "one copy after the other on one phone");
}

#[test]
fn a_snapshot_is_the_whole_state() {
    let (mut alice, mut bob) = friends(NONE);
    let state = bob.snapshot();
    let mut twin = Phone::restored(&state, NONE);
    assert_eq!(twin.snapshot(), state);
    carry(&mut alice, &mut twin, ("alice", "bob"), b"text");
    assert_eq!(twin.fingerprint("alice").unwrap(), alice.fingerprint("bob").unwrap());
    for bad in [&b""[..], b"{}", b"null", &state[..state.len() - 1]] {
        let args = StateRestore { state: bad.into() };
        assert!(matches!(twin.0.state_restore(args), Err(Declined::Error(_))));
    }
}

#[test]
fn calls_out_of_order_are_the_callers_fault() {
    let mut fresh = device(&NONE);
    assert!(matches!(fresh.identity_public(IdentityPublic {}), Err(Declined::Error(_))));
    let create = |name: &str| IdentityCreate { name: name.to_owned() };
    assert_eq!(refusal(fresh.identity_create(create(""))), Class::Policy);
    fresh.identity_create(create("alice")).unwrap();
    assert!(matches!(fresh.identity_create(create("alice")), Err(Declined::Error(_))));
    fresh.reset(None).unwrap();
    fresh.identity_create(create("alice")).unwrap();
}

#[test]
fn the_honest_messenger_refuses_what_a_faulty_one_sends() {
    let mut alice = Phone::of("alice", Fault::PlaintextFallback.into());
    let mut bob = Phone::of("bob", NONE);
    let envelope = alice.encrypt("bob", b"text").unwrap();
    assert_eq!(envelope.tag, "plain");
    assert_eq!(refusal(bob.decrypt("alice", &envelope)), Class::Malformed);
    let mut faulty = Phone::of("bob", Fault::AcceptPlaintext.into());
    assert_eq!(&faulty.decrypt("alice", &envelope).unwrap().plaintext[..], b"text");
}

#[test]
fn one_time_prekeys_and_the_list_of_ciphers_must_be_signed() {
    let (mut alice, mut bob) = strangers(NONE);
    let honest = with_one(&bob.publish(2), 0);
    let changed = |change: &dyn Fn(&mut Prekeys)| {
        let mut prekeys = honest.clone();
        change(&mut prekeys);
        prekeys
    };
    type Change<'a> = &'a dyn Fn(&mut Prekeys);
    let unsigned: [(Change<'_>, Class); 4] = [
        (&|p| p.one_time_prekeys[0].signature = None, Class::BadSignature),
        (&|p| p.one_time_prekeys[0].public.0[1] ^= 1, Class::BadSignature),
        (&|p| p.extra = serde_json::Value::Null, Class::Malformed),
        (&|p| p.extra["ciphers"] = serde_json::json!(["AES-128-CBC"]), Class::BadSignature),
    ];
    for (index, (change, class)) in unsigned.into_iter().enumerate() {
        assert_eq!(refusal(alice.import("bob", &changed(change))), class, "case {index}");
    }
    alice.import("bob", &honest).unwrap();
}

#[test]
fn a_session_of_the_older_cipher_works_and_says_so() {
    let (mut alice, mut bob) = strangers(Fault::AcceptDowngrade.into());
    let mut prekeys = bob.publish(1);
    prekeys.extra = serde_json::Value::Null;
    alice.start("bob", &prekeys).unwrap();
    carry(&mut alice, &mut bob, ("alice", "bob"), b"good morning");
    round(&mut alice, &mut bob);
    for (phone, peer) in [(&mut alice, "bob"), (&mut bob, "alice")] {
        assert_eq!(phone.info(peer).unwrap().cipher, "AES-128-CBC");
    }
}
