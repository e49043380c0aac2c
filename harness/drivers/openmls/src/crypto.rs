//! Cryptography for OpenMLS, which brings none of its own: RustCrypto, as mls-rs wraps it.
//!
//! OpenMLS's own provider depends on crates under the MPL-2.0, which the workspace does not take.

use mls_rs_core::crypto::{
    CipherSuite, CipherSuiteProvider, CryptoProvider, HpkeCiphertext as Sealed, HpkeContextR,
    HpkeContextS, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey,
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext,
        HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use tls_codec::SecretVLBytes;
use x25519_dalek::{PublicKey, StaticSecret};

/// The suites of X25519, Ed25519 and SHA-256.
#[derive(Debug, Default)]
pub(crate) struct Crypto;

const SUITES: [Ciphersuite; 2] = [
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
    Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
];

type Result<T> = std::result::Result<T, CryptoError>;

fn suite(suite: CipherSuite) -> Result<impl CipherSuiteProvider> {
    let provider = RustCryptoProvider::default().cipher_suite_provider(suite);
    provider.ok_or(CryptoError::UnsupportedCiphersuite)
}

fn of_hash(hash: HashType) -> Result<impl CipherSuiteProvider> {
    match hash {
        HashType::Sha2_256 => suite(CipherSuite::CURVE25519_CHACHA),
        _ => Err(CryptoError::UnsupportedHashAlgorithm),
    }
}

fn of_aead(aead: AeadType) -> Result<impl CipherSuiteProvider> {
    suite(match aead {
        AeadType::Aes128Gcm => CipherSuite::CURVE25519_AES128,
        AeadType::ChaCha20Poly1305 => CipherSuite::CURVE25519_CHACHA,
        AeadType::Aes256Gcm => return Err(CryptoError::UnsupportedAeadAlgorithm),
    })
}

fn of_signature(scheme: SignatureScheme) -> Result<impl CipherSuiteProvider> {
    match scheme {
        SignatureScheme::ED25519 => suite(CipherSuite::CURVE25519_CHACHA),
        _ => Err(CryptoError::UnsupportedSignatureScheme),
    }
}

fn of_hpke(HpkeConfig(kem, kdf, aead): &HpkeConfig) -> Result<impl CipherSuiteProvider> {
    suite(match (kem, kdf, aead) {
        (HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
            CipherSuite::CURVE25519_AES128
        }
        (HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::ChaCha20Poly1305) => {
            CipherSuite::CURVE25519_CHACHA
        }
        _ => return Err(CryptoError::UnsupportedCiphersuite),
    })
}

/// A private key with its public one, which the library below wants and OpenMLS does not keep.
fn pair(secret: &[u8]) -> Result<(HpkeSecretKey, HpkePublicKey)> {
    let bytes: [u8; 32] = secret.try_into().map_err(|_| CryptoError::InvalidLength)?;
    let public = PublicKey::from(&StaticSecret::from(bytes));
    Ok((secret.to_vec().into(), public.as_bytes().to_vec().into()))
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<()> {
        if SUITES.contains(&ciphersuite) {
            return Ok(());
        }
        Err(CryptoError::UnsupportedCiphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        SUITES.to_vec()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes> {
        let extracted = of_hash(hash)?.kdf_extract(salt, ikm);
        extracted.map(|key| key.to_vec().into()).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes> {
        let mac = of_hash(hash)?.mac(key, message);
        mac.map(Into::into).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes> {
        let expanded = of_hash(hash)?.kdf_expand(prk, info, length);
        expanded.map(|key| key.to_vec().into()).map_err(|_| CryptoError::HkdfOutputLengthInvalid)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>> {
        of_hash(hash)?.hash(data).map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_encrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        let sealed = of_aead(aead)?.aead_seal(key, data, Some(aad), nonce);
        sealed.map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        sealed: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        let opened = of_aead(aead)?.aead_open(key, sealed, Some(aad), nonce);
        opened.map(|text| text.to_vec()).map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, scheme: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>)> {
        let (secret, public) = of_signature(scheme)?
            .signature_key_generate()
            .map_err(|_| CryptoError::CryptoLibraryError)?;
        Ok((secret.as_bytes().to_vec(), public.as_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        data: &[u8],
        public: &[u8],
        signature: &[u8],
    ) -> Result<()> {
        let public = SignaturePublicKey::new_slice(public);
        let verified = of_signature(scheme)?.verify(&public, signature, data);
        verified.map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, scheme: SignatureScheme, data: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let signed = of_signature(scheme)?.sign(&SignatureSecretKey::new_slice(secret), data);
        signed.map_err(|_| CryptoError::SigningError)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        aad: &[u8],
        text: &[u8],
    ) -> Result<HpkeCiphertext> {
        let sealed = of_hpke(&config)?
            .hpke_seal(&public.to_vec().into(), info, Some(aad), text)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext {
            kem_output: sealed.kem_output.into(),
            ciphertext: sealed.ciphertext.into(),
        })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        sealed: &HpkeCiphertext,
        secret: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>> {
        let (secret, public) = pair(secret)?;
        let sealed = Sealed {
            kem_output: sealed.kem_output.as_slice().to_vec(),
            ciphertext: sealed.ciphertext.as_slice().to_vec(),
        };
        let opened = of_hpke(&config)?.hpke_open(&sealed, &secret, &public, info, Some(aad));
        opened.map(|text| text.to_vec()).map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<(KemOutput, ExporterSecret)> {
        let (output, sender) = of_hpke(&config)?
            .hpke_setup_s(&public.to_vec().into(), info)
            .map_err(|_| CryptoError::SenderSetupError)?;
        let exported =
            sender.export(context, length).map_err(|_| CryptoError::ExporterError)?.to_vec();
        Ok((output, exported.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        output: &[u8],
        secret: &[u8],
        info: &[u8],
        context: &[u8],
        length: usize,
    ) -> Result<ExporterSecret> {
        let (secret, public) = pair(secret)?;
        let receiver = of_hpke(&config)?
            .hpke_setup_r(output, &secret, &public, info)
            .map_err(|_| CryptoError::ReceiverSetupError)?;
        let exported =
            receiver.export(context, length).map_err(|_| CryptoError::ExporterError)?.to_vec();
        Ok(exported.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair> {
        let derived = of_hpke(&config)?.kem_derive(ikm);
        let (secret, public) = derived.map_err(|_| CryptoError::CryptoLibraryError)?;
        Ok(HpkeKeyPair { private: secret.to_vec().into(), public: public.to_vec() })
    }
}

impl OpenMlsRand for Crypto {
    type Error = CryptoError;

    fn random_array<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        suite(CipherSuite::CURVE25519_CHACHA)?
            .random_bytes(&mut bytes)
            .map_err(|_| CryptoError::InsufficientRandomness)?;
        Ok(bytes)
    }

    fn random_vec(&self, length: usize) -> Result<Vec<u8>> {
        let bytes = suite(CipherSuite::CURVE25519_CHACHA)?.random_bytes_vec(length);
        bytes.map_err(|_| CryptoError::InsufficientRandomness)
    }
}
