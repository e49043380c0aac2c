//! Whatever members do, in whatever order messages arrive: they arrive as they were sent.

use std::collections::BTreeSet;

use hallmark_driver::protocol::Class;
use hallmark_reference::Faults;
use proptest::{collection::vec, prelude::*};

use crate::{
    circle::{Circle, Said},
    world::refusal,
};

const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];

#[derive(Clone, Copy, Debug)]
enum Step {
    Say(prop::sample::Index),
    Deliver(prop::sample::Index),
    Add(prop::sample::Index, prop::sample::Index),
    Remove(prop::sample::Index, prop::sample::Index),
    Rotate(prop::sample::Index),
    Restart(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => index().prop_map(Step::Say),
        8 => index().prop_map(Step::Deliver),
        1 => (index(), index()).prop_map(|(by, whom)| Step::Add(by, whom)),
        1 => (index(), index()).prop_map(|(by, whom)| Step::Remove(by, whom)),
        1 => index().prop_map(Step::Rotate),
        1 => index().prop_map(Step::Restart),
    ]
}

/// A message on its way to one member.
struct OnTheWay {
    to: &'static str,
    text: String,
    said: Said,
    /// Nothing happened in between that could erase its key.
    fresh: bool,
}

struct World {
    circle: Circle,
    members: BTreeSet<&'static str>,
    on_the_way: Vec<OnTheWay>,
    count: u32,
}

impl World {
    fn new(size: usize) -> Self {
        let mut circle = Circle::together(&NAMES[..size], Faults::NONE);
        circle.phones.extend(Circle::of(&NAMES[size..], Faults::NONE).phones);
        let members = NAMES[..size].iter().copied().collect();
        Self { circle, members, on_the_way: Vec::new(), count: 0 }
    }

    fn pick(&self, index: prop::sample::Index) -> &'static str {
        let members: Vec<_> = self.members.iter().copied().collect();
        members[index.index(members.len())]
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Say(by) => {
                let from = self.pick(by);
                self.count += 1;
                let text = format!("{from} {}", self.count);
                let said = self.circle.say(from, &text).unwrap();
                for to in self.members.iter().copied().filter(|to| *to != from) {
                    let (text, said) = (text.clone(), said.clone());
                    self.on_the_way.push(OnTheWay { to, text, said, fresh: true });
                }
            }
            Step::Deliver(_) if self.on_the_way.is_empty() => {}
            Step::Deliver(index) => {
                let one = self.on_the_way.remove(index.index(self.on_the_way.len()));
                match self.circle.hear(one.to, &one.said) {
                    Ok(message) => {
                        assert_eq!(message.plaintext.0, one.text.as_bytes());
                        assert_eq!(message.sender, one.said.from);
                    }
                    Err(error) => {
                        assert!(!one.fresh, "{}", one.text);
                        let class = refusal(Err::<(), _>(error));
                        assert!(matches!(class, Class::OldMessage | Class::NotMember), "{class}");
                    }
                }
                assert!(self.circle.hear(one.to, &one.said).is_err());
                let same =
                    |other: &&mut OnTheWay| other.to == one.to && other.said.from == one.said.from;
                self.on_the_way.iter_mut().filter(same).for_each(|other| other.fresh = false);
            }
            Step::Add(by, whom) => {
                let others: Vec<_> =
                    NAMES.into_iter().filter(|name| !self.members.contains(name)).collect();
                if others.is_empty() {
                    return;
                }
                let (by, whom) = (self.pick(by), *whom.get(&others));
                let added = self.circle.add(by, &[whom]).unwrap();
                self.members.insert(whom);
                self.changed(by, &added);
            }
            Step::Remove(by, whom) => {
                let (by, whom) = (self.pick(by), self.pick(whom));
                if by == whom {
                    return;
                }
                let removed = self.circle.remove(by, whom).unwrap();
                self.members.remove(whom);
                self.changed(by, &removed);
            }
            Step::Rotate(by) => {
                let by = self.pick(by);
                let rotated = self.circle.rotate(by).unwrap();
                if self.members.len() > 1 {
                    self.changed(by, &rotated);
                }
            }
            Step::Restart(whom) => {
                let whom = self.pick(whom);
                let copy = self.circle.copy(whom, Faults::NONE);
                self.circle.phones.insert(whom.to_owned(), copy);
            }
        }
    }

    fn changed(&mut self, by: &str, envelopes: &[hallmark_driver::protocol::ops::GroupEnvelope]) {
        self.circle.carry(by, envelopes);
        self.on_the_way.iter_mut().for_each(|one| one.fresh = false);
        assert!(self.circle.agrees());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn what_arrives_is_what_was_sent(
        size in 2..=NAMES.len(), steps in vec(step(), 0..60)
    ) {
        let mut world = World::new(size);
        for step in steps {
            world.run(step);
        }
    }
}
