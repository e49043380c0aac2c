//! The Double Ratchet, revision 1: which key encrypts which message.
//!
//! A new ratchet key is made when a message is sent, not when one is received (section 6.5), so
//! that stolen state is useful for as short a time as possible.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{
    faults::{Fault, Faults},
    identity::{agree, public},
    kdf::{Key, halves, hkdf, hmac},
    refused::Refused,
    wire::Header,
};

/// How far ahead of the last one received a message of a chain may be.
const MAX_SKIP: u32 = 1000;

/// How many keys of one chain are kept for messages that have not arrived; the oldest go first.
const MAX_STORED: u32 = 200;

/// The same with the fault that keeps them all, or nearly: state stays bounded.
const MAX_STORED_FAULTY: u32 = 10_000;
/// The same with the fault that knows no limit, or nearly: a flipped bit must not take for ever.
const MAX_SKIP_FAULTY: u32 = 30_000;

/// Receiving chains whose skipped keys are kept: the current one and four before it.
const KEPT_CHAINS: usize = 5;

/// The same with the fault that keeps them for ever, or nearly: state stays bounded.
const KEPT_CHAINS_FAULTY: usize = 1000;

/// Chains that ended, remembered so that a message of theirs is known to be old.
const REMEMBERED_CHAINS: usize = 64;

/// One side of a session's ratchets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ratchet {
    /// `RK`.
    root: Key,
    /// The secret of `DHs`.
    ours: Key,
    /// `CKs` and `Ns`; none between a received ratchet key and the next message sent.
    sending: Option<Sending>,
    /// `PN`.
    previous: u32,
    /// Receiving chains, the newest last.
    chains: VecDeque<Receiving>,
    /// Ratchet keys of chains that were forgotten.
    ended: VecDeque<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sending {
    chain: Key,
    number: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiving {
    /// The peer's ratchet key.
    peer: Key,
    /// How many messages the peer sent in earlier chains.
    before: u64,
    /// `CKr`; none once a newer chain began.
    chain: Option<Key>,
    /// `Nr`.
    next: u32,
    /// Keys of messages that have not arrived.
    skipped: BTreeMap<u32, Key>,
    /// Keys of messages that have; stays empty without the fault that keeps them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    used: BTreeMap<u32, Key>,
    /// What the chain began with; stays empty without the fault that keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Key>,
}

/// The key of a received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The message key.
    pub(crate) key: Key,
    /// How many messages the peer sent before this one in the session: `N` plus the lengths of
    /// all earlier chains, which every header authenticates as `PN`. It does not depend on the
    /// order of arrival.
    pub(crate) position: u64,
}

impl Ratchet {
    /// The initiator's start: our first ratchet secret, and the peer's signed prekey.
    pub(crate) fn initiator(
        root: Key,
        ours: Key,
        signed_prekey: &Key,
        faults: Faults,
    ) -> Result<Self, Refused> {
        let (root, chain) = step(&root, &agree(&ours, signed_prekey, "signed prekey", faults)?);
        let sending = Some(Sending { chain, number: 0 });
        Ok(Self { sending, ..Self::responder(root, ours) })
    }

    /// The responder's start: the secret of our signed prekey.
    pub(crate) fn responder(root: Key, signed_prekey: Key) -> Self {
        Self {
            root,
            ours: signed_prekey,
            sending: None,
            previous: 0,
            chains: VecDeque::new(),
            ended: VecDeque::new(),
        }
    }

    /// Whether the next message sent needs a new ratchet key.
    pub(crate) fn needs_key(&self) -> bool {
        self.sending.is_none()
    }

    /// The sending half of a ratchet step, with a fresh secret.
    pub(crate) fn turn(&mut self, fresh: Key, faults: Faults) -> Result<(), Refused> {
        let newest = self
            .chains
            .back()
            .ok_or(Refused::Unknown("the peer has not been heard in this session"))?;
        let (root, chain) = step(&self.root, &agree(&fresh, &newest.peer, "ratchet key", faults)?);
        self.root = root;
        self.ours = fresh;
        self.sending = Some(Sending { chain, number: 0 });
        Ok(())
    }

