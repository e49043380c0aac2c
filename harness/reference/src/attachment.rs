//! Attachments: encrypted under a key of their own, which travels in a message.
//!
//! ```text
//! key   secret [32]
//! body  initialisation vector [16] · AES-256-CBC · HMAC-SHA-256 [32] over all before it
//! ```
//!
//! Both keys follow from the one secret by HKDF. So the tag commits to the secret: a body that
//! opens under two secrets would be a collision of HMAC-SHA-256. An AEAD with a polynomial tag
//! promises no such thing (Dodis, Grubbs, Ristenpart, Woodage, "Fast Message Franking", 2018).

use hallmark_driver::{
    protocol::ops::{AttachmentAnswer, AttachmentTextAnswer},
    sdk::{Declined, Reply},
};
use openssl::{
    memcmp,
    symm::{Cipher, decrypt, decrypt_aead, encrypt, encrypt_aead},
};

use crate::{
    entropy::Entropy,
    faults::{Fault, Faults},
    kdf::{Key, halves, hkdf, hmac},
    refused::Refused,
    wire::MAX_PLAINTEXT,
};

const IV: usize = 16;
const TAG: usize = 32;
const GCM_NONCE: usize = 12;
const GCM_TAG: usize = 16;

/// Encrypts a file under a fresh secret.
pub(crate) fn seal(
    plaintext: &[u8],
    entropy: &mut Entropy,
    faults: Faults,
) -> Reply<AttachmentAnswer> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(Refused::Policy("the file is longer than 1 MiB").into());
    }
    let (secret, fresh) = (entropy.key()?, entropy.key()?);
    let (cipher, body) = if faults.has(Fault::NonCommittingAttachments) {
        let nonce = &fresh.0[..GCM_NONCE];
        let mut tag = [0; GCM_TAG];
        let aes = Cipher::aes_256_gcm();
        let sealed = encrypt_aead(aes, &secret.0, Some(nonce), &[], plaintext, &mut tag);
        ("AES-256-GCM", [nonce, &sealed.map_err(Declined::error)?, &tag].concat())
    } else {
        let (encryption, authentication) = keys(&secret);
        let iv = &fresh.0[..IV];
        let sealed = encrypt(Cipher::aes_256_cbc(), &encryption.0, Some(iv), plaintext);
        let mut body = [iv, &sealed.map_err(Declined::error)?].concat();
        body.extend(hmac(&authentication.0, &[&body]));
        ("AES-256-CBC + HMAC-SHA-256", body)
    };
    Ok(AttachmentAnswer {
        key: secret.0.to_vec().into(),
        body: body.into(),
        cipher: cipher.to_owned(),
    })
}

/// Opens a file; refuses it if it was encrypted under another secret or changed since.
pub(crate) fn open(
    key: &[u8],
    body: &[u8],
    faults: Faults,
) -> Result<AttachmentTextAnswer, Refused> {
    let secret = <[u8; 32]>::try_from(key)
        .map(Key)
        .map_err(|_| Refused::Malformed("the key of a file has 32 bytes"))?;
    let opened = if faults.has(Fault::NonCommittingAttachments) {
        open_gcm(&secret, body)
    } else {
        open_cbc(&secret, body)
    };
    Ok(AttachmentTextAnswer { plaintext: opened?.into() })
}

fn open_cbc(secret: &Key, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let (encryption, authentication) = keys(secret);
    let (before, tag) = cut(body, body.len().saturating_sub(TAG))?;
    if !matches!(tag.len(), TAG) || !memcmp::eq(&hmac(&authentication.0, &[before]), tag) {
        return Err(Refused::Tag);
    }
    let (iv, sealed) = cut(before, IV)?;
    decrypt(Cipher::aes_256_cbc(), &encryption.0, Some(iv), sealed)
        .map_err(|_| Refused::Malformed("the padding of the file is wrong"))
}

fn open_gcm(secret: &Key, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let (nonce, rest) = cut(body, GCM_NONCE)?;
    let at = rest.len().checked_sub(GCM_TAG).ok_or(TOO_SHORT)?;
    let (sealed, tag) = cut(rest, at)?;
    decrypt_aead(Cipher::aes_256_gcm(), &secret.0, Some(nonce), &[], sealed, tag)
        .map_err(|_| Refused::Tag)
}

const TOO_SHORT: Refused = Refused::Malformed("the file ends before its fields do");

fn cut(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), Refused> {
    bytes.split_at_checked(at).ok_or(TOO_SHORT)
}

fn keys(secret: &Key) -> (Key, Key) {
    halves(hkdf(&[0; 32], &secret.0, b"Hallmark reference attachment"))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn both() -> impl Strategy<Value = Faults> {
        prop::sample::select(vec![Faults::NONE, Fault::NonCommittingAttachments.into()])
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_under_its_key_and_unchanged_only(
            text in vec(any::<u8>(), 0..100), faults in both(), at in any::<prop::sample::Index>(),
            bit in 0..8_u8, keep in any::<prop::sample::Index>(),
        ) {
            let sealed = seal(&text, &mut Entropy::new(Some(1)), faults).unwrap();
            let opened = open(&sealed.key, &sealed.body, faults).unwrap();
            prop_assert_eq!(&opened.plaintext[..], &text[..]);
            let mut body = sealed.body.0.clone();
            let at_body = at.index(body.len());
            body[at_body] ^= 1_u8 << bit;
            prop_assert_eq!(open(&sealed.key, &body, faults), Err(Refused::Tag));
            let mut key = sealed.key.0.clone();
            let at_key = at.index(key.len());
            key[at_key] ^= 1_u8 << bit;
            prop_assert_eq!(open(&key, &sealed.body, faults), Err(Refused::Tag));
            let cut = &sealed.body[..keep.index(sealed.body.len())];
            prop_assert!(open(&sealed.key, cut, faults).is_err());
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let sealed = seal(b"text", &mut Entropy::new(Some(1)), Faults::NONE).unwrap();
        for key in [&sealed.key[1..], &[], &[0; 33]] {
            assert!(open(key, &sealed.body, Faults::NONE).is_err());
        }
    }
}
