//! Whether a certificate can carry a signature at all, and whether it can now.

use hallmark_model::text::one_line;
use jiff::Timestamp;
use openssl::{
    nid::Nid,
    pkey::{Id, PKey, Public},
    x509::X509,
};
use x509_cert::{
    Certificate,
    der::{Decode, Encode},
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
};

use crate::cms::KeyKind;

/// Why a certificate is not accepted. Reads after "which".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFlaw {
    /// Nobody else vouches for it.
    #[error("is signed by itself, so that nobody vouches for it")]
    SelfSigned,
    /// The key is too short.
    #[error("has an RSA key of {0} bits; 2048 is the least that is accepted")]
    ShortKey(u32),
    /// The key is of a kind that `openssl cms` cannot use everywhere.
    #[error("has a key of kind {0}; RSA and the curves P-256, P-384 and P-521 are accepted")]
    KeyKind(String),
    /// It was signed with a weak algorithm.
    #[error("was signed with the weak or unknown algorithm {0}; SHA-256 or better is accepted")]
    WeakSignature(String),
    /// It is a certificate authority.
    #[error("belongs to a certificate authority, not to somebody who signs documents")]
    Authority,
    /// It is not a certificate authority, but stands above one.
    #[error("has issued a certificate without being a certificate authority")]
    NotAnAuthority,
    /// Its key is meant for something else.
    #[error(
        "is not meant for signatures: its key usage is without digitalSignature and nonRepudiation"
    )]
    KeyUsage,
    /// Its extended key usage excludes CMS signatures.
    #[error(
        "is not meant for signed documents: its extended key usage is without emailProtection, which `openssl cms -verify` asks for"
    )]
    ExtendedKeyUsage,
    /// An extension cannot be read.
    #[error("has an extension that cannot be read")]
    Extension,
    /// Not valid yet.
    #[error("is valid only from {0}")]
    NotYetValid(Timestamp),
    /// Not valid any more.
    #[error("expired at {0}")]
    Expired(Timestamp),
    /// OpenSSL cannot read it.
    #[error("cannot be read by OpenSSL")]
    Unreadable,
}

/// The certificate as OpenSSL sees it.
pub(crate) fn in_openssl(certificate: &Certificate) -> Result<X509, CertificateFlaw> {
    let der = certificate.to_der().map_err(|_| CertificateFlaw::Unreadable)?;
    X509::from_der(&der).map_err(|_| CertificateFlaw::Unreadable)
}

/// Whose certificate it is, fit to print (RFC 4514).
pub(crate) fn subject(certificate: &Certificate) -> String {
    one_line(&certificate.tbs_certificate.subject.to_string())
}

/// Who issued it, fit to print (RFC 4514).
pub(crate) fn issuer(certificate: &Certificate) -> String {
    one_line(&certificate.tbs_certificate.issuer.to_string())
}

/// Whether subject and issuer are the same.
pub(crate) fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.tbs_certificate.subject == certificate.tbs_certificate.issuer
}

/// First and last second of its validity.
pub(crate) fn validity(certificate: &Certificate) -> Option<(Timestamp, Timestamp)> {
    let validity = certificate.tbs_certificate.validity;
    let at = |time: x509_cert::time::Time| {
        Timestamp::new(i64::try_from(time.to_unix_duration().as_secs()).ok()?, 0).ok()
    };
    Some((at(validity.not_before)?, at(validity.not_after)?))
}

/// Whether it is valid at `now`.
pub(crate) fn check_validity(
    certificate: &Certificate,
    now: Timestamp,
) -> Result<(), CertificateFlaw> {
    let (from, until) = validity(certificate).ok_or(CertificateFlaw::Unreadable)?;
    if now < from {
        return Err(CertificateFlaw::NotYetValid(from));
    }
    if now.as_second() > until.as_second() {
        return Err(CertificateFlaw::Expired(until));
    }
    Ok(())
}

