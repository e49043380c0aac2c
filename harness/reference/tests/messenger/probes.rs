//! The experiments of the messaging suite in miniature, one per check.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallmark_driver::protocol::ops::{Envelope, Prekeys};
use hallmark_reference::Faults;

use crate::world::{Phone, carry, friends, round, strangers};

/// Whether what the check demands was seen to hold. Controls are asserted.
pub(crate) type Probe = fn(Faults) -> bool;

/// Every check that the messenger's faults can turn.
pub(crate) const PROBES: [(&str, Probe); 16] = [
    ("round-trip", round_trip),
    ("envelope-confidential", envelope_confidential),
    ("plaintext-fallback", plaintext_fallback),
    ("bit-flips", bit_flips),
    ("truncation", truncation),
    ("replay", replay),
    ("reordering", reordering),
    ("rollback", rollback),
    ("undelivered-window", undelivered_window),
    ("one-time-prekey", one_time_prekey),
    ("prekey-signature", prekey_signature),
    ("zero-key", zero_key),
    ("ratchet-heals", ratchet_heals),
    ("fingerprint", fingerprint),
    ("aes-256-literal", |faults| cipher(faults) == ("AES-256-CBC".to_owned(), 16)),
    ("aes-256-equivalent", |faults| cipher(faults) == ("AES-256-CBC".to_owned(), 16)),
];

const CANARY: &[u8] = b"CANARY-k3v9qz7m2x5p8w1n4t6r";

fn round_trip(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let long = vec![b'x'; 16 * 1024];
    let all: Vec<u8> = (0..=255).collect();
    let texts = [b"", &b"a"[..], b"plain text", "grüße \u{1f44b}".as_bytes(), &all, &long];
    texts.into_iter().all(|text| {
        let there = alice.encrypt("bob", text).unwrap();
        let arrived = bob.decrypt("alice", &there).unwrap();
        let back = bob.encrypt("alice", text).unwrap();
        let returned = alice.decrypt("bob", &back).unwrap();
        assert_eq!((&arrived.sender[..], &returned.sender[..]), ("alice", "bob"));
        &arrived.plaintext[..] == text && &returned.plaintext[..] == text
    })
}

fn shows(body: &[u8], text: &[u8]) -> bool {
    let contains = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
    let aligned = (0..3).any(|skip| {
        let coded = STANDARD.encode([&b"..."[..skip], text].concat());
        contains(&coded.as_bytes()[4..coded.len() - 4])
    });
    contains(text) || aligned
}

fn envelope_confidential(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    !shows(&alice.encrypt("bob", CANARY).unwrap().body, CANARY)
        && !shows(&bob.encrypt("alice", CANARY).unwrap().body, CANARY)
}

fn plaintext_fallback(faults: Faults) -> bool {
    let (mut alice, mut bob) = strangers(faults);
    let kept = |peer: &str, phone: &mut Phone| match phone.encrypt(peer, CANARY) {
        Ok(envelope) => !shows(&envelope.body, CANARY),
        Err(_) => true,
    };
    let without_session = kept("nobody", &mut alice);
    let honest = bob.publish(1);
    let _ = alice.start("bob", &broken_signature(&honest));
    let with_bad_prekeys = kept("bob", &mut alice);

    let mut control = Phone::of("carol", faults);
    control.start("bob", &honest).unwrap();
    let envelope = control.encrypt("bob", CANARY).unwrap();
    assert!(!shows(&envelope.body, CANARY));
    assert_eq!(&bob.decrypt("carol", &envelope).unwrap().plaintext[..], CANARY);
    without_session && with_bad_prekeys
}

/// Whether every change of an envelope is refused; the unchanged one is delivered.
fn refuses(faults: Faults, changes: impl Fn(&Envelope) -> Vec<Vec<u8>>, same: bool) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let envelope = alice.encrypt("bob", CANARY).unwrap();
    let mut twin = Phone::restored(&bob.snapshot(), faults);
    let state = bob.snapshot();
    let honest = bob.decrypt("alice", &envelope).unwrap();
    changes(&envelope).into_iter().all(|body| {
        twin.restore(&state);
        match twin.decrypt("alice", &Envelope { body: body.into(), ..envelope.clone() }) {
            Ok(message) => same && message == honest,
            Err(_) => true,
        }
    })
}

