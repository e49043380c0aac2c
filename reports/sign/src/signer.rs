//! A private key with the certificates that say whose it is.

use std::fmt;

use jiff::Timestamp;
use openssl::{
    error::ErrorStack,
    pkey::{PKey, Private},
    x509::X509,
};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
        RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use x509_cert::Certificate;

use crate::{
    certificate::{self, CertificateFlaw},
    cms::{self, AssembleError, Digest, KeyKind},
    trust::words,
};

/// Most certificates in a chain, the root aside.
const MAX_CHAIN: usize = 8;

/// Somebody who can sign: a key and the chain of its certificate, without the root.
pub struct Signer {
    key: Key,
    chain: Vec<Certificate>,
}

enum Key {
    Ecdsa { pair: EcdsaKeyPair, digest: Digest },
    Rsa(RsaKeyPair),
}

/// Why a key and a chain cannot sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key in the file.
    #[error("the key file holds no private key in PEM form: {0}")]
    NotAKey(String),
    /// A password would be needed.
    #[error(
        "the private key is encrypted; decrypt it to a file that only you can read, with \
         `openssl pkcs8 -in KEY -out PLAIN`"
    )]
    Encrypted,
    /// A kind of key that cannot be used.
    #[error("the private key cannot sign here: it {0}")]
    Unusable(CertificateFlaw),
    /// A curve that we verify but do not sign with.
    #[error("the private key cannot sign here: use RSA, P-256 or P-384")]
    UnsupportedCurve,
    /// The library refuses the key.
    #[error("the private key is malformed: {0}")]
    Refused(String),
    /// No certificate in the file.
    #[error("the certificate file holds no certificate in PEM form: {0}")]
    NotACertificate(String),
    /// More certificates than a chain can have.
    #[error("the certificate file holds {0} certificates; a chain has at most {MAX_CHAIN}")]
    TooManyCertificates(usize),
    /// The first certificate is of another key.
    #[error(
        "the private key does not belong to the first certificate, `{0}`; put the signer's own \
         certificate first"
    )]
    OtherKey(String),
    /// A root in the chain.
    #[error(
        "the certificate file holds the root `{0}`; remove it: trust comes from whoever verifies, \
         never from the bundle"
    )]
    Root(String),
    /// A certificate that does not follow from the one before.
    #[error(
        "`{above}` did not issue `{below}`, which stands before it; order the file from the \
         signer's own certificate upwards"
    )]
    Order {
        /// The earlier certificate.
        below: String,
        /// The later one.
        above: String,
    },
    /// A certificate that cannot be used.
    #[error("the certificate `{subject}` {flaw}")]
    Certificate {
        /// Whose.
        subject: String,
        /// What is wrong with it.
        flaw: CertificateFlaw,
    },
}

impl Signer {
    /// Reads a private key (PKCS #8, or the older PEM forms) and the chain of its certificate: the
    /// signer's own certificate first, then each issuer, without the root.
    ///
    /// Whether the certificates are valid in time is asked when something is signed.
    ///
    /// # Errors
    ///
    /// A [`KeyError`] that says what is wrong and what to do.
    pub fn from_pem(key_pem: &[u8], chain_pem: &[u8]) -> Result<Self, KeyError> {
        let private = private_key(key_pem)?;
        let x509s = X509::stack_from_pem(chain_pem)
            .map_err(|error| KeyError::NotACertificate(words(&error)))?;
        if x509s.len() > MAX_CHAIN {
            return Err(KeyError::TooManyCertificates(x509s.len()));
        }
        let chain: Vec<_> = x509s
            .iter()
            .map(|x509| certificate::from_openssl(x509).map_err(unreadable))
            .collect::<Result<_, _>>()?;
        let (Some(first), Some(leaf)) = (x509s.first(), chain.first()) else {
            return Err(KeyError::NotACertificate("it is empty".to_owned()));
        };
        let public = first.public_key().map_err(|_| unreadable(CertificateFlaw::Unreadable))?;
        if !private.public_eq(&public) {
            return Err(KeyError::OtherKey(certificate::subject(leaf)));
        }
        check_chain(&chain, &x509s)?;
        let kind = certificate::key_kind(&public).map_err(KeyError::Unusable)?;
        Ok(Self { key: Key::new(kind, &private)?, chain })
    }

