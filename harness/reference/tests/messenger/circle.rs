//! Members of one group, and the network between them.

use std::collections::BTreeMap;

use hallmark_driver::{
    protocol::ops::{
        GroupAdd, GroupAnswer, GroupCreate, GroupDecrypt, GroupEncrypt, GroupEnvelope,
        GroupEnvelopeKind, GroupForward, GroupInfo, GroupInfoAnswer, GroupJoin, GroupProcess,
        GroupRemove, GroupRotate, Message,
    },
    sdk::Reply,
};
use hallmark_reference::Faults;

use crate::world::Phone;

/// The name of the group.
pub(crate) const GROUP: &str = "ward 7";

/// Phones by name.
pub(crate) struct Circle {
    pub(crate) phones: BTreeMap<String, Phone>,
}

/// A message and the sender key before it, if there was one.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) from: String,
    pub(crate) envelopes: Vec<GroupEnvelope>,
}

impl Said {
    pub(crate) fn message(&self) -> &GroupEnvelope {
        self.envelopes.last().unwrap()
    }
}

impl Circle {
    /// Phones that know each other and have no group yet.
    pub(crate) fn of(names: &[&str], faults: Faults) -> Self {
        let phones = names.iter().map(|name| ((*name).to_owned(), Phone::of(name, faults)));
        Self { phones: phones.collect() }
    }

    /// The first makes a group with all the others.
    pub(crate) fn together(names: &[&str], faults: Faults) -> Self {
        let mut circle = Self::of(names, faults);
        let (first, others) = names.split_first().unwrap();
        circle.phone(first).0.group_create(GroupCreate::named(GROUP)).unwrap();
        if !others.is_empty() {
            let added = circle.add(first, others).unwrap();
            circle.carry(first, &added);
        }
        circle
    }

    pub(crate) fn phone(&mut self, name: &str) -> &mut Phone {
        self.phones.get_mut(name).unwrap()
    }

    pub(crate) fn add(&mut self, by: &str, names: &[&str]) -> Reply<Vec<GroupEnvelope>> {
        for name in names {
            let prekeys = self.phone(name).publish(1);
            self.phone(by).import(name, &prekeys)?;
        }
        let members = names.iter().map(|name| (*name).to_owned()).collect();
        let args = GroupAdd { group: GROUP.to_owned(), members };
        self.phone(by).0.group_add(args).map(envelopes)
    }

    pub(crate) fn remove(&mut self, by: &str, name: &str) -> Reply<Vec<GroupEnvelope>> {
        let args = GroupRemove { group: GROUP.to_owned(), members: vec![name.to_owned()] };
        self.phone(by).0.group_remove(args).map(envelopes)
    }

    pub(crate) fn rotate(&mut self, by: &str) -> Reply<Vec<GroupEnvelope>> {
        let args = GroupRotate { group: GROUP.to_owned() };
        self.phone(by).0.group_rotate(args).map(envelopes)
    }

    pub(crate) fn forward(
        &mut self,
        by: &str,
        sender: &str,
        to: &str,
    ) -> Reply<Vec<GroupEnvelope>> {
        let (sender, to) = (sender.to_owned(), to.to_owned());
        let args = GroupForward { group: GROUP.to_owned(), sender, to };
        self.phone(by).0.group_forward(args).map(envelopes)
    }

    pub(crate) fn info(&mut self, name: &str) -> Reply<GroupInfoAnswer> {
        self.phone(name).0.group_info(GroupInfo { group: GROUP.to_owned() })
    }

    /// Hands one envelope, which is no message, to one phone.
    pub(crate) fn hand(&mut self, from: &str, to: &str, envelope: &GroupEnvelope) -> Reply<()> {
        hand(self.phone(to), from, envelope)
    }

    /// Hands envelopes to those whom they are for.
    pub(crate) fn carry(&mut self, from: &str, envelopes: &[GroupEnvelope]) {
        for envelope in envelopes {
            for to in self.recipients(from, envelope) {
                self.hand(from, &to, envelope).unwrap();
            }
        }
    }

    /// Whom an envelope is for.
    pub(crate) fn recipients(&mut self, from: &str, envelope: &GroupEnvelope) -> Vec<String> {
        if !envelope.to.is_empty() {
            return envelope.to.clone();
        }
        let members = self.info(from).unwrap().members;
        members.into_iter().filter(|name| name != from).collect()
    }

    /// Encrypts, and hands the sender key to everyone; the message stays on its way.
    pub(crate) fn say(&mut self, from: &str, text: &str) -> Reply<Said> {
        let said = say(self.phone(from), from, text)?;
        let (_, keys) = said.envelopes.split_last().unwrap();
        self.carry(from, keys);
        Ok(said)
    }

    pub(crate) fn hear(&mut self, to: &str, said: &Said) -> Reply<Message> {
        hear(self.phone(to), &said.from, said.message())
    }

    /// A copy of a phone as it is now.
    pub(crate) fn copy(&mut self, name: &str, faults: Faults) -> Phone {
        let state = self.phone(name).snapshot();
        Phone::restored_with(&state, 7, faults)
    }

    /// Whether everyone sees the group alike.
    pub(crate) fn agrees(&mut self) -> bool {
        let names: Vec<_> = self.phones.keys().cloned().collect();
        let views: Vec<_> = names.iter().filter_map(|name| self.info(name).ok()).collect();
        views.windows(2).all(|pair| pair[0] == pair[1])
    }
}

/// Hands one envelope, which is no message, to a phone.
pub(crate) fn hand(phone: &mut Phone, from: &str, envelope: &GroupEnvelope) -> Reply<()> {
    let (group, from, envelope) = (GROUP.to_owned(), from.to_owned(), envelope.clone());
    match envelope.kind {
        GroupEnvelopeKind::Welcome => {
            phone.0.group_join(GroupJoin { group, from, envelope }).map(|_| ())
        }
        _ => phone.0.group_process(GroupProcess { group, from, envelope }).map(|_| ()),
    }
}

pub(crate) fn say(phone: &mut Phone, from: &str, text: &str) -> Reply<Said> {
    let args = GroupEncrypt { group: GROUP.to_owned(), plaintext: text.as_bytes().into() };
    Ok(Said { from: from.to_owned(), envelopes: phone.0.group_encrypt(args)?.envelopes })
}

pub(crate) fn hear(phone: &mut Phone, from: &str, envelope: &GroupEnvelope) -> Reply<Message> {
    let (group, from) = (GROUP.to_owned(), from.to_owned());
    let args = GroupDecrypt { group, from, envelope: envelope.clone() };
    Ok(phone.0.group_decrypt(args)?.messages.remove(0))
}

fn envelopes(answer: GroupAnswer) -> Vec<GroupEnvelope> {
    answer.envelopes
}
