//! Sender keys: a chain of message keys for each sender in each epoch, shared with the members.
//!
//! A sender key is sealed under a key of its own, which every member derives when the epoch begins
//! and erases when the sender key has arrived: what was recorded cannot be opened from a state that
//! is stolen later.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    faults::{Fault, Faults},
    kdf::{Key, hmac},
    refused::Refused,
};

/// Messages that one sender key serves.
pub(crate) const MAX_MESSAGES: u32 = 50;

/// How far a skipped message may fall behind the newest one of its sender and epoch.
pub(crate) const WINDOW: u64 = 5;

/// How far a message or a sender key may be ahead of the last one.
const MAX_AHEAD: u64 = 1000;

/// The keys under which one sender shares its sender keys in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sharing {
    /// Of the next sender key.
    pub(super) number: u32,
    key: Key,
}

impl Sharing {
    /// The first, from the secret with which the epoch begins.
    pub(super) fn begin(secret: &Key, sender: &str) -> Self {
        Self { number: 0, key: Key(hmac(&secret.0, &[b"share", sender.as_bytes()])) }
    }

    /// The key for the next sender key, which is erased here.
    pub(super) fn take(&mut self) -> Result<Key, Refused> {
        let key = Key(hmac(&self.key.0, &[&[0x01]]));
        self.number =
            self.number.checked_add(1).ok_or(Refused::Policy("the sender keys are exhausted"))?;
        self.key = Key(hmac(&self.key.0, &[&[0x02]]));
        Ok(key)
    }

    /// The key for the sender key of this number; earlier ones are erased.
    pub(super) fn take_at(&mut self, number: u32) -> Result<Key, Refused> {
        let ahead =
            number.checked_sub(self.number).ok_or(Refused::Stale("this sender key came before"))?;
        if u64::from(ahead) > MAX_AHEAD {
            return Err(Refused::Policy("the sender key is too far ahead of the last one"));
        }
        for _ in 0..ahead {
            self.take()?;
        }
        self.take()
    }

    /// A key for handing over the key of another sender, as only a hostile member does.
    pub(super) fn aside(&self, sender: &str) -> Key {
        Key(hmac(&self.key.0, &[&[0x03], sender.as_bytes()]))
    }
}

/// A sender key, as its sender shares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SenderKey {
    /// Position of the first message under it.
    pub(super) first: u64,
    /// Ed25519; signs the messages.
    pub(super) signing: Key,
    /// Where the chain begins.
    pub(super) chain: Key,
}

/// A sender key of the past, for the fault that shares it with newcomers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    pub(super) epoch: u64,
    pub(super) sender: String,
    pub(super) number: u32,
    pub(super) key: SenderKey,
}

/// What we send with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sending {
    pub(super) epoch: u64,
    pub(super) sharing: Sharing,
    chain: Option<SendingChain>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendingChain {
    number: u32,
    /// Ed25519 seed.
    signing: Key,
    chain: Key,
    sent: u32,
}

/// What one message is sent with.
pub(super) struct Turn {
    pub(super) epoch: u64,
    pub(super) number: u32,
    pub(super) key: Key,
    /// Ed25519 seed.
    pub(super) signing: Key,
}

impl Sending {
    pub(super) fn begin(epoch: u64, secret: &Key, us: &str) -> Self {
        Self { epoch, sharing: Sharing::begin(secret, us), chain: None }
    }

    /// Whether the next message needs a new sender key.
    pub(super) fn needs_key(&self, faults: Faults) -> bool {
        self.chain
            .as_ref()
            .is_none_or(|chain| chain.sent >= MAX_MESSAGES && !faults.has(Fault::NeverRotateGroup))
    }

    /// Goes on with a new sender key of these fresh secrets; its number, and under which key it is
    /// to be sealed.
    pub(super) fn renew(&mut self, signing: Key, chain: Key) -> Result<(u32, Key), Refused> {
        let number = self.sharing.number;
        let seal = self.sharing.take()?;
        self.chain = Some(SendingChain { number, signing, chain, sent: 0 });
        Ok((number, seal))
    }

