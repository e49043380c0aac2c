//! Hashes of the suites, and HMAC over them.

use openssl::{
    hash::MessageDigest,
    pkey::{PKey, Private},
    sign::Signer,
};
use ring::hmac;

/// A hash, as suites name it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
}

/// HMAC under one key.
pub(super) enum Mac {
    Ring(hmac::Key),
    /// `ring` has no MD5.
    Md5(PKey<Private>),
}

impl Hash {
    /// The hash of a suite's name (`SHA` is SHA-1).
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "MD5" => Self::Md5,
            "SHA" => Self::Sha1,
            "SHA256" => Self::Sha256,
            "SHA384" => Self::Sha384,
            _ => return None,
        })
    }

    /// Bytes of its output.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl Mac {
    /// `None` where OpenSSL refuses MD5.
    pub(super) fn new(hash: Hash, key: &[u8]) -> Option<Self> {
        let algorithm = match hash {
            Hash::Md5 => return PKey::hmac(key).ok().map(Self::Md5),
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
        };
        Some(Self::Ring(hmac::Key::new(algorithm, key)))
    }

    /// The code over these parts, one after the other.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Option<Vec<u8>> {
        match self {
            Self::Ring(key) => {
                let mut context = hmac::Context::with_key(key);
                parts.iter().for_each(|part| context.update(part));
                Some(context.sign().as_ref().to_vec())
            }
            Self::Md5(key) => {
                let mut signer = Signer::new(MessageDigest::md5(), key).ok()?;
                for part in parts {
                    signer.update(part).ok()?;
                }
                signer.sign_to_vec().ok()
            }
        }
    }

    /// Whether `code` is the one over these parts.
    pub(super) fn verifies(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        self.sign(parts).is_some_and(|right| right == code)
    }
}
