//! AEAD ciphers, by the names in suites.

use openssl::{
    cipher::Cipher,
    cipher_ctx::{CipherCtx, CipherCtxRef},
    error::ErrorStack,
};
use ring::aead;

/// Length of every nonce, in bytes.
pub(super) const NONCE: usize = 12;

/// An AEAD cipher.
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    implementation: Implementation,
    /// Bytes of its key.
    pub(super) key: usize,
    /// Bytes of its tag.
    tag: usize,
    /// Bytes of the nonce that TLS 1.2 sends with each record.
    pub(super) explicit_nonce: usize,
}

#[derive(Clone, Copy)]
enum Implementation {
    Ring(&'static aead::Algorithm),
    /// The name in OpenSSL: what `ring` has not.
    Gcm(&'static str),
    Ccm(&'static str),
}

/// A cipher under its key.
pub(super) struct Key {
    algorithm: Algorithm,
    state: State,
}

enum State {
    Ring(Box<aead::LessSafeKey>),
    OpenSsl { cipher: Cipher, key: Vec<u8> },
}

impl Algorithm {
    /// The cipher of a suite's name. `None`: not an AEAD cipher, or not one of ours.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (implementation, key, tag, explicit_nonce) = match name {
            "AES_128_GCM" => (Implementation::Ring(&aead::AES_128_GCM), 16, 16, 8),
            "AES_256_GCM" => (Implementation::Ring(&aead::AES_256_GCM), 32, 16, 8),
            "CHACHA20_POLY1305" => (Implementation::Ring(&aead::CHACHA20_POLY1305), 32, 16, 0),
            "ARIA_128_GCM" => (Implementation::Gcm("ARIA-128-GCM"), 16, 16, 8),
            "ARIA_256_GCM" => (Implementation::Gcm("ARIA-256-GCM"), 32, 16, 8),
            "AES_128_CCM" => (Implementation::Ccm("AES-128-CCM"), 16, 16, 8),
            "AES_256_CCM" => (Implementation::Ccm("AES-256-CCM"), 32, 16, 8),
            "AES_128_CCM_8" => (Implementation::Ccm("AES-128-CCM"), 16, 8, 8),
            "AES_256_CCM_8" => (Implementation::Ccm("AES-256-CCM"), 32, 8, 8),
            _ => return None,
        };
        Some(Self { implementation, key, tag, explicit_nonce })
    }
}

impl Key {
    /// `None` for a key of the wrong length, or a cipher that this OpenSSL is built without.
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        if key.len() != algorithm.key {
            return None;
        }
        let state = match algorithm.implementation {
            Implementation::Ring(ring) => State::Ring(Box::new(aead::LessSafeKey::new(
                aead::UnboundKey::new(ring, key).ok()?,
            ))),
            Implementation::Gcm(name) | Implementation::Ccm(name) => {
                State::OpenSsl { cipher: Cipher::fetch(None, name, None).ok()?, key: key.to_vec() }
            }
        };
        Some(Self { algorithm, state })
    }

    /// Bytes that protection adds to a plaintext.
    pub(super) fn overhead(&self) -> usize {
        self.algorithm.tag
    }

    /// The plaintext, if the tag is right.
    pub(super) fn open(&self, nonce: [u8; NONCE], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let length = sealed.len().checked_sub(self.algorithm.tag)?;
        match &self.state {
            State::Ring(key) => {
                let mut buffer = sealed.to_vec();
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                key.open_in_place(nonce, aead::Aad::from(aad), &mut buffer).ok()?;
                buffer.truncate(length);
                Some(buffer)
            }
            State::OpenSsl { cipher, key } => {
                let (ciphertext, tag) = sealed.split_at(length);
                let mut context = CipherCtx::new().ok()?;
                let ccm = matches!(self.algorithm.implementation, Implementation::Ccm(_));
                context.decrypt_init(Some(cipher), None, None).ok()?;
                context.set_iv_length(NONCE).ok()?;
                context.set_tag(tag).ok()?;
                context.decrypt_init(None, Some(key), Some(&nonce)).ok()?;
                run(&mut context, ccm, aad, ciphertext).ok()
            }
        }
    }
}

fn run(
    context: &mut CipherCtxRef,
    ccm: bool,
    aad: &[u8],
    ciphertext: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    if ccm {
        // CCM wants the length first, and verifies the tag with the one call that takes the text.
        context.set_data_len(ciphertext.len())?;
    }
    context.cipher_update(aad, None)?;
    let mut out = Vec::new();
    context.cipher_update_vec(ciphertext, &mut out)?;
    if !ccm {
        context.cipher_final_vec(&mut out)?;
    }
    Ok(out)
}
