//! What an honest group does, and what it refuses.

use hallmark_driver::protocol::{
    Class, WarningClass,
    ops::{EnvelopeKind, GroupEnvelopeKind},
};
use hallmark_reference::Faults;

use crate::{
    circle::{Circle, hand, hear, say},
    world::refusal,
};

const ABC: [&str; 3] = ["alice", "bob", "carol"];

fn trio() -> Circle {
    Circle::together(&ABC, Faults::NONE)
}

#[test]
fn everyone_reads_everyone_and_all_agree() {
    let mut circle = trio();
    for (at, from) in ABC.into_iter().enumerate() {
        for position in 0..3 {
            let text = format!("{from} {position}");
            let said = circle.say(from, &text).unwrap();
            assert_eq!(said.envelopes.len(), if position == 0 { 2 } else { 1 });
            for to in ABC.into_iter().filter(|to| *to != from) {
                let message = circle.hear(to, &said).unwrap();
                assert_eq!(message.plaintext.0, text.as_bytes());
                assert_eq!((message.sender.as_str(), message.position), (from, Some(position)));
                assert_eq!(refusal(circle.hear(to, &said)), Class::OldMessage);
            }
        }
        let rotation = circle.rotate(from).unwrap();
        circle.carry(from, &rotation);
        assert!(circle.agrees());
        assert_eq!(circle.info(from).unwrap().epoch, Some(at as u64 + 2));
    }
}

#[test]
fn the_removed_are_out_and_the_new_cannot_look_back() {
    let mut circle = Circle::together(&["alice", "bob"], Faults::NONE);
    circle.phones.extend(Circle::of(&["carol"], Faults::NONE).phones);
    let before = circle.say("alice", "before carol").unwrap();
    let added = circle.add("alice", &["carol"]).unwrap();
    assert_eq!(
        added.iter().map(|one| one.kind).collect::<Vec<_>>(),
        [GroupEnvelopeKind::Change, GroupEnvelopeKind::Welcome]
    );
    circle.carry("alice", &added);
    let warnings = circle.phone("bob").0.warnings();
    assert_eq!(warnings[0].class, WarningClass::MemberAdded);
    assert_eq!(refusal(circle.hear("carol", &before)), Class::OldMessage);
    assert!(circle.hear("bob", &before).is_ok());
    let with = circle.say("bob", "with carol").unwrap();
    assert!(circle.hear("carol", &with).is_ok());

    let mut deaf = circle.copy("carol", Faults::NONE);
    let removed = circle.remove("bob", "carol").unwrap();
    circle.carry("bob", &removed);
    let after = circle.say("alice", "without carol").unwrap();
    assert!(circle.hear("bob", &after).is_ok());
    assert_eq!(refusal(circle.hear("carol", &after)), Class::NotMember);
    assert_eq!(refusal(circle.say("carol", "am I out?")), Class::NotMember);
    assert_eq!(refusal(hand(&mut deaf, "alice", &after.envelopes[0])), Class::OldMessage);
    assert_eq!(refusal(hear(&mut deaf, "alice", after.message())), Class::UnknownKey);
    let late = say(&mut deaf, "carol", "still here").unwrap();
    assert_eq!(refusal(circle.hear("bob", &late)), Class::NotMember);
}

#[test]
fn only_the_victims_own_rotation_leaves_its_copy_behind() {
    let mut circle = trio();
    let mut copy = circle.copy("bob", Faults::NONE);
    for by in ["carol", "bob"] {
        let rotation = circle.rotate(by).unwrap();
        circle.carry(by, &rotation);
        let taken = hand(&mut copy, by, &rotation[0]);
        let said = circle.say("alice", by).unwrap();
        let shared = hand(&mut copy, "alice", &said.envelopes[0]);
        let read = hear(&mut copy, "alice", said.message());
        assert_eq!([taken.is_ok(), shared.is_ok(), read.is_ok()], [by == "carol"; 3]);
        assert!(circle.hear("bob", &said).is_ok());
    }
    let forged = say(&mut copy, "bob", "I am bob").unwrap();
    assert!(circle.hand("bob", "alice", &forged.envelopes[0]).is_err());
    assert!(circle.hear("alice", &forged).is_err());
}

