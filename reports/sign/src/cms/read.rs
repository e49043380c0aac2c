//! Reading a signature file strictly.

use cms::{
    cert::CertificateChoices,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{Decode, Encode, ErrorKind};
use x509_cert::Certificate;

use super::{
    Flaw, ID_DATA, ID_SIGNED_DATA,
    algorithm::Digest,
    attributes::{self, SignedAttributes},
};

/// A signature file whose form is known.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The certificate of the signer.
    pub(crate) signer: Certificate,
    /// The other certificates.
    pub(crate) others: Vec<Certificate>,
    /// What the signed attributes say.
    pub(crate) attributes: SignedAttributes,
    /// The bytes that the signature covers.
    pub(crate) signed_bytes: Vec<u8>,
    /// The digest, where it is strong enough.
    pub(crate) digest: Digest,
    /// How the signature is named.
    pub(crate) info: SignerInfo,
}

/// Reads a signature file and notes what is wrong with its form; gives nothing where the form is
/// too broken to look further.
pub(crate) fn parse(bytes: &[u8], flaws: &mut Vec<Flaw>) -> Option<Parsed> {
    let signed_data = signed_data(bytes).map_err(|flaw| flaws.push(flaw)).ok()?;
    if encode(&signed_data).as_deref() != Some(bytes) {
        flaws.push(Flaw::NotCanonical);
    }
    check_envelope(&signed_data, flaws);
    let certificates = certificates(&signed_data, flaws);
    let infos = signed_data.signer_infos.0.as_slice();
    let [info] = infos else {
        flaws.push(Flaw::Signers(infos.len()));
        return None;
    };
    check_info(&signed_data, info, flaws);
    let (signer, others) = split(certificates, info, flaws)?;
    let Some(signed_attributes) = &info.signed_attrs else {
        flaws.push(Flaw::NoSignedAttributes);
        return None;
    };
    let attributes = attributes::read(signed_attributes, &signer, flaws);
    let digest = Digest::of(&info.digest_alg);
    if digest.is_none() {
        flaws.push(Flaw::WeakDigest(info.digest_alg.oid.to_string()));
    }
    Some(Parsed {
        signer,
        others,
        attributes: attributes?,
        signed_bytes: signed_attributes.to_der().ok()?,
        digest: digest?,
        info: info.clone(),
    })
}

fn signed_data(bytes: &[u8]) -> Result<SignedData, Flaw> {
    let not_cms = |error: der::Error| match error.kind() {
        ErrorKind::TrailingData { .. } => Flaw::TrailingBytes,
        _ => Flaw::NotCms(error.to_string()),
    };
    let outer = ContentInfo::from_der(bytes).map_err(not_cms)?;
    if outer.content_type != ID_SIGNED_DATA {
        return Err(Flaw::NotSignedData);
    }
    outer.content.decode_as().map_err(not_cms)
}

fn encode(signed_data: &SignedData) -> Option<Vec<u8>> {
    let content = der::Any::encode_from(signed_data).ok()?;
    ContentInfo { content_type: ID_SIGNED_DATA, content }.to_der().ok()
}

fn check_envelope(signed_data: &SignedData, flaws: &mut Vec<Flaw>) {
    if signed_data.version != CmsVersion::V1 {
        flaws.push(Flaw::Version);
    }
    if signed_data.encap_content_info.econtent_type != ID_DATA {
        flaws.push(Flaw::ContentType);
    }
    if signed_data.encap_content_info.econtent.is_some() {
        flaws.push(Flaw::NotDetached);
    }
    if signed_data.crls.is_some() {
        flaws.push(Flaw::RevocationLists);
    }
}

fn check_info(signed_data: &SignedData, info: &SignerInfo, flaws: &mut Vec<Flaw>) {
    if info.version != CmsVersion::V1 {
        flaws.push(Flaw::Version);
    }
    if info.unsigned_attrs.is_some() {
        flaws.push(Flaw::UnsignedAttributes);
    }
    if signed_data.digest_algorithms.as_slice() != [info.digest_alg.clone()] {
        flaws.push(Flaw::DigestsDiffer);
    }
}

fn certificates(signed_data: &SignedData, flaws: &mut Vec<Flaw>) -> Vec<Certificate> {
    let mut certificates = Vec::new();
    for choice in signed_data.certificates.iter().flat_map(|set| set.0.iter()) {
        match choice {
            CertificateChoices::Certificate(certificate) => certificates.push(certificate.clone()),
            CertificateChoices::Other(_) => flaws.push(Flaw::OtherCertificateFormat),
        }
    }
    certificates
}

/// The signer's certificate, and the others.
fn split(
    mut certificates: Vec<Certificate>,
    info: &SignerInfo,
    flaws: &mut Vec<Flaw>,
) -> Option<(Certificate, Vec<Certificate>)> {
    let SignerIdentifier::IssuerAndSerialNumber(wanted) = &info.sid else {
        flaws.push(Flaw::KeyIdentifier);
        return None;
    };
    let at = certificates.iter().position(|certificate| {
        certificate.tbs_certificate.issuer == wanted.issuer
            && certificate.tbs_certificate.serial_number == wanted.serial_number
    });
    match at {
        Some(at) => {
            let signer = certificates.remove(at);
            Some((signer, certificates))
        }
        None => {
            flaws.push(Flaw::NoSignerCertificate);
            None
        }
    }
}