    /// What the next message is sent with.
    pub(super) fn next(&mut self) -> Result<Turn, Refused> {
        let chain = self.chain.as_mut().ok_or(Refused::Unknown("there is no sender key"))?;
        chain.sent =
            chain.sent.checked_add(1).ok_or(Refused::Policy("the sender key is exhausted"))?;
        Ok(Turn {
            epoch: self.epoch,
            number: chain.number,
            key: advance(&mut chain.chain),
            signing: chain.signing.clone(),
        })
    }
}

/// What we read one sender of one epoch with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Receiving {
    /// None once the epoch is past: its sender keys come too late.
    pub(super) sharing: Option<Sharing>,
    chain: Option<ReceivingChain>,
    /// Keys of messages that have not arrived, by position.
    skipped: BTreeMap<u64, Opening>,
    /// Keys of messages that have; stays empty without the fault that keeps them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    used: BTreeMap<u64, Opening>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceivingChain {
    number: u32,
    signing: Key,
    chain: Key,
    /// Position of the next message.
    next: u64,
}

/// What opens one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    pub(super) key: Key,
    /// Ed25519.
    pub(super) signing: Key,
}

impl Receiving {
    pub(super) fn begin(sharing: Option<Sharing>) -> Self {
        Self { sharing, chain: None, skipped: BTreeMap::new(), used: BTreeMap::new() }
    }

    /// The epoch is past: no further sender key is taken, and no further message either if the
    /// sender's key is void.
    pub(super) fn close(&mut self, void: bool) {
        self.sharing = None;
        if void {
            self.chain = None;
        }
    }

    /// Goes on with a new sender key. What is missing under the one before can still arrive.
    pub(super) fn renew(&mut self, number: u32, key: SenderKey, faults: Faults) {
        if let Some(last) = self.chain.take() {
            let end = key.first.min(last.next.saturating_add(MAX_AHEAD));
            last.skip_to(end, &mut self.skipped);
        }
        let SenderKey { first, signing, chain } = key;
        self.forget(first, faults);
        self.chain = Some(ReceivingChain { number, signing, chain, next: first });
    }

    /// What opens the message at this place. Changes the state, so call it on a copy until the
    /// message is known to be authentic.
    pub(super) fn opening(
        &mut self,
        number: u32,
        position: u64,
        faults: Faults,
    ) -> Result<Opening, Refused> {
        if let Some(opening) = self.skipped.remove(&position) {
            self.keep(position, &opening, faults);
            return Ok(opening);
        }
        if let Some(opening) = self.used.get(&position) {
            return Ok(opening.clone());
        }
        let missing = match self.sharing {
            Some(_) => Refused::Unknown("the sender key of the message is not there"),
            None => Refused::Stale("the sender key of the message is gone"),
        };
        let chain = self.chain.take().ok_or(missing.clone())?;
        if number > chain.number {
            return Err(missing);
        }
        if number < chain.number || position < chain.next {
            return Err(Refused::Stale("the key of the message is gone"));
        }
        if position - chain.next > MAX_AHEAD {
            return Err(Refused::Policy("the message is too far ahead of the last one received"));
        }
        let mut chain = chain.skip_to(position, &mut self.skipped);
        let opening = chain.step()?;
        self.chain = Some(chain);
        self.forget(position, faults);
        self.keep(position, &opening, faults);
        Ok(opening)
    }

    /// The sender key as it is now, for handing it over.
    pub(super) fn current(&self) -> Option<(u32, SenderKey)> {
        let chain = self.chain.as_ref()?;
        let key = SenderKey {
            first: chain.next,
            signing: chain.signing.clone(),
            chain: chain.chain.clone(),
        };
        Some((chain.number, key))
    }

    /// Erases what fell too far behind the newest message.
    fn forget(&mut self, newest: u64, faults: Faults) {
        if !faults.has(Fault::KeepGroupSkipped) {
            self.skipped.retain(|position, _| position.saturating_add(WINDOW) >= newest);
        }
        while self.skipped.len() as u64 > MAX_AHEAD {
            self.skipped.pop_first();
        }
    }

    fn keep(&mut self, position: u64, opening: &Opening, faults: Faults) {
        if faults.has(Fault::KeepGroupKeys) {
            self.used.insert(position, opening.clone());
            while self.used.len() as u64 > MAX_AHEAD {
                self.used.pop_first();
            }
        }
    }
}

