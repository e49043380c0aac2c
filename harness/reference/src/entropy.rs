//! Where random bytes come from. Never part of the stored state: two devices restored from one
//! snapshot must not make the same keys.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use ring::{
    digest::{Context, SHA256},
    rand::{SecureRandom, SystemRandom},
};

use crate::kdf::Key;

/// The operating system refused random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoEntropy;

/// A source of random bytes.
pub(crate) enum Entropy {
    /// The operating system.
    System(SystemRandom),
    /// Repeatable from run to run. Each restore goes on with randomness of its own; a seed is
    /// given to one device only.
    Seeded { seed: u64, restores: u64, stream: Box<ChaCha20Rng> },
}

impl Entropy {
    /// From a seed where there is one, otherwise from the operating system.
    pub(crate) fn new(seed: Option<u64>) -> Self {
        match seed {
            Some(seed) => Self::seeded(seed, 0, &[b"start"]),
            None => Self::System(SystemRandom::new()),
        }
    }

    fn seeded(seed: u64, restores: u64, context: &[&[u8]]) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(&seed.to_be_bytes());
        for part in context {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let mut key = [0; 32];
        key.copy_from_slice(digest.finish().as_ref());
        Self::Seeded { seed, restores, stream: Box::new(ChaCha20Rng::from_seed(key)) }
    }

    /// Goes on as the device of this name: devices with one seed must differ.
    pub(crate) fn separate_by_name(&mut self, name: &str) {
        if let Self::Seeded { seed, restores, .. } = self {
            *self = Self::seeded(*seed, *restores, &[b"name", name.as_bytes()]);
        }
    }

    /// Goes on as one more copy of the device with this state.
    pub(crate) fn separate_by_restore(&mut self, state: &[u8]) {
        if let Self::Seeded { seed, restores, .. } = self {
            let count = *restores + 1;
            *self = Self::seeded(*seed, count, &[b"restore", state, &count.to_be_bytes()]);
        }
    }

    /// Goes on with what follows from this state alone: for the fault `entropy-from-state`.
    pub(crate) fn follow_state(&mut self, state: &[u8]) {
        *self = Self::seeded(0, 0, &[b"state", state]);
    }

    /// 32 fresh bytes.
    pub(crate) fn key(&mut self) -> Result<Key, NoEntropy> {
        let mut bytes = [0; 32];
        match self {
            Self::System(system) => system.fill(&mut bytes).map_err(|_| NoEntropy)?,
            Self::Seeded { stream, .. } => stream.fill_bytes(&mut bytes),
        }
        Ok(Key(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(change: impl FnOnce(&mut Entropy), seed: Option<u64>) -> Key {
        let mut entropy = Entropy::new(seed);
        change(&mut entropy);
        entropy.key().unwrap()
    }

    #[test]
    fn a_seed_repeats_and_names_separate() {
        let alice = first(|e| e.separate_by_name("alice"), Some(1));
        assert_eq!(alice, first(|e| e.separate_by_name("alice"), Some(1)));
        assert_ne!(alice, first(|e| e.separate_by_name("bob"), Some(1)));
        assert_ne!(alice, first(|e| e.separate_by_name("alice"), Some(2)));
    }

    #[test]
    fn copies_of_one_state_do_not_repeat_each_other() {
        let mut device = Entropy::new(Some(1));
        device.separate_by_restore(b"state");
        let once = device.key().unwrap();
        device.separate_by_restore(b"state");
        assert_ne!(once, device.key().unwrap());
    }

    #[test]
    fn without_a_seed_nothing_repeats() {
        assert_ne!(
            first(|e| e.separate_by_name("a"), None),
            first(|e| e.separate_by_name("a"), None)
        );
    }
}