    /// Header and key of the next message sent.
    pub(crate) fn next_sent(&mut self) -> Result<(Header, Key), Refused> {
        let sending =
            self.sending.as_mut().ok_or(Refused::Unknown("the session has no sending chain"))?;
        let header =
            Header { ratchet: public(&self.ours), previous: self.previous, number: sending.number };
        sending.number = sending
            .number
            .checked_add(1)
            .ok_or(Refused::Policy("the sending chain is exhausted"))?;
        Ok((header, advance(&mut sending.chain)))
    }

    /// The key of a received message. Changes the state, so call it on a copy until the message
    /// is known to be authentic.
    pub(crate) fn received(
        &mut self,
        header: &Header,
        faults: Faults,
    ) -> Result<Received, Refused> {
        if self.ended.contains(&header.ratchet) {
            return Err(Refused::Old(header.number));
        }
        let index = match self.chains.iter().position(|chain| chain.peer == header.ratchet) {
            Some(index) => index,
            None => self.begin_chain(header, faults)?,
        };
        let chain = &mut self.chains[index];
        let key = chain.key(header.number, faults)?;
        let position = chain.before.saturating_add(u64::from(header.number));
        Ok(Received { key, position })
    }

    /// `CKr`.
    pub(crate) fn receiving_chain(&self) -> Option<&Key> {
        self.chains.back()?.chain.as_ref()
    }

    /// Uses up the key of a message in a chain that has been heard, and no other: a step of the
    /// ratchet that a stranger forced would end the session.
    pub(crate) fn spend(&mut self, header: &Header, faults: Faults) {
        if let Some(chain) = self.chains.iter_mut().find(|chain| chain.peer == header.ratchet) {
            // Where there is no such key, there is nothing to use up.
            let _ = chain.key(header.number, faults);
        }
    }

    /// The receiving half of a ratchet step; the index of the new chain.
    fn begin_chain(&mut self, header: &Header, faults: Faults) -> Result<usize, Refused> {
        let shared = agree(&self.ours, &header.ratchet, "ratchet key", faults)?;
        let (root, chain) = step(&self.root, &shared);
        let before = match self.chains.back_mut() {
            Some(last) => {
                last.skip_to(header.previous, faults)?;
                last.chain = None;
                last.before.saturating_add(u64::from(header.previous))
            }
            None => 0,
        };
        self.root = root;
        // The fault keeps the start of one ended chain: the newest of them.
        let ended = self.chains.len().saturating_sub(1);
        self.chains.iter_mut().take(ended).for_each(|chain| chain.start = None);
        self.chains.push_back(Receiving {
            peer: header.ratchet.clone(),
            before,
            start: faults.has(Fault::KeepOldChains).then(|| chain.clone()),
            chain: Some(chain),
            next: 0,
            skipped: BTreeMap::new(),
            used: BTreeMap::new(),
        });
        self.forget_chains(faults);
        if self.sending.is_some() && faults.has(Fault::NoRatchet) {
            return Ok(self.chains.len() - 1);
        }
        self.previous = self.sending.take().map_or(self.previous, |sending| sending.number);
        Ok(self.chains.len() - 1)
    }

    /// Skipped keys die with their chain, when enough others have begun after it.
    fn forget_chains(&mut self, faults: Faults) {
        let kept =
            if faults.has(Fault::KeepSkippedKeys) { KEPT_CHAINS_FAULTY } else { KEPT_CHAINS };
        while self.chains.len() > kept {
            self.ended.extend(self.chains.pop_front().map(|chain| chain.peer));
        }
        while self.ended.len() > REMEMBERED_CHAINS {
            self.ended.pop_front();
        }
    }
}

