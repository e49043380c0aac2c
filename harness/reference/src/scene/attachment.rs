//! Attachments: sealed under a key of their own, which travels in a message.

use openssl::{
    error::ErrorStack,
    rand::rand_bytes,
    symm::{Cipher, decrypt_aead, encrypt_aead},
};

const KEY: usize = 32;
const NONCE: usize = 12;
const TAG: usize = 16;

/// Seals bytes under a fresh key: AES-256-GCM. Returns the key and nonce, tag, ciphertext.
pub(super) fn seal(bytes: &[u8]) -> Result<([u8; KEY], Vec<u8>), ErrorStack> {
    let (mut key, mut nonce, mut tag) = ([0; KEY], [0; NONCE], [0; TAG]);
    rand_bytes(&mut key)?;
    rand_bytes(&mut nonce)?;
    let sealed = encrypt_aead(Cipher::aes_256_gcm(), &key, Some(&nonce), &[], bytes, &mut tag)?;
    Ok((key, [&nonce[..], &tag, &sealed].concat()))
}

/// Opens what was sealed; nothing, if it was sealed under another key or changed since.
pub(super) fn open(key: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE)?;
    let (tag, sealed) = rest.split_at_checked(TAG)?;
    let key = <[u8; KEY]>::try_from(key).ok()?;
    decrypt_aead(Cipher::aes_256_gcm(), &key, Some(nonce), &[], sealed, tag).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_under_its_key_only() {
        let (key, mut sealed) = seal(b"report").unwrap();
        assert_eq!(open(&key, &sealed).unwrap(), b"report");
        assert_eq!(open(&[0; KEY], &sealed), None);
        assert_eq!(open(&key[1..], &sealed), None);
        for short in 0..NONCE + TAG {
            assert_eq!(open(&key, &sealed[..short]), None);
        }
        *sealed.last_mut().unwrap() ^= 1;
        assert_eq!(open(&key, &sealed), None);
    }
}
