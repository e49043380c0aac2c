//! Encryption and authentication of message contents.
//!
//! The honest cipher is the one that section 5.2 of the Double Ratchet recommends: AES-256-CBC
//! with PKCS#7 padding, then HMAC-SHA-256 over associated data, head and ciphertext, with keys
//! and initialisation vector from the message key by HKDF. The tag is not shortened.
//!
//! One addition: 16 fresh bytes stand before the ciphertext and are the salt of that HKDF. A sender
//! that was restored from a copy seals two messages with one message key; without the salt their
//! common beginning would show.

use hallmark_driver::sdk::{Declined, Reply};
use openssl::{error::ErrorStack, memcmp, symm};

use crate::{
    faults::{Fault, Faults},
    kdf::{Key, hkdf, hmac},
    refused::Refused,
};

/// Name of the authentication.
pub(crate) const MAC: &str = "HMAC-SHA-256";

/// Length of the tag, in bytes.
pub(crate) const TAG_LEN: usize = 32;

/// Length of the tag with the fault that shortens it, in bytes.
const SHORT_TAG: usize = 4;

/// Length of the tag in force, in bytes.
pub(crate) fn tag_len(faults: Faults) -> usize {
    if faults.has(Fault::ShortTag) { SHORT_TAG } else { TAG_LEN }
}

/// Length of the fresh bytes before the ciphertext.
pub(crate) const SALT_LEN: usize = 16;

/// What is fresh in one sealing.
pub(crate) type Salt = [u8; SALT_LEN];

/// Length of salt and ciphertext of a plaintext of `length` bytes.
pub(crate) fn ciphertext_len(length: usize) -> usize {
    SALT_LEN + (length / 16 + 1) * 16
}

/// How contents are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCipher {
    /// AES-256-CBC and HMAC-SHA-256.
    Aes256Cbc,
    /// AES-128-CBC and HMAC-SHA-256.
    Aes128Cbc,
}

/// What a tag authenticates besides the ciphertext.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// Both identities; of one length always, so that head and data cannot be confused.
    pub(crate) associated: &'a [u8],
    /// The envelope up to the ciphertext.
    pub(crate) head: &'a [u8],
    /// What the fault `reuse-nonce` encrypts with in the place of the message key.
    pub(crate) constant: Option<&'a Key>,
}

struct Secrets {
    encryption: [u8; 32],
    authentication: [u8; 32],
    iv: [u8; 16],
}

impl Secrets {
    fn derive(message_key: &Key, salt: &Salt, constant: Option<&Key>) -> Self {
        let mut padded = [0; 32];
        padded[..SALT_LEN].copy_from_slice(salt);
        let bytes: [u8; 80] = hkdf(&padded, &message_key.0, b"Hallmark reference message");
        let mut secrets = Self { encryption: [0; 32], authentication: [0; 32], iv: [0; 16] };
        secrets.encryption.copy_from_slice(&bytes[..32]);
        secrets.authentication.copy_from_slice(&bytes[32..64]);
        secrets.iv.copy_from_slice(&bytes[64..]);
        if let Some(constant) = constant {
            let reused = Self::derive(constant, &[0; SALT_LEN], None);
            (secrets.encryption, secrets.iv) = (reused.encryption, reused.iv);
        }
        secrets
    }
}

impl ContentCipher {
    /// The cipher in use.
    pub(crate) fn of(faults: Faults) -> Self {
        if faults.has(Fault::Aes128) { Self::Aes128Cbc } else { Self::Aes256Cbc }
    }

    /// Name of the cipher.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Aes256Cbc => "AES-256-CBC",
            Self::Aes128Cbc => "AES-128-CBC",
        }
    }

    /// Salt, ciphertext and tag. A message key seals one message only, unless the sender was
    /// restored from a copy.
    pub(crate) fn seal(
        self,
        key: &Key,
        salt: &Salt,
        context: Context<'_>,
        plaintext: &[u8],
    ) -> Reply<Vec<u8>> {
        let secrets = Secrets::derive(key, salt, context.constant);
        let ciphertext = self.encrypt(&secrets, plaintext).map_err(Declined::error)?;
        let mut sealed = [&salt[..], &ciphertext].concat();
        let tag = authenticate(&secrets, context, &sealed);
        sealed.extend(tag);
        Ok(sealed)
    }

    /// The plaintext, once the tag is known to be right.
    pub(crate) fn open(
        self,
        key: &Key,
        context: Context<'_>,
        ciphertext: &[u8],
        tag: &[u8],
        faults: Faults,
    ) -> Result<Vec<u8>, Refused> {
        let (salt, encrypted) = ciphertext
            .split_first_chunk()
            .ok_or(Refused::Malformed("the content ends before its salt does"))?;
        let secrets = Secrets::derive(key, salt, context.constant);
        let expected = authenticate(&secrets, context, ciphertext);
        if !tag_holds(&expected[..tag_len(faults)], tag, faults) {
            return Err(Refused::Tag);
        }
        self.decrypt(&secrets, encrypted)
            .map_err(|_| Refused::Malformed("the padding of the content is wrong"))
    }

    fn encrypt(self, secrets: &Secrets, plaintext: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let (cipher, key) = self.aes(secrets);
        symm::encrypt(cipher, key, Some(&secrets.iv), plaintext)
    }

    fn decrypt(self, secrets: &Secrets, ciphertext: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let (cipher, key) = self.aes(secrets);
        symm::decrypt(cipher, key, Some(&secrets.iv), ciphertext)
    }

    fn aes(self, secrets: &Secrets) -> (symm::Cipher, &[u8]) {
        match self {
            Self::Aes256Cbc => (symm::Cipher::aes_256_cbc(), &secrets.encryption),
            Self::Aes128Cbc => (symm::Cipher::aes_128_cbc(), &secrets.encryption[..16]),
        }
    }
}