impl Receiving {
    fn key(&mut self, number: u32, faults: Faults) -> Result<Key, Refused> {
        let key = if number < self.next {
            let waiting = if faults.has(Fault::KeepLateKeys) {
                self.skipped.get(&number).cloned()
            } else {
                self.skipped.remove(&number)
            };
            match waiting {
                Some(key) => key,
                None if self.chain.is_none() && self.start.is_some() => {
                    return self.again(number).ok_or(Refused::Old(number));
                }
                None if faults.has(Fault::KeepMessageKeys) => {
                    return self.used.get(&number).cloned().ok_or(Refused::Old(number));
                }
                None => return Err(Refused::Old(number)),
            }
        } else {
            self.skip_to(number, faults)?;
            let chain = self.chain.as_mut().ok_or(Refused::Old(number))?;
            self.next =
                number.checked_add(1).ok_or(Refused::Policy("the receiving chain is exhausted"))?;
            advance(chain)
        };
        if faults.has(Fault::KeepMessageKeys) {
            self.used.insert(number, key.clone());
            trim(&mut self.used, MAX_SKIP);
        }
        Ok(key)
    }

    /// With the fault that keeps the start of an ended chain: the key of any of its messages.
    fn again(&self, number: u32) -> Option<Key> {
        let mut chain = self.start.clone()?;
        for _ in 0..number {
            advance(&mut chain);
        }
        Some(advance(&mut chain))
    }

    /// Stores the keys of the messages before `number`.
    fn skip_to(&mut self, number: u32, faults: Faults) -> Result<(), Refused> {
        let Some(chain) = &mut self.chain else { return Ok(()) };
        let limited = !faults.has(Fault::UnlimitedSkip);
        let most = if limited { MAX_SKIP } else { MAX_SKIP_FAULTY };
        if number.saturating_sub(self.next) > most {
            return Err(Refused::Policy("the message is too far ahead of the last one received"));
        }
        while self.next < number {
            self.skipped.insert(self.next, advance(chain));
            self.next += 1;
        }
        let stored = if faults.has(Fault::SingleSkippedKey) {
            1
        } else if faults.has(Fault::KeepSkippedInChain) {
            MAX_STORED_FAULTY
        } else {
            MAX_STORED
        };
        if limited {
            trim(&mut self.skipped, stored);
        }
        Ok(())
    }
}

/// Drops the oldest keys beyond `limit`.
fn trim(keys: &mut BTreeMap<u32, Key>, limit: u32) {
    while keys.len() > limit as usize {
        keys.pop_first();
    }
}

/// `KDF_RK` of section 5.2: the next root key, and a new chain key.
fn step(root: &Key, shared: &[u8; 32]) -> (Key, Key) {
    halves(hkdf(&root.0, shared, b"Hallmark reference ratchet"))
}

