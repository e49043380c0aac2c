//! Keys for a demonstration: made on the spot, named as worthless, forgotten afterwards.

use jiff::Timestamp;
use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    x509::{
        X509, X509Builder, X509Extension, X509Name, X509NameBuilder,
        extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier},
    },
};

use crate::{KeyError, Signer, trust::words};

/// How long the certificates of a demonstration are valid, in days.
pub const DAYS: i64 = 30;

/// Why no throw-away key could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThrowawayError {
    /// OpenSSL refused.
    #[error("no throw-away key could be made: {0}")]
    OpenSsl(String),
    /// Our own rules refused.
    #[error("the throw-away key cannot sign: {0}")]
    Key(#[from] KeyError),
}

/// A new root, as PEM, and a signer whose certificate it issued; P-384 and SHA-384 throughout.
///
/// The private key of the root is dropped here. The names say that nobody should trust them.
///
/// # Errors
///
/// When OpenSSL cannot make keys.
pub fn throwaway(now: Timestamp) -> Result<(String, Signer), ThrowawayError> {
    let failed = |error: ErrorStack| ThrowawayError::OpenSsl(words(&error));
    let (root, leaf, key) = certificates(now).map_err(failed)?;
    let root_pem = root.to_pem().map_err(failed)?;
    let leaf_pem = leaf.to_pem().map_err(failed)?;
    let key_pem = key.private_key_to_pem_pkcs8().map_err(failed)?;
    let signer = Signer::from_pem(&key_pem, &leaf_pem)?;
    Ok((String::from_utf8_lossy(&root_pem).into_owned(), signer))
}

fn certificates(now: Timestamp) -> Result<(X509, X509, PKey<Private>), ErrorStack> {
    let (root_key, leaf_key) = (new_key()?, new_key()?);
    let root_name = name("Hallmark demonstration root, not for trust")?;
    let leaf_name = name("Hallmark demonstration, not for trust")?;

    let mut root = builder(&root_name, &root_name, &root_key, now)?;
    root.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
    root.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
    let identifier = subject_key_identifier(&root, None)?;
    root.append_extension(identifier)?;
    root.sign(&root_key, MessageDigest::sha384())?;
    let root = root.build();

    let mut leaf = builder(&leaf_name, &root_name, &leaf_key, now)?;
    leaf.append_extension(BasicConstraints::new().critical().build()?)?;
    leaf.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
    let identifier = subject_key_identifier(&leaf, Some(&root))?;
    leaf.append_extension(identifier)?;
    let issuer =
        AuthorityKeyIdentifier::new().keyid(true).build(&leaf.x509v3_context(Some(&root), None))?;
    leaf.append_extension(issuer)?;
    leaf.sign(&root_key, MessageDigest::sha384())?;
    Ok((root, leaf.build(), leaf_key))
}

fn new_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::SECP384R1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn builder(
    subject: &X509Name,
    issuer: &X509Name,
    key: &PKey<Private>,
    now: Timestamp,
) -> Result<X509Builder, ErrorStack> {
    /// Version 3 is written as 2 (RFC 5280 section 4.1.2.1).
    const VERSION_3: i32 = 2;
    let mut serial = BigNum::new()?;
    serial.rand(126, MsbOption::ONE, false)?;
    let mut certificate = X509::builder()?;
    certificate.set_version(VERSION_3)?;
    certificate.set_serial_number(&*Asn1Integer::from_bn(&serial)?)?;
    certificate.set_subject_name(subject)?;
    certificate.set_issuer_name(issuer)?;
    certificate.set_pubkey(key)?;
    // Five minutes of grace for a verifier whose clock is behind.
    let from = Asn1Time::from_unix(now.as_second().saturating_sub(300))?;
    let until = Asn1Time::from_unix(now.as_second().saturating_add(DAYS * 86_400))?;
    certificate.set_not_before(&from)?;
    certificate.set_not_after(&until)?;
    Ok(certificate)
}

fn subject_key_identifier(
    certificate: &X509Builder,
    issuer: Option<&X509>,
) -> Result<X509Extension, ErrorStack> {
    let issuer = issuer.map(|issuer| &**issuer);
    SubjectKeyIdentifier::new().build(&certificate.x509v3_context(issuer, None))
}
