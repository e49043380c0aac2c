//! What two people compare to know that nobody sits between them.

use ring::digest::{Context, SHA512};

use crate::{
    faults::{Fault, Faults},
    identity::PublicIdentity,
};

/// As in libsignal's numeric fingerprints: slows down a search for a colliding key.
const ITERATIONS: u32 = 5200;

/// One party of a fingerprint.
pub(crate) struct Party<'a> {
    /// The name under which both know it.
    pub(crate) name: &'a str,
    /// Its identity.
    pub(crate) identity: &'a PublicIdentity,
}

/// The safety number of two identities: 60 digits in groups of five, the same on both sides.
///
/// Thirty digits per party, the smaller thirty first. A party's digits are those of a SHA-512
/// iterated over both of its public keys, each five bytes modulo 100 000, as in the numeric
/// fingerprints of libsignal; names are left out, for two people may call a third differently.
pub(crate) fn fingerprint(us: &Party<'_>, them: &Party<'_>, faults: Faults) -> String {
    let mut halves = [us, them].map(|party| {
        if faults.has(Fault::FingerprintWithoutKeys) {
            return digits(party.name.as_bytes());
        }
        digits(&party.identity.encode())
    });
    halves.sort();
    halves.concat().join(" ")
}

fn digits(covered: &[u8]) -> Vec<String> {
    let mut hash = [&[0, 0], covered].concat();
    for _ in 0..ITERATIONS {
        let mut context = Context::new(&SHA512);
        context.update(&hash);
        context.update(covered);
        hash = context.finish().as_ref().to_vec();
    }
    let number = |group: &[u8]| group.iter().fold(0_u64, |n, byte| n << 8 | u64::from(*byte));
    hash.chunks_exact(5).take(6).map(|group| format!("{:05}", number(group) % 100_000)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdf::Key;

    fn identity(n: u8) -> PublicIdentity {
        PublicIdentity { agreement: Key([n; 32]), signing: Key([n + 100; 32]) }
    }

    fn seen(us: (&str, u8), them: (&str, u8), faults: Faults) -> String {
        let (ours, theirs) = (identity(us.1), identity(them.1));
        fingerprint(
            &Party { name: us.0, identity: &ours },
            &Party { name: them.0, identity: &theirs },
            faults,
        )
    }

    #[test]
    fn both_sides_see_sixty_digits_and_the_same() {
        let alice = seen(("alice", 1), ("bob", 2), Faults::NONE);
        assert_eq!(alice, seen(("bob", 2), ("alice", 1), Faults::NONE));
        insta::assert_snapshot!(alice);
    }

    #[test]
    fn every_key_of_either_side_counts() {
        let honest = seen(("alice", 1), ("bob", 2), Faults::NONE);
        assert_ne!(honest, seen(("alice", 1), ("bob", 3), Faults::NONE));
        assert_ne!(honest, seen(("alice", 3), ("bob", 2), Faults::NONE));
        let signing_changed = PublicIdentity { signing: Key([9; 32]), ..identity(2) };
        let us = identity(1);
        let changed = fingerprint(
            &Party { name: "alice", identity: &us },
            &Party { name: "bob", identity: &signing_changed },
            Faults::NONE,
        );
        assert_ne!(honest, changed);
    }

    #[test]
    fn with_the_fault_keys_between_them_are_not_seen() {
        let faults = Fault::FingerprintWithoutKeys.into();
        let bob = seen(("bob", 2), ("alice", 1), faults);
        assert_eq!(seen(("alice", 1), ("bob", 2), faults), bob);
        assert_eq!(seen(("alice", 7), ("bob", 66), faults), bob);
    }
}