#[test]
fn a_sender_key_serves_fifty_messages() {
    let mut circle = trio();
    let keys: Vec<_> = (0..120)
        .map(|n| {
            let said = circle.say("alice", &n.to_string()).unwrap();
            assert_eq!(circle.hear("bob", &said).unwrap().position, Some(n));
            said.envelopes.len() == 2
        })
        .collect();
    let at: Vec<_> = (0..120).filter(|n| keys[*n]).collect();
    assert_eq!(at, [0, 50, 100]);
}

#[test]
fn a_late_message_has_its_window() {
    let mut circle = trio();
    let late: Vec<_> = (0..2).map(|n| circle.say("alice", &n.to_string()).unwrap()).collect();
    for _ in 0..4 {
        let said = circle.say("alice", "next").unwrap();
        circle.hear("bob", &said).unwrap();
    }
    let said = circle.say("alice", "last").unwrap();
    circle.hear("bob", &said).unwrap();
    assert_eq!(refusal(circle.hear("bob", &late[0])), Class::OldMessage);
    assert!(circle.hear("bob", &late[1]).is_ok());
}

#[test]
fn a_past_epoch_has_its_window() {
    for changes in 1..4 {
        let mut circle = trio();
        let late = circle.say("alice", "late").unwrap();
        for _ in 0..changes {
            let rotation = circle.rotate("carol").unwrap();
            circle.carry("carol", &rotation);
        }
        assert_eq!(circle.hear("bob", &late).is_ok(), changes <= 2, "{changes}");
    }
}

#[test]
fn who_was_removed_and_came_back_is_not_read_with_what_was_before() {
    let mut circle = trio();
    let late = circle.say("alice", "before").unwrap();
    let removed = circle.remove("carol", "alice").unwrap();
    circle.carry("carol", &removed);
    let added = circle.add("carol", &["alice"]).unwrap();
    circle.carry("carol", &added);
    assert_eq!(refusal(circle.hear("bob", &late)), Class::OldMessage);
    let back = circle.say("alice", "back").unwrap();
    assert!(circle.hear("bob", &back).is_ok());
}

#[test]
fn keys_that_were_used_are_not_in_the_state() {
    let mut circle = trio();
    let said = circle.say("alice", "once").unwrap();
    let mut before = circle.copy("bob", Faults::NONE);
    circle.hear("bob", &said).unwrap();
    let mut after = circle.copy("bob", Faults::NONE);
    assert!(hear(&mut before, "alice", said.message()).is_ok());
    assert_eq!(refusal(hear(&mut after, "alice", said.message())), Class::OldMessage);
    assert_eq!(refusal(hand(&mut after, "alice", &said.envelopes[0])), Class::OldMessage);
    let next = circle.say("alice", "next").unwrap();
    assert!(hear(&mut after, "alice", next.message()).is_ok());
}

#[test]
fn every_changed_bit_is_refused_and_changes_nothing() {
    let mut circle = trio();
    let rotation = circle.rotate("alice").unwrap();
    let before = circle.phone("bob").snapshot();
    let mut flipped = rotation[0].clone();
    for bit in 0..flipped.body.len() * 8 {
        flipped.body.0[bit / 8] ^= 1 << (bit % 8);
        assert!(circle.hand("alice", "bob", &flipped).is_err(), "bit {bit}");
        flipped.body.0[bit / 8] ^= 1 << (bit % 8);
    }
    assert_eq!(circle.phone("bob").snapshot(), before);
    circle.carry("alice", &rotation);
    let said = circle.say("alice", "a text of more than one block of AES").unwrap();
    let before = circle.phone("bob").snapshot();
    let mut flipped = said.clone();
    for bit in 0..said.message().body.len() * 8 {
        let body = |said: &mut crate::circle::Said| {
            said.envelopes.last_mut().unwrap().body.0[bit / 8] ^= 1 << (bit % 8);
        };
        body(&mut flipped);
        assert!(circle.hear("bob", &flipped).is_err(), "bit {bit}");
        body(&mut flipped);
    }
    assert_eq!(circle.phone("bob").snapshot(), before);
    assert!(circle.hear("bob", &said).is_ok());
}

