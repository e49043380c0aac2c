//! The signed attributes of a CAdES-BES signature (ETSI EN 319 122-1): content-type,
//! message-digest, signing-time and signing-certificate-v2.

use std::time::Duration;

use der::{
    Any, Encode, Sequence,
    asn1::{GeneralizedTime, ObjectIdentifier as Oid, OctetString, SetOfVec, UtcTime},
};
use jiff::Timestamp;
use x509_cert::{
    Certificate,
    attr::{Attribute, Attributes},
    ext::pkix::name::{GeneralName, GeneralNames},
    serial_number::SerialNumber,
    spki::AlgorithmIdentifierOwned,
    time::Time,
};

use super::{Flaw, ID_DATA, algorithm::Digest};

/// RFC 5652 section 11.1.
const CONTENT_TYPE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.3");
/// RFC 5652 section 11.2.
const MESSAGE_DIGEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.4");
/// RFC 5652 section 11.3.
const SIGNING_TIME: Oid = Oid::new_unwrap("1.2.840.113549.1.9.5");
/// RFC 5035 section 3.
const SIGNING_CERTIFICATE_V2: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// RFC 5035 section 3.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificateV2 {
    certs: Vec<EssCertIdV2>,
    #[asn1(optional = "true")]
    policies: Option<Any>,
}

/// RFC 5035 section 4.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct EssCertIdV2 {
    /// SHA-256 where absent, and absent where SHA-256 (a DER default).
    #[asn1(optional = "true")]
    hash_algorithm: Option<AlgorithmIdentifierOwned>,
    cert_hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

/// RFC 5035 section 5.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct IssuerSerial {
    issuer: GeneralNames,
    serial_number: SerialNumber,
}

/// What is signed, as DER types.
pub(super) fn build(
    content: &[u8],
    digest: Digest,
    signer: &Certificate,
    now: Timestamp,
) -> der::Result<Attributes> {
    let issuer = GeneralName::DirectoryName(signer.tbs_certificate.issuer.clone());
    let certificate = EssCertIdV2 {
        hash_algorithm: Some(digest.identifier()).filter(|_| digest != Digest::Sha256),
        cert_hash: OctetString::new(digest.over(&signer.to_der()?))?,
        issuer_serial: Some(IssuerSerial {
            issuer: vec![issuer],
            serial_number: signer.tbs_certificate.serial_number.clone(),
        }),
    };
    SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&ID_DATA)?)?,
        attribute(MESSAGE_DIGEST, Any::encode_from(&OctetString::new(digest.over(content))?)?)?,
        attribute(SIGNING_TIME, Any::encode_from(&time(now)?)?)?,
        attribute(
            SIGNING_CERTIFICATE_V2,
            Any::encode_from(&SigningCertificateV2 { certs: vec![certificate], policies: None })?,
        )?,
    ])
}

fn attribute(oid: Oid, value: Any) -> der::Result<Attribute> {
    Ok(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
}

/// UTCTime up to 2049, GeneralizedTime after it: RFC 5652 section 11.3.
fn time(now: Timestamp) -> der::Result<Time> {
    let seconds = u64::try_from(now.as_second()).map_err(|_| der::ErrorKind::DateTime)?;
    let since_1970 = Duration::from_secs(seconds);
    UtcTime::from_unix_duration(since_1970)
        .map(Time::UtcTime)
        .or_else(|_| GeneralizedTime::from_unix_duration(since_1970).map(Time::GeneralTime))
}

/// What the signed attributes say.
#[derive(Debug)]
pub(crate) struct SignedAttributes {
    /// Digest of the signed content.
    pub(crate) message_digest: Vec<u8>,
    /// When the signer claims to have signed.
    pub(crate) signing_time: Timestamp,
}

/// Reads the attributes of a signature by `signer`.
pub(super) fn read(
    attributes: &Attributes,
    signer: &Certificate,
    flaws: &mut Vec<Flaw>,
) -> Option<SignedAttributes> {
    let content_type: Option<Oid> = single(attributes, CONTENT_TYPE, "content-type", flaws);
    if content_type.is_some_and(|found| found != ID_DATA) {
        flaws.push(Flaw::ContentType);
    }
    let message_digest: Option<OctetString> =
        single(attributes, MESSAGE_DIGEST, "message-digest", flaws);
    let signing_time: Option<Time> = single(attributes, SIGNING_TIME, "signing-time", flaws);
    let certificate: Option<SigningCertificateV2> =
        single(attributes, SIGNING_CERTIFICATE_V2, "signing-certificate-v2", flaws);
    if certificate.is_some_and(|named| !names(&named, signer)) {
        flaws.push(Flaw::OtherCertificateSigned);
    }
    let signing_time =
        Timestamp::new(i64::try_from(signing_time?.to_unix_duration().as_secs()).ok()?, 0).ok()?;
    Some(SignedAttributes { message_digest: message_digest?.into_bytes(), signing_time })
}

/// The one value of an attribute, in canonical form.
fn single<T>(
    attributes: &Attributes,
    oid: Oid,
    name: &'static str,
    flaws: &mut Vec<Flaw>,
) -> Option<T>
where
    T: for<'a> der::Decode<'a> + Encode,
{
    let mut of_this_kind = attributes.iter().filter(|attribute| attribute.oid == oid);
    let (Some(attribute), None) = (of_this_kind.next(), of_this_kind.next()) else {
        flaws.push(Flaw::Attribute(name));
        return None;
    };
    let value = match attribute.values.as_slice() {
        [value] => value.to_der().ok(),
        _ => None,
    };
    // What is nested in a value was not compared with its own canonical form yet.
    let decoded = value.and_then(|der| {
        let decoded = T::from_der(&der).ok()?;
        (decoded.to_der().ok()? == der).then_some(decoded)
    });
    if decoded.is_none() {
        flaws.push(Flaw::Attribute(name));
    }
    decoded
}

/// Whether the attribute names `signer`, and names it first (RFC 5035 section 3).
fn names(named: &SigningCertificateV2, signer: &Certificate) -> bool {
    let Some(first) = named.certs.first() else { return false };
    let issuer = GeneralName::DirectoryName(signer.tbs_certificate.issuer.clone());
    let same_serial = first.issuer_serial.as_ref().is_none_or(|named| {
        named.issuer == [issuer] && named.serial_number == signer.tbs_certificate.serial_number
    });
    let hash = match &first.hash_algorithm {
        None => Some(Digest::Sha256),
        // Writing a default out is not DER.
        Some(named) if *named == Digest::Sha256.identifier() => None,
        Some(named) => Digest::of(named),
    };
    let same_hash = match (hash, signer.to_der()) {
        (Some(digest), Ok(der)) => digest.over(&der) == first.cert_hash.as_bytes(),
        _ => false,
    };
    same_serial && same_hash
}
