//! Whatever the network does, a message arrives as it was sent or not at all.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_driver::{
    protocol::{
        Class, Version,
        ops::{Envelope, EnvelopeKind},
    },
    sdk::answer_line,
};
use hallmark_reference::Faults;
use proptest::{collection::vec, prelude::*};

use crate::world::{Phone, friends, refusal};

/// What happens next between two phones; the number picks a message on its way.
#[derive(Clone, Copy, Debug)]
enum Step {
    Send { alice: bool },
    Deliver(prop::sample::Index),
    Drop(prop::sample::Index),
    Repeat(prop::sample::Index),
    Damage(prop::sample::Index, prop::sample::Index),
    Restart { alice: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        4 => any::<bool>().prop_map(|alice| Step::Send { alice }),
        4 => index().prop_map(Step::Deliver),
        1 => index().prop_map(Step::Drop),
        1 => index().prop_map(Step::Repeat),
        1 => (index(), index()).prop_map(|(which, at)| Step::Damage(which, at)),
        1 => any::<bool>().prop_map(|alice| Step::Restart { alice }),
    ]
}

struct Sent {
    by_alice: bool,
    count: u64,
    text: Vec<u8>,
    envelope: Envelope,
}

struct World {
    phones: BTreeMap<bool, Phone>,
    on_the_way: Vec<Sent>,
    delivered: Vec<Sent>,
    counts: BTreeMap<bool, u64>,
    positions: BTreeSet<(bool, u64)>,
}

fn name(alice: bool) -> &'static str {
    if alice { "alice" } else { "bob" }
}

impl World {
    fn new() -> Self {
        let (alice, bob) = friends(Faults::NONE);
        Self {
            phones: BTreeMap::from([(true, alice), (false, bob)]),
            on_the_way: Vec::new(),
            delivered: Vec::new(),
            counts: BTreeMap::from([(true, 1), (false, 1)]),
            positions: BTreeSet::new(),
        }
    }

    fn phone(&mut self, alice: bool) -> &mut Phone {
        self.phones.get_mut(&alice).unwrap()
    }

    fn take(&mut self, index: prop::sample::Index) -> Option<Sent> {
        let len = self.on_the_way.len();
        (len > 0).then(|| self.on_the_way.remove(index.index(len)))
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Send { alice } => {
                let count = self.counts[&alice];
                let text = format!("{} {count}", name(alice)).into_bytes();
                let envelope = self.phone(alice).encrypt(name(!alice), &text).unwrap();
                self.counts.insert(alice, count + 1);
                self.on_the_way.push(Sent { by_alice: alice, count, text, envelope });
            }
            Step::Deliver(index) => {
                let Some(sent) = self.take(index) else { return };
                let phone = self.phone(!sent.by_alice);
                match phone.decrypt(name(sent.by_alice), &sent.envelope) {
                    Ok(message) => {
                        assert_eq!(message.plaintext.0, sent.text);
                        assert_eq!(message.sender, name(sent.by_alice));
                        assert_eq!(message.position, Some(sent.count));
                        assert!(self.positions.insert((sent.by_alice, sent.count)));
                    }
                    // Only a message overtaken by more than four chains may be lost.
                    Err(error) => assert_eq!(refusal(Err::<(), _>(error)), Class::OldMessage),
                }
                self.delivered.push(sent);
            }
            Step::Drop(index) => drop(self.take(index)),
            Step::Repeat(index) if !self.delivered.is_empty() => {
                let sent = &self.delivered[index.index(self.delivered.len())];
                let (from, envelope) = (sent.by_alice, sent.envelope.clone());
                let again = self.phone(!from).decrypt(name(from), &envelope);
                assert_eq!(refusal(again), Class::OldMessage);
            }
            Step::Damage(which, at) if !self.on_the_way.is_empty() => {
                let sent = &self.on_the_way[which.index(self.on_the_way.len())];
                let (from, mut envelope) = (sent.by_alice, sent.envelope.clone());
                let at = at.index(envelope.body.len());
                envelope.body.0[at] ^= 0x10;
                refusal(self.phone(!from).decrypt(name(from), &envelope));
            }
            Step::Restart { alice } => {
                let state = self.phone(alice).snapshot();
                self.phones.insert(alice, Phone::restored(&state, Faults::NONE));
            }
            Step::Repeat(_) | Step::Damage(..) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_message_arrives_as_sent_or_not_at_all(steps in vec(step(), 0..80)) {
        let mut world = World::new();
        for step in steps {
            world.run(step);
        }
    }

    #[test]
    fn no_envelope_makes_it_panic(
        body in vec(any::<u8>(), 0..300), cut in 0..300_usize, tag in "(prekey|ratchet|plain|.{0,5})",
        prekey in any::<bool>(),
    ) {
        let (mut alice, mut bob) = friends(Faults::NONE);
        if prekey {
            alice.start("bob", &bob.publish(1)).unwrap();
        }
        let honest = alice.encrypt("bob", b"text").unwrap();
        for body in [body.clone(), [&honest.body[..cut.min(honest.body.len())], &body].concat()] {
            let envelope = Envelope { kind: EnvelopeKind::Message, tag: tag.clone(), body: body.into() };
            if envelope.body != honest.body {
                refusal(bob.decrypt("alice", &envelope));
            }
        }
    }

    #[test]
    fn no_state_makes_it_panic(cut in any::<prop::sample::Index>(), to in any::<u8>()) {
        let (mut alice, mut bob) = friends(Faults::NONE);
        let mut state = bob.snapshot();
        let at = cut.index(state.len());
        state[at] = to;
        let text = serde_json::json!({ "id": 1, "op": "state.restore", "args": {
            "state": hallmark_driver::protocol::Bytes(state) } });
        let (answer, _) = answer_line(&mut *bob.0, &mut Version::V2, text.to_string().as_bytes());
        prop_assert!(answer.ok.is_some() || answer.error.is_some());
        let envelope = alice.encrypt("bob", b"text").unwrap();
        let _ = bob.decrypt("alice", &envelope);
        let _ = bob.encrypt("alice", b"text");
    }
}