fn authenticate(secrets: &Secrets, context: Context<'_>, ciphertext: &[u8]) -> [u8; TAG_LEN] {
    hmac(&secrets.authentication, &[context.associated, context.head, ciphertext])
}

/// Whether the tag that came is the tag that should have come, in constant time.
fn tag_holds(expected: &[u8], given: &[u8], faults: Faults) -> bool {
    if faults.has(Fault::SkipMac) {
        return true;
    }
    if faults.has(Fault::AcceptShortMac) && (1..expected.len()).contains(&given.len()) {
        return memcmp::eq(&expected[..given.len()], given);
    }
    expected.len() == given.len() && memcmp::eq(expected, given)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const SALT: Salt = [5; SALT_LEN];
    const KEY: Key = Key([5; 32]);
    const CONTEXT: Context<'static> =
        Context { associated: b"who", head: b"where", constant: None };

    fn ciphers() -> impl Strategy<Value = (ContentCipher, Faults)> {
        let faults = [Faults::NONE, Fault::Aes128.into()];
        prop::sample::select(faults.map(|f| (ContentCipher::of(f), f)).to_vec())
    }

    fn open(
        cipher: ContentCipher,
        sealed: &[u8],
        cut: usize,
        faults: Faults,
    ) -> Result<Vec<u8>, Refused> {
        let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG_LEN);
        cipher.open(&KEY, CONTEXT, ciphertext, &tag[..tag.len() - cut], faults)
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens((cipher, faults) in ciphers(), text in vec(any::<u8>(), 0..100)) {
            let sealed = cipher.seal(&KEY, &SALT, CONTEXT, &text).unwrap();
            prop_assert_eq!(sealed.len(), ciphertext_len(text.len()) + TAG_LEN);
            prop_assert_eq!(open(cipher, &sealed, 0, faults), Ok(text));
        }

        #[test]
        fn a_changed_bit_is_refused(
            (cipher, faults) in ciphers(), text in vec(any::<u8>(), 0..40), at in any::<prop::sample::Index>(), bit in 0..8_u8
        ) {
            let mut sealed = cipher.seal(&KEY, &SALT, CONTEXT, &text).unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert_eq!(open(cipher, &sealed, 0, faults), Err(Refused::Tag));
        }
    }

    #[test]
    fn the_context_is_authenticated() {
        for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes128Cbc] {
            let sealed = cipher.seal(&KEY, &SALT, CONTEXT, b"text").unwrap();
            let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG_LEN);
            for context in
                [Context { head: b"There", ..CONTEXT }, Context { associated: b"Who", ..CONTEXT }]
            {
                let opened = cipher.open(&KEY, context, ciphertext, tag, Faults::NONE);
                assert_eq!(opened, Err(Refused::Tag));
            }
        }
    }

    #[test]
    fn the_tag_faults_weaken_the_tag_and_nothing_else() {
        let cipher = ContentCipher::Aes256Cbc;
        let short = Fault::AcceptShortMac.into();
        let skip = Fault::SkipMac.into();
        let text = b"a text of more than one block of AES".to_vec();
        let sealed = cipher.seal(&KEY, &SALT, CONTEXT, &text).unwrap();
        assert_eq!(open(cipher, &sealed, 1, Faults::NONE), Err(Refused::Tag));
        assert_eq!(open(cipher, &sealed, 1, short), Ok(text.clone()));
        assert_eq!(open(cipher, &sealed, 31, short), Ok(text.clone()));
        assert_eq!(open(cipher, &sealed, 32, short), Err(Refused::Tag));
        assert_eq!(open(cipher, &sealed, 32, skip), Ok(text.clone()));
        let mut changed = sealed;
        changed[SALT_LEN + 3] ^= 1;
        assert_eq!(open(cipher, &changed, 0, short), Err(Refused::Tag));
        assert_ne!(open(cipher, &changed, 0, skip).unwrap(), text);
    }

    #[test]
    fn the_honest_cipher_is_plain_aes_256_cbc_then_hmac() {
        let mut salt = [0; 32];
        salt[..SALT_LEN].copy_from_slice(&SALT);
        let okm: [u8; 80] = hkdf(&salt, &KEY.0, b"Hallmark reference message");
        let ciphertext =
            symm::encrypt(symm::Cipher::aes_256_cbc(), &okm[..32], Some(&okm[64..]), b"text")
                .unwrap();
        let tag = ring::hmac::sign(
            &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &okm[32..64]),
            &[b"whowhere", &SALT[..], &ciphertext].concat(),
        );
        let expected = [&SALT[..], &ciphertext, tag.as_ref()].concat();
        assert_eq!(ContentCipher::Aes256Cbc.seal(&KEY, &SALT, CONTEXT, b"text").unwrap(), expected);
    }
}