#[test]
fn what_is_not_the_senders_own_is_refused() {
    let mut circle = trio();
    let said = say(circle.phone("alice"), "alice", "for bob").unwrap();
    circle.hand("alice", "bob", &said.envelopes[0]).unwrap();
    let forwarded = circle.forward("bob", "alice", "carol").unwrap();
    assert_eq!(forwarded[0].to, ["carol"]);
    assert_eq!(refusal(circle.hand("bob", "carol", &forwarded[0])), Class::BadSignature);
    assert_eq!(refusal(circle.hand("alice", "carol", &forwarded[0])), Class::BadSignature);
    assert_eq!(refusal(circle.hear("carol", &said)), Class::UnknownKey);
    assert_eq!(refusal(hear(circle.phone("bob"), "carol", said.message())), Class::BadSignature);
    let unasked = circle.phone("bob").decrypt(
        "alice",
        &hallmark_driver::protocol::ops::Envelope {
            kind: EnvelopeKind::Message,
            tag: said.message().tag.clone(),
            body: said.message().body.clone(),
        },
    );
    assert_eq!(refusal(unasked), Class::Malformed);
}

#[test]
fn a_stranger_with_a_group_of_this_name_gets_nowhere() {
    let mut circle = trio();
    let mut strange = Circle::together(&["mallory", "oscar"], Faults::NONE);
    let said = strange.say("mallory", "trust me").unwrap();
    let rotation = strange.rotate("mallory").unwrap();
    for envelope in said.envelopes[..1].iter().chain(&rotation) {
        assert_eq!(refusal(circle.hand("mallory", "bob", envelope)), Class::UnknownKey);
        assert!(circle.hand("alice", "bob", envelope).is_err());
    }
    assert!(circle.hear("bob", &said).is_err());
    let bob = circle.phones.remove("bob").unwrap();
    strange.phones.insert("bob".to_owned(), bob);
    let welcomes = strange.add("mallory", &["bob"]).unwrap();
    assert_eq!(refusal(strange.hand("mallory", "bob", &welcomes[1])), Class::Policy);
}

#[test]
fn a_fork_is_seen_and_not_crossed() {
    let mut circle = Circle::together(&["alice", "bob", "carol", "dave"], Faults::NONE);
    let one = circle.rotate("alice").unwrap();
    let other = circle.rotate("carol").unwrap();
    circle.hand("alice", "bob", &one[0]).unwrap();
    circle.hand("carol", "dave", &other[0]).unwrap();
    let seen = |circle: &mut Circle, name| circle.info(name).unwrap().authenticator;
    assert_eq!(seen(&mut circle, "alice"), seen(&mut circle, "bob"));
    assert_ne!(seen(&mut circle, "alice"), seen(&mut circle, "carol"));
    assert_eq!(refusal(circle.hand("carol", "bob", &other[0])), Class::OldMessage);
    let said = say(circle.phone("alice"), "alice", "across").unwrap();
    assert_eq!(refusal(circle.hand("alice", "carol", &said.envelopes[0])), Class::OldMessage);
    assert_eq!(refusal(circle.hear("carol", &said)), Class::UnknownKey);
}

#[test]
fn a_welcome_serves_one_device_once() {
    let mut circle = Circle::together(&["alice", "bob"], Faults::NONE);
    circle.phones.extend(Circle::of(&["carol", "dave"], Faults::NONE).phones);
    let added = circle.add("alice", &["carol"]).unwrap();
    let welcome = added.last().unwrap();
    assert_eq!(refusal(circle.hand("alice", "dave", welcome)), Class::UnknownKey);
    assert_eq!(refusal(circle.hand("bob", "carol", welcome)), Class::BadSignature);
    circle.hand("alice", "carol", welcome).unwrap();
    assert_eq!(refusal(circle.hand("alice", "carol", welcome)), Class::Policy);
    assert_eq!(refusal(circle.hand("alice", "bob", welcome)), Class::Policy);
}
