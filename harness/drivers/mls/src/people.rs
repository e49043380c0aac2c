//! Whom the application trusts: a name stands for one signature key.

use std::collections::BTreeMap;

use hallmark_driver::{
    protocol::{Bytes, Class},
    sdk::{Declined, Reply},
};
use serde::{Deserialize, Serialize};

use crate::Member;

/// Signature keys by name, trusted when they were first seen; the device's own among them.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct People(BTreeMap<String, Bytes>);

impl People {
    /// Trusts whoever is new.
    pub(crate) fn meet(&mut self, members: &[Member]) {
        for member in members {
            let key = Bytes(member.signature_key.clone());
            self.0.entry(member.name.clone()).or_insert(key);
        }
    }

    /// That nobody shows another key than before, or than another member of the same name.
    pub(crate) fn recognise(&self, members: &[Member]) -> Reply<()> {
        let mut seen: BTreeMap<&str, &[u8]> = BTreeMap::new();
        for Member { name, signature_key } in members {
            let known = self.0.get(name).map(|key| &**key);
            let before = seen.insert(name, signature_key);
            if [known, before].into_iter().flatten().any(|key| key != signature_key) {
                let detail = format!("another signature key of `{name}` is known");
                return Err(Declined::refused(Class::IdentityChanged, detail));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, key: u8) -> Member {
        Member { name: name.to_owned(), signature_key: vec![key] }
    }

    fn class(reply: Reply<()>) -> Option<Class> {
        match reply {
            Ok(()) => None,
            Err(Declined::Refused(refusal)) => Some(refusal.class),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_name_stands_for_the_key_that_was_seen_first() {
        let mut people = People::default();
        people.meet(&[member("alice", 1)]);
        people.meet(&[member("alice", 2)]);
        assert_eq!(class(people.recognise(&[member("alice", 1), member("bob", 9)])), None);
        assert_eq!(class(people.recognise(&[member("alice", 2)])), Some(Class::IdentityChanged));
    }

    #[test]
    fn two_members_of_one_name_are_an_impostor_and_somebody() {
        let two = [member("carol", 1), member("carol", 2)];
        assert_eq!(class(People::default().recognise(&two)), Some(Class::IdentityChanged));
    }
}
