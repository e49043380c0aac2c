//! Long-term keys, and key agreement.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::{
    faults::{Fault, Faults},
    kdf::Key,
    refused::Refused,
};

/// A device's long-term secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// X25519.
    pub(crate) agreement: Key,
    /// Ed25519, the seed of RFC 8032 section 5.1.5.
    pub(crate) signing: Key,
}

/// Who a device is, to others: both public keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicIdentity {
    /// X25519.
    pub(crate) agreement: Key,
    /// Ed25519.
    pub(crate) signing: Key,
}

impl PublicIdentity {
    /// `Encode(PK)` of X3DH section 2.1: a byte for the kind, then both keys.
    pub(crate) fn encode(&self) -> [u8; 65] {
        let mut encoded = [0x05; 65];
        encoded[1..33].copy_from_slice(&self.agreement.0);
        encoded[33..].copy_from_slice(&self.signing.0);
        encoded
    }

    /// Whether this identity signed `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        verifies(&self.signing, message, signature)
    }

    /// The same; with a fault, also in the other encoding that a signature then has.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8], faults: Faults) -> bool {
        self.verifies(message, signature)
            || faults.has(Fault::AcceptMalleableSignature)
                && reduced(signature).is_some_and(|reduced| self.verifies(message, &reduced))
    }
}

/// `L`, the order of the group, little-endian (RFC 8032, section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The signature with `L` taken from its second half, where that is not below `L`.
fn reduced(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(32).filter(|(_, s)| s.len() == ORDER.len())?;
    let mut borrow = 0;
    let difference: Vec<u8> = s
        .iter()
        .zip(ORDER)
        .map(|(byte, order)| {
            let wide = i16::from(*byte) - i16::from(order) - borrow;
            borrow = i16::from(wide < 0);
            wide.rem_euclid(256) as u8
        })
        .collect();
    (borrow == 0).then(|| [r, &difference].concat())
}

impl Identity {
    /// What others may know.
    pub(crate) fn public(&self) -> PublicIdentity {
        PublicIdentity {
            agreement: public(&self.agreement),
            signing: signing_public(&self.signing),
        }
    }

    /// Ed25519 (RFC 8032).
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        sign(&self.signing, message)
    }
}

/// The public key of an Ed25519 seed.
pub(crate) fn signing_public(seed: &Key) -> Key {
    let mut public = [0; 32];
    public.copy_from_slice(pair(seed).public_key().as_ref());
    Key(public)
}

/// Ed25519 (RFC 8032) with this seed.
pub(crate) fn sign(seed: &Key, message: &[u8]) -> Vec<u8> {
    pair(seed).sign(message).as_ref().to_vec()
}

/// Whether the owner of this Ed25519 key signed `message`.
pub(crate) fn verifies(signer: &Key, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, &signer.0).verify(message, signature).is_ok()
}

fn pair(seed: &Key) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed.0).expect("every seed of 32 bytes is a key")
}

/// The public key of an X25519 secret.
pub(crate) fn public(secret: &Key) -> Key {
    Key(PublicKey::from(&StaticSecret::from(secret.0)).to_bytes())
}

/// X25519, refusing a peer's key that makes the shared secret zero whatever ours is.
///
/// RFC 7748 section 6.1 leaves this check to the protocol; without it a peer can force a session
/// on keys that everybody knows. `name` is what the peer's key is called in the refusal.
pub(crate) fn agree(
    secret: &Key,
    peer: &Key,
    name: &'static str,
    faults: Faults,
) -> Result<[u8; 32], Refused> {
    let shared = StaticSecret::from(secret.0).diffie_hellman(&PublicKey::from(peer.0));
    if faults.has(Fault::AcceptZeroKey) {
        return Ok(shared.to_bytes());
    }
    if shared.was_contributory() { Ok(shared.to_bytes()) } else { Err(Refused::ZeroSecret(name)) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Encodings of points of small order (the list of cr.yp.to/ecdh.html).
    pub(crate) const SMALL_ORDER: [[u8; 32]; 5] = [
        [0; 32],
        {
            let mut one = [0; 32];
            one[0] = 1;
            one
        },
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f,
            0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16,
            0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83,
            0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd,
            0xd0, 0x9f, 0x11, 0x57,
        ],
        [
            0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0x7f,
        ],
    ];

    #[test]
    fn keys_of_small_order_are_refused_unless_the_fault_accepts_them() {
        for point in SMALL_ORDER {
            let agreed = |faults| agree(&Key([9; 32]), &Key(point), "test key", faults);
            assert_eq!(agreed(Faults::NONE), Err(Refused::ZeroSecret("test key")));
            assert_eq!(agreed(Fault::AcceptZeroKey.into()), Ok([0; 32]));
        }
    }

    #[test]
    fn both_sides_agree() {
        let (a, b) = (Key([1; 32]), Key([2; 32]));
        let secret = agree(&a, &public(&b), "b", Faults::NONE).unwrap();
        assert_eq!(agree(&b, &public(&a), "a", Faults::NONE).unwrap(), secret);
    }

    #[test]
    fn a_signature_is_over_exactly_the_message() {
        let identity = Identity { agreement: Key([1; 32]), signing: Key([2; 32]) };
        let signature = identity.sign(b"prekey");
        assert!(identity.public().verifies(b"prekey", &signature));
        assert!(!identity.public().verifies(b"prekez", &signature));
        assert!(!identity.public().verifies(b"prekey", &signature[1..]));
    }

    #[test]
    fn the_other_encoding_of_a_signature_is_accepted_with_the_fault_only() {
        let identity = Identity { agreement: Key([1; 32]), signing: Key([2; 32]) };
        let mut signature = identity.sign(b"prekey");
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let wide = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = (wide as u8, wide >> 8);
        }
        let accepts = |faults| identity.public().accepts(b"prekey", &signature, faults);
        assert!(!accepts(Faults::NONE));
        assert!(accepts(Fault::AcceptMalleableSignature.into()));
    }
}