    /// Whom the certificate names, fit to print (RFC 4514).
    #[must_use]
    pub fn subject(&self) -> String {
        self.chain.first().map(certificate::subject).unwrap_or_default()
    }

    /// Whether every certificate of the chain is valid at `now`.
    ///
    /// # Errors
    ///
    /// When one has expired or is not valid yet.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), KeyError> {
        for link in &self.chain {
            certificate::check_validity(link, now).map_err(|flaw| KeyError::Certificate {
                subject: certificate::subject(link),
                flaw,
            })?;
        }
        Ok(())
    }

    /// A detached signature over `content` in CMS, canonical DER.
    pub(crate) fn sign(&self, content: &[u8], now: Timestamp) -> Result<Vec<u8>, AssembleError> {
        cms::assemble(content, &self.chain, self.key.algorithm(), now, |bytes| self.key.sign(bytes))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("subject", &self.subject()).finish_non_exhaustive()
    }
}

impl Key {
    fn new(kind: KeyKind, private: &PKey<Private>) -> Result<Self, KeyError> {
        let pkcs8 =
            private.private_key_to_pkcs8().map_err(|error| KeyError::Refused(words(&error)))?;
        let refused = |error: ring::error::KeyRejected| KeyError::Refused(error.to_string());
        let (algorithm, digest) = match (kind, private.bits()) {
            (KeyKind::Rsa, _) => {
                return RsaKeyPair::from_pkcs8(&pkcs8).map(Self::Rsa).map_err(refused);
            }
            (KeyKind::Ecdsa, 256) => (&ECDSA_P256_SHA256_ASN1_SIGNING, Digest::Sha256),
            (KeyKind::Ecdsa, 384) => (&ECDSA_P384_SHA384_ASN1_SIGNING, Digest::Sha384),
            (KeyKind::Ecdsa, _) => return Err(KeyError::UnsupportedCurve),
        };
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8, &SystemRandom::new());
        Ok(Self::Ecdsa { pair: pair.map_err(refused)?, digest })
    }

    fn algorithm(&self) -> (KeyKind, Digest) {
        match self {
            Self::Ecdsa { digest, .. } => (KeyKind::Ecdsa, *digest),
            Self::Rsa(_) => (KeyKind::Rsa, Digest::Sha256),
        }
    }

    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa { pair, .. } => {
                pair.sign(&random, bytes).ok().map(|signature| signature.as_ref().to_vec())
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

fn private_key(pem: &[u8]) -> Result<PKey<Private>, KeyError> {
    // Without a callback OpenSSL would ask for a password on the terminal.
    let mut asked = false;
    PKey::private_key_from_pem_callback(pem, |_| {
        asked = true;
        Err(ErrorStack::get())
    })
    .map_err(|error| if asked { KeyError::Encrypted } else { KeyError::NotAKey(words(&error)) })
}

/// Each certificate is usable, issued by the next, and none is a root.
fn check_chain(chain: &[Certificate], x509s: &[X509]) -> Result<(), KeyError> {
    for (at, link) in chain.iter().enumerate() {
        let subject = certificate::subject(link);
        if at > 0 && certificate::is_self_issued(link) {
            return Err(KeyError::Root(subject));
        }
        let flaws = match at {
            0 => certificate::signer_flaws(link),
            _ => certificate::authority_flaws(link),
        };
        if let Some(flaw) = flaws.into_iter().next() {
            return Err(KeyError::Certificate { subject, flaw });
        }
    }
    for (at, pair) in x509s.windows(2).enumerate() {
        if !issued(&pair[1], &pair[0]) {
            return Err(KeyError::Order {
                below: certificate::subject(&chain[at]),
                above: certificate::subject(&chain[at + 1]),
            });
        }
    }
    Ok(())
}

/// Whether `above` issued `below`, by name and by signature.
pub(crate) fn issued(above: &X509, below: &X509) -> bool {
    above.issued(below) == openssl::x509::X509VerifyResult::OK
        && above.public_key().and_then(|key| below.verify(&key)).unwrap_or(false)
}

fn unreadable(flaw: CertificateFlaw) -> KeyError {
    KeyError::NotACertificate(format!("one {flaw}"))
}