/// `KDF_CK` of section 5.2: moves the chain on and returns the message key.
fn advance(chain: &mut Key) -> Key {
    let message_key = Key(hmac(&chain.0, &[&[0x01]]));
    *chain = Key(hmac(&chain.0, &[&[0x02]]));
    message_key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::{
        hkdf::{HKDF_SHA256, Salt},
        hmac::{HMAC_SHA256, sign},
    };
    use x25519_dalek::{X25519_BASEPOINT_BYTES, x25519};

    use super::*;

    const NONE: Faults = Faults::NONE;

    /// Both sides of a session, the initiator first.
    fn pair() -> (Ratchet, Ratchet) {
        let (root, signed) = (Key([1; 32]), Key([2; 32]));
        let initiator =
            Ratchet::initiator(root.clone(), Key([3; 32]), &public(&signed), NONE).unwrap();
        (initiator, Ratchet::responder(root, signed))
    }

    fn send(ratchet: &mut Ratchet, fresh: u8) -> (Header, Key) {
        if ratchet.needs_key() {
            ratchet.turn(Key([fresh; 32]), NONE).unwrap();
        }
        ratchet.next_sent().unwrap()
    }

    #[test]
    fn it_is_the_derivation_of_the_specification() {
        let kdf_rk = |root: &[u8], shared: &[u8]| {
            let mut out = [0; 64];
            let prk = Salt::new(HKDF_SHA256, root).extract(shared);
            prk.expand(&[b"Hallmark reference ratchet"], TwoBlocks)
                .unwrap()
                .fill(&mut out)
                .unwrap();
            out
        };
        let (mut alice, mut bob) = pair();
        let base = |secret: [u8; 32]| x25519(secret, X25519_BASEPOINT_BYTES);
        let first = kdf_rk(&[1; 32], &x25519([3; 32], base([2; 32])));
        let chain = |key: &[u8], byte: u8| {
            sign(&ring::hmac::Key::new(HMAC_SHA256, key), &[byte]).as_ref().to_vec()
        };
        let (header, key) = send(&mut alice, 9);
        assert_eq!(header, Header { ratchet: Key(base([3; 32])), previous: 0, number: 0 });
        assert_eq!(key.0.to_vec(), chain(&first[32..], 1));
        let (_, second) = send(&mut alice, 9);
        assert_eq!(second.0.to_vec(), chain(&chain(&first[32..], 2), 1));

        assert_eq!(bob.received(&header, NONE).unwrap(), Received { key, position: 0 });
        let next = kdf_rk(&first[..32], &x25519([4; 32], base([3; 32])));
        let (header, key) = send(&mut bob, 4);
        assert_eq!(header.ratchet, Key(base([4; 32])));
        assert_eq!(key.0.to_vec(), chain(&next[32..], 1));
    }

    #[test]
    fn a_spent_key_is_gone_and_that_of_a_chain_not_heard_is_not() {
        let (mut alice, mut bob) = pair();
        let sent: Vec<_> = (0..3).map(|_| send(&mut alice, 9)).collect();
        bob.spend(&sent[0].0, NONE);
        bob.received(&sent[0].0, NONE).unwrap();
        bob.spend(&sent[1].0, NONE);
        assert_eq!(bob.received(&sent[1].0, NONE), Err(Refused::Old(1)));
        assert_eq!(bob.received(&sent[2].0, NONE).unwrap().key, sent[2].1);
    }

    proptest! {
        #[test]
        fn every_schedule_gives_the_senders_key_or_none(
            steps in proptest::collection::vec((any::<bool>(), 0..3_u8, any::<prop::sample::Index>()), 0..120)
        ) {
            let (alice, bob) = pair();
            let mut sides = [alice, bob];
            let mut on_the_way = Vec::new();
            let mut counts = [0_u64; 2];
            let mut fresh = 10;
            for (from_bob, action, pick) in steps {
                let from = usize::from(from_bob);
                let can_send = !sides[from].needs_key() || !sides[from].chains.is_empty();
                if action == 0 && can_send {
                    fresh = fresh % 200 + 10;
                    on_the_way.push((from, counts[from], send(&mut sides[from], fresh)));
                    counts[from] += 1;
                } else if !on_the_way.is_empty() {
                    let (from, position, (header, key)) =
                        on_the_way.remove(pick.index(on_the_way.len()));
                    let received = sides[1 - from].received(&header, NONE);
                    let lost = Err(Refused::Old(header.number));
                    prop_assert!(
                        received == Ok(Received { key, position }) || received == lost,
                        "{:?}", received
                    );
                    prop_assert_eq!(sides[1 - from].received(&header, NONE), lost);
                }
                prop_assert!(sides.iter().all(|side| side.chains.len() <= KEPT_CHAINS));
            }
        }
    }

    struct TwoBlocks;

    impl ring::hkdf::KeyType for TwoBlocks {
        fn len(&self) -> usize {
            64
        }
    }
}
