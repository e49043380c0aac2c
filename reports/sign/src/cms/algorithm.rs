//! Which digests and signatures are accepted, and how they are named in ASN.1.

use der::{Any, asn1::ObjectIdentifier as Oid};
use x509_cert::spki::AlgorithmIdentifierOwned;

/// A digest that is strong enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

/// A kind of key that `openssl cms` of every supported version can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Ecdsa,
    Rsa,
}

const SHA_256: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA_384: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.3");
const ECDSA_WITH_SHA_256: Oid = Oid::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_WITH_SHA_384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_WITH_SHA_512: Oid = Oid::new_unwrap("1.2.840.10045.4.3.4");
const RSA_ENCRYPTION: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
const SHA_256_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.11");
const SHA_384_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.12");
const SHA_512_WITH_RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.13");
const RSASSA_PSS: Oid = Oid::new_unwrap("1.2.840.113549.1.1.10");
const ED25519: Oid = Oid::new_unwrap("1.3.101.112");

impl Digest {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    pub(crate) fn oid(self) -> Oid {
        match self {
            Self::Sha256 => SHA_256,
            Self::Sha384 => SHA_384,
            Self::Sha512 => SHA_512,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The algorithm named by `id`. Parameters are absent, or NULL as older programs write
    /// (RFC 5754 section 2).
    pub(crate) fn of(id: &AlgorithmIdentifierOwned) -> Option<Self> {
        let plain = id.parameters.as_ref().is_none_or(is_null);
        Self::ALL.into_iter().find(|digest| plain && digest.oid() == id.oid)
    }

    /// As we write it: parameters absent (RFC 5754 section 2).
    pub(crate) fn identifier(self) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned { oid: self.oid(), parameters: None }
    }

    pub(crate) fn over(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &ring::digest::SHA256,
            Self::Sha384 => &ring::digest::SHA384,
            Self::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    pub(crate) fn in_openssl(self) -> openssl::hash::MessageDigest {
        match self {
            Self::Sha256 => openssl::hash::MessageDigest::sha256(),
            Self::Sha384 => openssl::hash::MessageDigest::sha384(),
            Self::Sha512 => openssl::hash::MessageDigest::sha512(),
        }
    }
}

impl KeyKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ecdsa => "ECDSA",
            Self::Rsa => "RSA",
        }
    }

    /// How a signature by such a key over `digest` is named: RFC 5754 section 3. RSA is PKCS #1
    /// version 1.5, which every verifier knows.
    pub(crate) fn identifier(self, digest: Digest) -> AlgorithmIdentifierOwned {
        match self {
            Self::Ecdsa => AlgorithmIdentifierOwned {
                oid: match digest {
                    Digest::Sha256 => ECDSA_WITH_SHA_256,
                    Digest::Sha384 => ECDSA_WITH_SHA_384,
                    Digest::Sha512 => ECDSA_WITH_SHA_512,
                },
                parameters: None,
            },
            Self::Rsa => {
                AlgorithmIdentifierOwned { oid: RSA_ENCRYPTION, parameters: Some(Any::null()) }
            }
        }
    }

    /// Whether `id` names a signature by such a key over `digest`.
    pub(crate) fn signs_with(self, digest: Digest, id: &AlgorithmIdentifierOwned) -> bool {
        let with_digest = match digest {
            Digest::Sha256 => SHA_256_WITH_RSA,
            Digest::Sha384 => SHA_384_WITH_RSA,
            Digest::Sha512 => SHA_512_WITH_RSA,
        };
        *id == self.identifier(digest)
            || self == Self::Rsa
                && id.oid == with_digest
                && id.parameters.as_ref().is_some_and(is_null)
    }
}

/// Whether a certificate signed with `id` can be relied on. The digest inside PSS parameters is
/// judged by OpenSSL's security level while the chain is built.
pub(crate) fn is_strong_for_certificates(id: &AlgorithmIdentifierOwned) -> bool {
    [
        ECDSA_WITH_SHA_256,
        ECDSA_WITH_SHA_384,
        ECDSA_WITH_SHA_512,
        SHA_256_WITH_RSA,
        SHA_384_WITH_RSA,
        SHA_512_WITH_RSA,
        RSASSA_PSS,
        ED25519,
    ]
    .contains(&id.oid)
}

fn is_null(parameters: &Any) -> bool {
    *parameters == Any::null()
}