/// What speaks against a signer's certificate, at whatever time.
pub(crate) fn signer_flaws(certificate: &Certificate) -> Vec<CertificateFlaw> {
    let mut flaws = any_flaws(certificate);
    if is_self_issued(certificate) {
        flaws.push(CertificateFlaw::SelfSigned);
    }
    match certificate.tbs_certificate.get::<BasicConstraints>() {
        Ok(Some((_, constraints))) if constraints.ca => flaws.push(CertificateFlaw::Authority),
        Ok(_) => {}
        Err(_) => flaws.push(CertificateFlaw::Extension),
    }
    match certificate.tbs_certificate.get::<KeyUsage>() {
        Ok(Some((_, usage))) if !usage.digital_signature() && !usage.non_repudiation() => {
            flaws.push(CertificateFlaw::KeyUsage);
        }
        Ok(_) => {}
        Err(_) => flaws.push(CertificateFlaw::Extension),
    }
    /// RFC 5280 section 4.2.1.12.
    const EMAIL_PROTECTION: &str = "1.3.6.1.5.5.7.3.4";
    match certificate.tbs_certificate.get::<ExtendedKeyUsage>() {
        Ok(Some((_, usage))) if !usage.0.iter().any(|u| u.to_string() == EMAIL_PROTECTION) => {
            flaws.push(CertificateFlaw::ExtendedKeyUsage);
        }
        Ok(_) => {}
        Err(_) => flaws.push(CertificateFlaw::Extension),
    }
    flaws
}

/// What speaks against the certificate of an intermediate authority, at whatever time.
pub(crate) fn authority_flaws(certificate: &Certificate) -> Vec<CertificateFlaw> {
    let mut flaws = any_flaws(certificate);
    match certificate.tbs_certificate.get::<BasicConstraints>() {
        Ok(Some((_, constraints))) if constraints.ca => {}
        Ok(_) => flaws.push(CertificateFlaw::NotAnAuthority),
        Err(_) => flaws.push(CertificateFlaw::Extension),
    }
    flaws
}

/// What speaks against any certificate.
fn any_flaws(certificate: &Certificate) -> Vec<CertificateFlaw> {
    let mut flaws = Vec::new();
    if !crate::cms::is_strong_for_certificates(&certificate.signature_algorithm) {
        let name = certificate.signature_algorithm.oid.to_string();
        flaws.push(CertificateFlaw::WeakSignature(name));
    }
    match in_openssl(certificate).map(|x509| x509.public_key()) {
        Ok(Ok(key)) => flaws.extend(key_kind(&key).err()),
        _ => flaws.push(CertificateFlaw::Unreadable),
    }
    flaws
}

/// What kind of key it is, when it is one that is strong enough.
pub(crate) fn key_kind(key: &PKey<Public>) -> Result<KeyKind, CertificateFlaw> {
    match key.id() {
        Id::RSA if key.bits() < 2048 => Err(CertificateFlaw::ShortKey(key.bits())),
        Id::RSA => Ok(KeyKind::Rsa),
        Id::EC => match key.ec_key().ok().and_then(|key| key.group().curve_name()) {
            Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1) => Ok(KeyKind::Ecdsa),
            curve => {
                let name = curve.and_then(|nid| nid.short_name().ok()).unwrap_or("unnamed curve");
                Err(CertificateFlaw::KeyKind(name.to_owned()))
            }
        },
        other => {
            let name = Nid::from_raw(other.as_raw());
            Err(CertificateFlaw::KeyKind(name.short_name().unwrap_or("unknown").to_owned()))
        }
    }
}

/// Reads a certificate that OpenSSL has read already.
pub(crate) fn from_openssl(x509: &X509) -> Result<Certificate, CertificateFlaw> {
    let der = x509.to_der().map_err(|_| CertificateFlaw::Unreadable)?;
    Certificate::from_der(&der).map_err(|_| CertificateFlaw::Unreadable)
}
