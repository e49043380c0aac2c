//! Certificates of strangers, read as far as the checks need.

use std::net::IpAddr;

use hallmark_model::{EvidenceRef, text};
use hallmark_tls::NamedGroup;
use jiff::Timestamp;
use openssl::{
    nid::Nid,
    pkey::{PKey, Public},
    x509::X509,
};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer,
    signature_algorithm::SignatureAlgorithm, time::ASN1Time, x509::AlgorithmIdentifier,
};

use crate::facts::{Certificate, Key, Names, Told};

/// How many names of one certificate are read.
const NAMES: usize = 1000;

/// Where a certificate stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Which chain, from 1.
    pub(super) chain: u32,
    /// Place in the chain, from 0.
    pub(super) position: u32,
}

/// Reads a certificate that was kept as `kept`; `next` is what follows it in its chain.
pub(super) fn read(
    der: &[u8],
    next: Option<&[u8]>,
    Place { chain, position }: Place,
    kept: EvidenceRef,
) -> Result<Certificate, String> {
    let read = parse(der)?;
    let names = names(&read)?;
    Ok(Certificate {
        chain,
        position,
        der: kept,
        subject: text::one_line(&read.subject().to_string()),
        issuer: text::one_line(&read.issuer().to_string()),
        names,
        key: key(&read, der),
        signature_algorithm: signature(&read.signature_algorithm),
        not_before: timestamp(read.validity().not_before)?,
        not_after: timestamp(read.validity().not_after)?,
        serial: text::one_line(&hexadecimal(read.raw_serial())),
        is_ca: read.is_ca(),
        self_signed: issued_by(der, &read, der) == Told::Known(true),
        issued_by_next: next.map(|next| issued_by(der, &read, next)),
    })
}

/// The curve of a certificate's key.
pub(super) fn curve(der: &[u8]) -> Option<NamedGroup> {
    let key = public_key(der)?;
    NamedGroup::from_name(&curve_name(key.ec_key().ok()?.group().curve_name()?)?)
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => Err(format!("{} bytes follow the certificate", rest.len())),
        Err(error) => Err(text::one_line(&format!("not a certificate: {error}"))),
    }
}

/// The subject alternative names that are hosts or addresses.
fn names(read: &X509Certificate<'_>) -> Result<Names, String> {
    let extension = read
        .subject_alternative_name()
        .map_err(|error| text::one_line(&format!("its names cannot be read: {error}")))?;
    let Some(extension) = extension else { return Ok(Names::default()) };
    let all = &extension.value.general_names;
    if all.len() > NAMES {
        return Err(format!("it has {} names; more than {NAMES} are not read", all.len()));
    }
    let mut names = Names::default();
    for name in all {
        match name {
            GeneralName::DNSName(name) => names.dns.push(text::one_line(name)),
            GeneralName::IPAddress(bytes) => names.ip.extend(address(bytes)),
            _ => {}
        }
    }
    Ok(names)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn timestamp(time: ASN1Time) -> Result<Timestamp, String> {
    Timestamp::from_second(time.timestamp())
        .map_err(|_| "its validity cannot be expressed as a time".to_owned())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What kind of key it is, and how large.
fn key(read: &X509Certificate<'_>, der: &[u8]) -> Key {
    let algorithm = match read.public_key().algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.10045.2.1" => "EC",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "id-ml-dsa-44",
        "2.16.840.1.101.3.4.3.18" => "id-ml-dsa-65",
        "2.16.840.1.101.3.4.3.19" => "id-ml-dsa-87",
        other => {
            return Key { algorithm: text::one_line(other), bits: None, curve: None };
        }
    };
    let public = public_key(der);
    let bits = match (algorithm, &public) {
        // The sizes of the curves' fields (RFC 8032); OpenSSL counts the order of the group.
        ("Ed25519", _) => Some(256),
        ("Ed448", _) => Some(448),
        ("EC", Some(key)) => key.ec_key().ok().map(|key| key.group().degree()),
        (_, Some(key)) => Some(key.bits()),
        (_, None) => None,
    };
    let curve = public
        .and_then(|key| key.ec_key().ok())
        .map(|key| key.group().curve_name().and_then(curve_name))
        .map(|name| name.unwrap_or_else(|| "a curve without a name".to_owned()));
    Key { algorithm: algorithm.to_owned(), bits, curve }
}

fn public_key(der: &[u8]) -> Option<PKey<Public>> {
    X509::from_der(der).ok()?.public_key().ok()
}

/// The registered name of a curve that OpenSSL knows.
fn curve_name(curve: Nid) -> Option<String> {
    Some(match curve {
        Nid::X9_62_PRIME256V1 => "secp256r1".to_owned(),
        Nid::X9_62_PRIME192V1 => "secp192r1".to_owned(),
        other => other.short_name().ok()?.to_owned(),
    })
}

/// The name of a signature algorithm in the standard that defines it (RFC 3279, 4055, 5758, 8410,
/// 9881), or its identifier.
fn signature(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let identifier = algorithm.algorithm.to_id_string();
    let name = match identifier.as_str() {
        "1.2.840.113549.1.1.2" => "md2WithRSAEncryption",
        "1.2.840.113549.1.1.3" => "md4WithRSAEncryption",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.14" => "sha224WithRSAEncryption",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.2.840.10040.4.3" => "dsa-with-SHA1",
        "2.16.840.1.101.3.4.3.1" => "dsa-with-SHA224",
        "2.16.840.1.101.3.4.3.2" => "dsa-with-SHA256",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "id-ml-dsa-44",
        "2.16.840.1.101.3.4.3.18" => "id-ml-dsa-65",
        "2.16.840.1.101.3.4.3.19" => "id-ml-dsa-87",
        "1.2.840.113549.1.1.10" => return pss(algorithm).unwrap_or(identifier),
        _ => return text::one_line(&identifier),
    };
    name.to_owned()
}

/// RSASSA-PSS says in its parameters which hash it uses.
fn pss(algorithm: &AlgorithmIdentifier<'_>) -> Option<String> {
    let Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) = SignatureAlgorithm::try_from(algorithm)
    else {
        return None;
    };
    let hash = match parameters.hash_algorithm_oid().to_id_string().as_str() {
        "1.3.14.3.2.26" => "SHA1",
        "2.16.840.1.101.3.4.2.4" => "SHA224",
        "2.16.840.1.101.3.4.2.1" => "SHA256",
        "2.16.840.1.101.3.4.2.2" => "SHA384",
        "2.16.840.1.101.3.4.2.3" => "SHA512",
        _ => return None,
    };
    Some(format!("rsassaPss-with-{hash}"))
}

/// Whether `issuer` issued this certificate: by name, and by signature.
fn issued_by(der: &[u8], read: &X509Certificate<'_>, issuer: &[u8]) -> Told {
    let same_name = match parse(issuer) {
        Ok(issuer) => issuer.subject().as_raw() == read.issuer().as_raw(),
        Err(reason) => return Told::unknown(reason),
    };
    if !same_name {
        return Told::Known(false);
    }
    let (Ok(certificate), Some(key)) = (X509::from_der(der), public_key(issuer)) else {
        return Told::unknown("its signature cannot be verified: OpenSSL does not read the key");
    };
    match certificate.verify(&key) {
        Ok(verified) => Told::Known(verified),
        Err(_) => Told::unknown("its signature cannot be verified by OpenSSL"),
    }
}
