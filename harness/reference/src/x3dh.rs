//! X3DH, revision 1: two devices agree on a secret while one of them is away.

use serde::{Deserialize, Serialize};

use crate::{
    faults::Faults,
    identity::{Identity, PublicIdentity, agree},
    kdf::{Key, hkdf},
    refused::Refused,
};

/// A peer's prekeys, their signature checked (section 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeerPrekeys {
    /// The signed prekey.
    pub(crate) signed: NumberedKey,
    /// A one-time prekey, if the server had one.
    pub(crate) one_time: Option<NumberedKey>,
}

/// A public prekey and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberedKey {
    /// The owner's number for it.
    pub(crate) id: u64,
    /// X25519.
    pub(crate) public: Key,
}

/// The secret prekeys that an initial message names.
pub(crate) struct OurPrekeys<'a> {
    /// The secret of the signed prekey.
    pub(crate) signed: &'a Key,
    /// The secret of the one-time prekey, if one was used.
    pub(crate) one_time: Option<&'a Key>,
}

/// What both sides have afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// `SK`, the first root key.
    pub(crate) root: Key,
    /// Number under which both sides know the session; says nothing about the root key.
    pub(crate) session: u64,
    /// `AD`: the initiator's identity, then the responder's.
    pub(crate) associated: Vec<u8>,
}

/// The initiator's side, with the ephemeral secret `EK`.
pub(crate) fn initiate(
    us: &Identity,
    peer: &PublicIdentity,
    prekeys: &PeerPrekeys,
    ephemeral: &Key,
    faults: Faults,
) -> Result<Agreed, Refused> {
    let mut secrets = vec![
        agree(&us.agreement, &prekeys.signed.public, "signed prekey", faults)?,
        agree(ephemeral, &peer.agreement, "identity key", faults)?,
        agree(ephemeral, &prekeys.signed.public, "signed prekey", faults)?,
    ];
    if let Some(one_time) = &prekeys.one_time {
        secrets.push(agree(ephemeral, &one_time.public, "one-time prekey", faults)?);
    }
    Ok(derive(&secrets, &us.public(), peer))
}

/// The responder's side, with the initiator's ephemeral public key.
pub(crate) fn respond(
    us: &Identity,
    peer: &PublicIdentity,
    prekeys: &OurPrekeys<'_>,
    ephemeral: &Key,
    faults: Faults,
) -> Result<Agreed, Refused> {
    let mut secrets = vec![
        agree(prekeys.signed, &peer.agreement, "identity key", faults)?,
        agree(&us.agreement, ephemeral, "ephemeral key", faults)?,
        agree(prekeys.signed, ephemeral, "ephemeral key", faults)?,
    ];
    if let Some(one_time) = prekeys.one_time {
        secrets.push(agree(one_time, ephemeral, "ephemeral key", faults)?);
    }
    Ok(derive(&secrets, peer, &us.public()))
}

/// `KDF(DH1 || DH2 || DH3 || DH4)` of section 2.2: `F` is 32 bytes 0xFF, the salt is zero.
fn derive(secrets: &[[u8; 32]], initiator: &PublicIdentity, responder: &PublicIdentity) -> Agreed {
    let input = [&[0xff; 32], secrets.as_flattened()].concat();
    let bytes: [u8; 40] = hkdf(&[0; 32], &input, b"Hallmark reference X3DH");
    let (mut root, mut session) = ([0; 32], [0; 8]);
    root.copy_from_slice(&bytes[..32]);
    session.copy_from_slice(&bytes[32..]);
    Agreed {
        root: Key(root),
        session: u64::from_be_bytes(session),
        associated: [initiator.encode(), responder.encode()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use ring::hkdf::{HKDF_SHA256, Salt};
    use x25519_dalek::x25519;

    use super::*;
    use crate::identity::{public, tests::SMALL_ORDER};

    const ALICE: u8 = 1;
    const BOB: u8 = 2;
    const EPHEMERAL: Key = Key([3; 32]);
    const SIGNED: Key = Key([4; 32]);
    const ONE_TIME: Key = Key([5; 32]);

    fn identity(n: u8) -> Identity {
        Identity { agreement: Key([n; 32]), signing: Key([n + 10; 32]) }
    }

    fn prekeys(signed: Key, one_time: Option<Key>) -> PeerPrekeys {
        let numbered = |id, public| NumberedKey { id, public };
        PeerPrekeys { signed: numbered(1, signed), one_time: one_time.map(|key| numbered(2, key)) }
    }

    fn initiated(prekeys: &PeerPrekeys) -> Result<Agreed, Refused> {
        initiate(&identity(ALICE), &identity(BOB).public(), prekeys, &EPHEMERAL, Faults::NONE)
    }

    #[test]
    fn it_is_the_derivation_of_the_specification() {
        let base = |n: [u8; 32]| {
            x25519(n, {
                let mut nine = [0; 32];
                nine[0] = 9;
                nine
            })
        };
        let input = [
            [0xff; 32],
            x25519([ALICE; 32], base(SIGNED.0)),
            x25519(EPHEMERAL.0, base([BOB; 32])),
            x25519(EPHEMERAL.0, base(SIGNED.0)),
            x25519(EPHEMERAL.0, base(ONE_TIME.0)),
        ]
        .concat();
        let prk = Salt::new(HKDF_SHA256, &[0; 32]).extract(&input);
        let mut expected = [0; 32];
        prk.expand(&[b"Hallmark reference X3DH"], HKDF_SHA256)
            .unwrap()
            .fill(&mut expected)
            .unwrap();

        let agreed = initiated(&prekeys(public(&SIGNED), Some(public(&ONE_TIME)))).unwrap();
        assert_eq!(agreed.root, Key(expected));
        assert_eq!(agreed.associated.len(), 130);
        assert_eq!(agreed.associated[1..33], base([ALICE; 32]));
        assert_eq!(agreed.associated[66..98], base([BOB; 32]));
    }

    #[test]
    fn both_sides_agree_with_and_without_a_one_time_prekey() {
        for one_time in [None, Some(&ONE_TIME)] {
            let theirs = initiated(&prekeys(public(&SIGNED), one_time.map(public)));
            let ours = respond(
                &identity(BOB),
                &identity(ALICE).public(),
                &OurPrekeys { signed: &SIGNED, one_time },
                &public(&EPHEMERAL),
                Faults::NONE,
            );
            assert_eq!(theirs, ours);
        }
    }

    #[test]
    fn every_key_of_small_order_is_refused_by_name() {
        for point in SMALL_ORDER {
            let signed = initiated(&prekeys(Key(point), None));
            assert_eq!(signed, Err(Refused::ZeroSecret("signed prekey")));
            let one_time = initiated(&prekeys(public(&SIGNED), Some(Key(point))));
            assert_eq!(one_time, Err(Refused::ZeroSecret("one-time prekey")));
            let ephemeral = respond(
                &identity(BOB),
                &identity(ALICE).public(),
                &OurPrekeys { signed: &SIGNED, one_time: None },
                &Key(point),
                Faults::NONE,
            );
            assert_eq!(ephemeral, Err(Refused::ZeroSecret("ephemeral key")));
        }
    }
}