impl ReceivingChain {
    fn skip_to(mut self, position: u64, skipped: &mut BTreeMap<u64, Opening>) -> Self {
        while self.next < position {
            let opening = Opening { key: advance(&mut self.chain), signing: self.signing.clone() };
            skipped.insert(self.next, opening);
            self.next += 1;
        }
        self
    }

    fn step(&mut self) -> Result<Opening, Refused> {
        self.next =
            self.next.checked_add(1).ok_or(Refused::Policy("the receiving chain is exhausted"))?;
        Ok(Opening { key: advance(&mut self.chain), signing: self.signing.clone() })
    }
}

/// Moves a chain on and returns the message key.
fn advance(chain: &mut Key) -> Key {
    let message_key = Key(hmac(&chain.0, &[&[0x01]]));
    *chain = Key(hmac(&chain.0, &[&[0x02]]));
    message_key
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const SECRET: Key = Key([1; 32]);
    const SENT: u64 = 120;

    fn sides() -> (Sending, Receiving) {
        let sharing = Some(Sharing::begin(&SECRET, "alice"));
        (Sending::begin(1, &SECRET, "alice"), Receiving::begin(sharing))
    }

    /// Sends one message; a new sender key arrives at once.
    fn send(position: u64, sending: &mut Sending, receiving: &mut Receiving) -> Turn {
        if sending.needs_key(Faults::NONE) {
            let [signing, chain] = [1, 2].map(|n| Key([position as u8 ^ n; 32]));
            let (number, seal) = sending.renew(signing.clone(), chain.clone()).unwrap();
            assert_eq!(receiving.sharing.as_mut().unwrap().take_at(number), Ok(seal));
            let key = SenderKey { first: position, signing, chain };
            receiving.renew(number, key, Faults::NONE);
        }
        sending.next().unwrap()
    }

    proptest! {
        #[test]
        fn every_order_gives_the_senders_key_within_the_window_and_no_other(
            delays in vec(0..9_u64, SENT as usize)
        ) {
            let (mut sending, mut receiving) = sides();
            let (mut turns, mut newest) = (Vec::new(), 0);
            for time in 0..SENT + 9 {
                if time < SENT {
                    let turn = send(time, &mut sending, &mut receiving);
                    if turn.number > turns.last().map_or(0, |last: &Turn| last.number) {
                        newest = newest.max(time);
                    }
                    turns.push(turn);
                }
                for (position, turn) in (0..).zip(&turns) {
                    if position + delays[position as usize] != time {
                        continue;
                    }
                    let mut after = receiving.clone();
                    let opening = after.opening(turn.number, position, Faults::NONE);
                    if position + WINDOW >= newest {
                        let opening = opening.unwrap();
                        prop_assert_eq!((opening.key, opening.signing), (turn.key.clone(), turn.signing.clone()));
                        receiving = after;
                        newest = newest.max(position);
                    } else {
                        prop_assert!(opening.is_err());
                    }
                    let again = receiving.clone().opening(turn.number, position, Faults::NONE);
                    prop_assert!(again.is_err());
                }
                prop_assert!(receiving.skipped.len() as u64 <= WINDOW + 1);
            }
        }
    }

    #[test]
    fn a_lost_sender_key_does_not_lose_the_next() {
        let (mut ours, mut theirs) =
            (Sharing::begin(&SECRET, "alice"), Sharing::begin(&SECRET, "alice"));
        ours.take().unwrap();
        let second = ours.take().unwrap();
        assert_eq!(theirs.take_at(1), Ok(second));
        assert!(matches!(theirs.take_at(1), Err(Refused::Stale(_))));
        assert!(matches!(theirs.take_at(5000), Err(Refused::Policy(_))));
    }

    #[test]
    fn a_void_key_opens_what_it_skipped_and_nothing_more() {
        let (mut sending, mut receiving) = sides();
        let turns: Vec<_> = (0..3).map(|n| send(n, &mut sending, &mut receiving)).collect();
        receiving.opening(turns[1].number, 1, Faults::NONE).unwrap();
        receiving.close(true);
        assert!(receiving.opening(turns[0].number, 0, Faults::NONE).is_ok());
        let late = receiving.opening(turns[2].number, 2, Faults::NONE);
        assert!(matches!(late, Err(Refused::Stale(_))));
    }
}
