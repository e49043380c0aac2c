//! The device's signature key, as OpenMLS wants to use it.

use hallmark_driver::{
    protocol::Bytes,
    sdk::{Declined, Reply},
};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use serde::{Deserialize, Serialize};

use crate::crypto::Crypto;

const SCHEME: SignatureScheme = SignatureScheme::ED25519;

/// A pair of Ed25519 keys.
#[derive(Serialize, Deserialize)]
pub(crate) struct SignatureKey {
    secret: Bytes,
    public: Bytes,
}

impl SignatureKey {
    pub(crate) fn generate() -> Reply<Self> {
        let (secret, public) = Crypto.signature_key_gen(SCHEME).map_err(Declined::error)?;
        Ok(Self { secret: secret.into(), public: public.into() })
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.public.to_vec()
    }
}

impl Signer for SignatureKey {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Crypto.sign(SCHEME, payload, &self.secret).map_err(SignerError::CryptoError)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SCHEME
    }
}
