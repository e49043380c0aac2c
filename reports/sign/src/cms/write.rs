//! Assembling a signature file.

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo,
        SignerInfos,
    },
};
use der::{
    Any, Encode,
    asn1::{OctetString, SetOfVec},
};
use jiff::Timestamp;
use x509_cert::Certificate;

use super::{
    ID_DATA, ID_SIGNED_DATA,
    algorithm::{Digest, KeyKind},
    attributes,
};

/// Why a signature could not be made.
#[derive(Debug)]
pub(crate) enum AssembleError {
    /// Something cannot be expressed in DER.
    Der(der::Error),
    /// The key refused.
    Key,
}

impl From<der::Error> for AssembleError {
    fn from(error: der::Error) -> Self {
        Self::Der(error)
    }
}

/// A detached signature over `content`, as canonical DER.
///
/// `chain` begins with the signer and has no root; `sign` signs bytes with the signer's key.
pub(crate) fn assemble(
    content: &[u8],
    chain: &[Certificate],
    (kind, digest): (KeyKind, Digest),
    now: Timestamp,
    sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, AssembleError> {
    let signer = chain.first().ok_or(AssembleError::Key)?;
    let attributes = attributes::build(content, digest, signer, now)?;
    let signature = sign(&attributes.to_der()?).ok_or(AssembleError::Key)?;
    let signer_info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: signer.tbs_certificate.issuer.clone(),
            serial_number: signer.tbs_certificate.serial_number.clone(),
        }),
        digest_alg: digest.identifier(),
        signed_attrs: Some(attributes),
        signature_algorithm: kind.identifier(digest),
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    };
    let certificates: Vec<_> = chain.iter().cloned().map(CertificateChoices::Certificate).collect();
    let signed_data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest.identifier()])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: ID_DATA, econtent: None },
        certificates: Some(CertificateSet::try_from(certificates)?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer_info])?,
    };
    let content_info =
        ContentInfo { content_type: ID_SIGNED_DATA, content: Any::encode_from(&signed_data)? };
    Ok(content_info.to_der()?)
}