fn bit_flips(faults: Faults) -> bool {
    let flips = |envelope: &Envelope| {
        let bits = 0..envelope.body.len() * 8;
        bits.map(|bit| {
            let mut body = envelope.body.0.clone();
            body[bit / 8] ^= 1 << (bit % 8);
            body
        })
        .collect()
    };
    refuses(faults, flips, true)
}

fn truncation(faults: Faults) -> bool {
    let cuts = |envelope: &Envelope| {
        (0..envelope.body.len()).map(|keep| envelope.body[..keep].to_vec()).collect()
    };
    refuses(faults, cuts, false)
}

fn replay(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let envelope = alice.encrypt("bob", CANARY).unwrap();
    bob.decrypt("alice", &envelope).unwrap();
    bob.decrypt("alice", &envelope).is_err()
}

fn reordering(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let texts: Vec<_> = (1..=5).map(|n| format!("message {n}")).collect();
    let sent: Vec<_> = texts.iter().map(|t| alice.encrypt("bob", t.as_bytes()).unwrap()).collect();
    let mut positions = [None; 5];
    let mut arrived = true;
    for index in [2, 0, 4, 1, 3] {
        match bob.decrypt("alice", &sent[index]) {
            Ok(message) => {
                assert_eq!(&message.plaintext[..], texts[index].as_bytes());
                positions[index] = message.position;
            }
            Err(_) => arrived = false,
        }
    }
    arrived && positions.is_sorted_by(|a, b| a < b)
}

fn rollback(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let before = bob.snapshot();
    let message = alice.encrypt("bob", CANARY).unwrap();
    bob.decrypt("alice", &message).unwrap();
    let after = bob.snapshot();
    let next = alice.encrypt("bob", b"next").unwrap();

    let mut twin = Phone::restored(&before, faults);
    twin.decrypt("alice", &message).unwrap();
    twin.restore(&after);
    let refused = twin.decrypt("alice", &message).is_err();
    twin.restore(&after);
    twin.decrypt("alice", &next).unwrap();

    bob.decrypt("alice", &next).unwrap();
    round(&mut alice, &mut bob);
    round(&mut alice, &mut bob);
    twin.restore(&bob.snapshot());
    let refused_later = twin.decrypt("alice", &message).is_err();
    refused && refused_later
}

/// The largest number of further rounds after which a withheld message still opens.
pub(crate) fn window(faults: Faults, tried: u32) -> u32 {
    let (mut alice, mut bob) = friends(faults);
    let withheld = alice.encrypt("bob", CANARY).unwrap();
    carry(&mut alice, &mut bob, ("alice", "bob"), b"a later one");
    let mut opened = Vec::new();
    for rounds in 0..=tried {
        let mut twin = Phone::restored(&bob.snapshot(), faults);
        opened.extend(twin.decrypt("alice", &withheld).is_ok().then_some(rounds));
        round(&mut alice, &mut bob);
    }
    assert_eq!(opened.first(), Some(&0), "control: the message opens while its chain is new");
    opened.into_iter().max().unwrap_or(0)
}

fn undelivered_window(faults: Faults) -> bool {
    window(faults, 8) <= 5
}

/// The prekeys with one of their one-time prekeys.
pub(crate) fn with_one(prekeys: &Prekeys, index: usize) -> Prekeys {
    Prekeys { one_time_prekeys: vec![prekeys.one_time_prekeys[index].clone()], ..prekeys.clone() }
}

fn one_time_prekey(faults: Faults) -> bool {
    let (mut alice, mut bob) = strangers(faults);
    let published = bob.publish(2);
    alice.start("bob", &with_one(&published, 0)).unwrap();
    carry(&mut alice, &mut bob, ("alice", "bob"), b"first");

    let mut carol = Phone::of("carol", faults);
    carol.start("bob", &with_one(&published, 0)).unwrap();
    let second = carol.encrypt("bob", b"second").unwrap();
    let refused = bob.decrypt("carol", &second).is_err();

    let mut dave = Phone::of("dave", faults);
    dave.start("bob", &with_one(&published, 1)).unwrap();
    carry(&mut dave, &mut bob, ("dave", "bob"), b"control");
    refused
}

