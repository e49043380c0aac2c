//! What can be wrong with a signature file by itself.

use crate::CertificateFlaw;

/// Why a signature file is refused, whatever it was made over. Reads after the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Not CMS at all.
    #[error("is not a CMS signature in DER: {0}")]
    NotCms(String),
    /// Something after the end.
    #[error("has bytes after its end")]
    TrailingBytes,
    /// The same content, written differently.
    #[error("is not in canonical DER: the same signature could be written in other bytes")]
    NotCanonical,
    /// CMS of another kind.
    #[error("is CMS, but not signed data")]
    NotSignedData,
    /// A version number that does not follow from the content.
    #[error("has a version number that does not fit its content")]
    Version,
    /// It carries content of its own.
    #[error("carries content of its own; a signature here is detached")]
    NotDetached,
    /// Not plain data.
    #[error("says that it signs something other than plain data")]
    ContentType,
    /// Lists of revoked certificates, which do not belong here yet.
    #[error("carries revocation lists, which this version of Hallmark does not read")]
    RevocationLists,
    /// None or several.
    #[error("has {0} signers; each signature file has exactly one")]
    Signers(usize),
    /// The signer is named by key, not by issuer and serial number.
    #[error("names its signer by a key identifier; issuer and serial number are expected")]
    KeyIdentifier,
    /// Attributes that nobody signed.
    #[error("has unsigned attributes, which anybody may have added")]
    UnsignedAttributes,
    /// The whole signature stands over the content alone.
    #[error("has no signed attributes; sign with attributes and with `-cades`")]
    NoSignedAttributes,
    /// An attribute is missing, doubled or malformed.
    #[error("lacks a well-formed, single {0} attribute")]
    Attribute(&'static str),
    /// The signing certificate is not the one that the signer meant.
    #[error("names another certificate in its signing-certificate-v2 attribute than it carries")]
    OtherCertificateSigned,
    /// A digest that is too weak or unknown.
    #[error("uses digest algorithm {0}; SHA-256, SHA-384 or SHA-512 are accepted")]
    WeakDigest(String),
    /// The digest is named differently in two places.
    #[error("names its digest algorithm differently in two places")]
    DigestsDiffer,
    /// A signature algorithm that does not fit digest and key.
    #[error(
        "uses signature algorithm {0}, which does not fit its digest and key; ECDSA and RSA (PKCS #1 v1.5) are accepted"
    )]
    SignatureAlgorithm(String),
    /// A certificate of an unknown form.
    #[error("carries something other than X.509 certificates")]
    OtherCertificateFormat,
    /// The signer's own certificate is missing.
    #[error("does not carry the certificate of its signer")]
    NoSignerCertificate,
    /// A root inside.
    #[error("carries the root `{0}`; trust comes from whoever verifies, never from the bundle")]
    RootInside(String),
    /// A certificate that is not needed.
    #[error("carries the certificate `{0}`, which is not part of its signer's chain")]
    StrayCertificate(String),
    /// A certificate that cannot carry a signature.
    #[error("carries the certificate `{subject}`, which {flaw}")]
    Certificate {
        /// Whose.
        subject: String,
        /// What is wrong with it.
        flaw: CertificateFlaw,
    },
    /// The signature does not fit the signed attributes.
    #[error("was changed: its signature does not fit the certificate of its signer")]
    Signature,
    /// OpenSSL disagrees with us.
    #[error("is refused by OpenSSL: {0}")]
    OpenSsl(String),
}
