//! CBC ciphers, by the names in suites.

use openssl::{cipher::Cipher, cipher_ctx::CipherCtx};

/// A cipher in CBC mode.
#[derive(Clone, Copy)]
pub(super) struct Algorithm {
    /// In OpenSSL.
    name: &'static str,
    /// Bytes of its key.
    pub(super) key: usize,
    /// Bytes of its block, and of the vector.
    pub(super) block: usize,
}

/// A cipher under its key.
pub(super) struct Key(CipherCtx);

impl Algorithm {
    /// The cipher of a suite's name. `None`: not CBC, or not one of ours.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let (name, key, block) = match name {
            "AES_128_CBC" => ("AES-128-CBC", 16, 16),
            "AES_256_CBC" => ("AES-256-CBC", 32, 16),
            "3DES_EDE_CBC" => ("DES-EDE3-CBC", 24, 8),
            "ARIA_128_CBC" => ("ARIA-128-CBC", 16, 16),
            "ARIA_256_CBC" => ("ARIA-256-CBC", 32, 16),
            "CAMELLIA_128_CBC" => ("CAMELLIA-128-CBC", 16, 16),
            "CAMELLIA_256_CBC" => ("CAMELLIA-256-CBC", 32, 16),
            _ => return None,
        };
        Some(Self { name, key, block })
    }
}

impl Key {
    /// `None` for a key of the wrong length, or a cipher that this OpenSSL is built without.
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        if key.len() != algorithm.key {
            return None;
        }
        let cipher = Cipher::fetch(None, algorithm.name, None).ok()?;
        let mut context = CipherCtx::new().ok()?;
        context.decrypt_init(Some(&cipher), Some(key), None).ok()?;
        context.set_padding(false);
        Some(Self(context))
    }

    /// Decrypts whole blocks.
    pub(super) fn decrypt(&mut self, iv: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
        // The length of the vector is asserted on the other side.
        if iv.len() != self.0.iv_length() {
            return None;
        }
        self.0.decrypt_init(None, None, Some(iv)).ok()?;
        let mut out = Vec::new();
        self.0.cipher_update_vec(ciphertext, &mut out).ok()?;
        self.0.cipher_final_vec(&mut out).ok()?;
        Some(out)
    }
}