pub(crate) fn broken_signature(prekeys: &Prekeys) -> Prekeys {
    let mut broken = prekeys.clone();
    broken.signed_prekey.as_mut().unwrap().signature.0[5] ^= 1;
    broken
}

fn prekey_signature(faults: Faults) -> bool {
    let (mut alice, mut bob) = strangers(faults);
    let (first, second) = (bob.publish(1), bob.publish(1));
    let mut swapped = first.clone();
    swapped.signed_prekey.as_mut().unwrap().public = second.signed_prekey.unwrap().public;
    let refused = [broken_signature(&first), swapped]
        .iter()
        .all(|prekeys| Phone::of("mallory", faults).start("bob", prekeys).is_err());
    alice.start("bob", &first).unwrap();
    carry(&mut alice, &mut bob, ("alice", "bob"), b"control");
    refused
}

fn zero_key(faults: Faults) -> bool {
    let mut mallory = Phone::of("mallory", faults);
    let honest = mallory.publish(1);
    let mut signed = honest.clone();
    let signature = mallory.sign(&[0; 32]);
    let prekey = signed.signed_prekey.as_mut().unwrap();
    (prekey.public, prekey.signature) = (vec![0; 32].into(), signature.into());
    let mut one_time = honest.clone();
    one_time.one_time_prekeys[0].public = vec![0; 32].into();

    let refused = [signed, one_time].iter().all(|prekeys| {
        let mut alice = Phone::of("alice", faults);
        alice.start("mallory", prekeys).is_err() || alice.encrypt("mallory", CANARY).is_err()
    });
    let mut resigned = honest;
    let prekey = resigned.signed_prekey.as_mut().unwrap();
    prekey.signature = mallory.sign(&prekey.public.0).into();
    let mut alice = Phone::of("alice", faults);
    alice.start("mallory", &resigned).unwrap();
    carry(&mut alice, &mut mallory, ("alice", "mallory"), b"control");
    refused
}

/// The smallest number of rounds after which a clone of Bob cannot read, up to `tried`.
pub(crate) fn healed(faults: Faults, tried: u32) -> Option<u32> {
    let (mut alice, mut bob) = friends(faults);
    let stolen = bob.snapshot();
    (0..=tried).find(|_| {
        let next = alice.encrypt("bob", CANARY).unwrap();
        let mut clone = Phone::restored(&stolen, faults);
        let read = clone.decrypt("alice", &next).is_ok_and(|m| &m.plaintext[..] == CANARY);
        bob.decrypt("alice", &next).unwrap();
        round(&mut alice, &mut bob);
        !read
    })
}

fn ratchet_heals(faults: Faults) -> bool {
    let healed = healed(faults, 3);
    assert_ne!(healed, Some(0), "control: the clone reads the next message");
    healed == Some(1)
}

fn fingerprint(faults: Faults) -> bool {
    let (mut alice, mut bob) = friends(faults);
    let honest = bob.fingerprint("alice").unwrap();
    assert_eq!(alice.fingerprint("bob").unwrap(), honest, "control");

    let (mut alice, mut bob) = strangers(faults);
    let (mut as_bob, mut as_alice) =
        (Phone::seeded("bob", 2, faults), Phone::seeded("alice", 2, faults));
    alice.import("bob", &as_bob.publish(1)).unwrap();
    bob.import("alice", &as_alice.publish(1)).unwrap();
    alice.fingerprint("bob").unwrap() != bob.fingerprint("alice").unwrap()
}

/// The cipher as stated, and the block size as seen from the lengths of envelopes.
fn cipher(faults: Faults) -> (String, usize) {
    let (mut alice, _bob) = friends(faults);
    let mut lengths: Vec<_> = (0..=48)
        .map(|length| alice.encrypt("bob", &vec![b'x'; length]).unwrap().body.len())
        .collect();
    assert!(lengths.is_sorted());
    let span = lengths[48] - lengths[0];
    lengths.dedup();
    (alice.info("bob").unwrap().cipher, span / (lengths.len() - 1))
}
