//! Everything that a server may answer.

use crate::{
    CipherSuite, ExtensionType, NamedGroup, ParseError, ProtocolVersion, SignatureScheme,
    bytes::Reader, extensions,
};

mod key_exchange;

pub use key_exchange::{KeyExchangeParameters, ServerKeyExchange};

/// The random of a `HelloRetryRequest`: SHA-256 of these words (RFC 8446, 4.1.3).
pub const HELLO_RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// A `ServerHello`, or a `HelloRetryRequest` in its shape (RFC 8446, 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// `legacy_version`.
    pub legacy_version: u16,
    /// 32 bytes.
    pub random: [u8; 32],
    /// Echo, or the id of a session to resume. Empty for drafts of TLS 1.3 that have none.
    pub session_id: Vec<u8>,
    /// The suite that the server chose.
    pub cipher_suite: CipherSuite,
    /// 0 unless the server compresses.
    pub compression_method: u8,
    /// With their raw bodies.
    pub extensions: Vec<(ExtensionType, Vec<u8>)>,
}

impl ServerHello {
    /// Reads the body of a handshake message of type 2 (drafts of TLS 1.3 included: up to draft 21
    /// `legacy_version` is theirs, and neither session id nor compression method is sent).
    ///
    /// # Errors
    ///
    /// When it is not a `ServerHello`.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16("the version is cut short")?;
        let random = reader.array("the random is cut short")?;
        let draft = is_draft(legacy_version);
        let mut session_id = Vec::new();
        if !draft {
            session_id.extend(reader.vector(1, "the session id is cut short")?.rest());
        }
        let cipher_suite = CipherSuite(reader.u16("the cipher suite is cut short")?);
        let compression_method =
            if draft { 0 } else { reader.u8("the compression method is missing")? };
        let extensions =
            if reader.is_empty() { Vec::new() } else { extensions::read(&mut reader)? };
        reader.finish("bytes after the extensions")?;
        Ok(Self {
            legacy_version,
            random,
            session_id,
            cipher_suite,
            compression_method,
            extensions,
        })
    }

    /// The raw body of an extension.
    #[must_use]
    pub fn extension(&self, kind: ExtensionType) -> Option<&[u8]> {
        extensions::find(&self.extensions, kind)
    }

    /// Whether the random is the one of a `HelloRetryRequest` (RFC 8446, 4.1.3).
    #[must_use]
    pub fn is_hello_retry_request(&self) -> bool {
        self.random == HELLO_RETRY_RANDOM
    }

    /// The two bytes of the version that counts: `supported_versions` where present, otherwise
    /// `legacy_version`. Drafts stay `0x7fXX`.
    #[must_use]
    pub fn negotiated(&self) -> u16 {
        match self.extension(ExtensionType::SUPPORTED_VERSIONS) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => self.legacy_version,
        }
    }

    /// The version that counts, where it is known.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        ProtocolVersion::from_wire(self.negotiated())
    }

    /// The group of `key_share`, in both shapes (RFC 8446, 4.2.8): with a share, and as a
    /// `HelloRetryRequest` has it. Drafts before 23 have another number for the extension.
    #[must_use]
    pub fn key_share_group(&self) -> Option<NamedGroup> {
        let body = self.extension(ExtensionType::KEY_SHARE).or_else(|| {
            let draft = is_draft(self.negotiated());
            draft.then(|| self.extension(ExtensionType::DRAFT_KEY_SHARE)).flatten()
        })?;
        let mut reader = Reader::new(body);
        let group = NamedGroup(reader.u16("").ok()?);
        if !reader.is_empty() {
            reader.vector(2, "").ok()?;
            reader.finish("").ok()?;
        }
        Some(group)
    }

    /// The protocol of ALPN, where it is in clear (TLS 1.2 and earlier).
    #[must_use]
    pub fn alpn(&self) -> Option<String> {
        let protocols = extensions::protocols(self.extension(ExtensionType::ALPN)?);
        protocols.first().map(|protocol| String::from_utf8_lossy(protocol).into_owned())
    }

    /// Whether `pre_shared_key` was accepted.
    #[must_use]
    pub fn has_pre_shared_key(&self) -> bool {
        self.extension(ExtensionType::PRE_SHARED_KEY).is_some()
    }
}

/// Whether a version is a draft of TLS 1.3.
fn is_draft(version: u16) -> bool {
    version >> 8 == 0x7F
}

/// A `Certificate` message: DER of each certificate, in the order sent.
///
/// # Errors
///
/// When the body is not a `Certificate` of that version.
pub fn certificates(body: &[u8], version: ProtocolVersion) -> Result<Vec<Vec<u8>>, ParseError> {
    let tls13 = version == ProtocolVersion::Tls13;
    let mut reader = Reader::new(body);
    if tls13 {
        reader.vector(1, "the request context is cut short")?;
    }
    let mut list = reader.vector(3, "the certificates are cut short")?;
    reader.finish("bytes after the certificates")?;
    let mut certificates = Vec::new();
    while !list.is_empty() {
        certificates.push(list.vector(3, "a certificate is cut short")?.rest().to_vec());
        if tls13 {
            extensions::read(&mut list)?;
        }
    }
    Ok(certificates)
}

/// `EncryptedExtensions` (RFC 8446, 4.3.1): extensions with their raw bodies.
///
/// # Errors
///
/// When the body is not of its form.
pub fn encrypted_extensions(body: &[u8]) -> Result<Vec<(ExtensionType, Vec<u8>)>, ParseError> {
    let mut reader = Reader::new(body);
    let extensions = extensions::read(&mut reader)?;
    reader.finish("bytes after the extensions")?;
    Ok(extensions)
}

/// `NewSessionTicket`, in both shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSessionTicket {
    /// Lifetime (TLS 1.3) or lifetime hint (RFC 5077), in seconds.
    pub lifetime: u32,
    /// The ticket.
    pub ticket: Vec<u8>,
}

impl NewSessionTicket {
    /// Reads the body of a handshake message of type 4 (RFC 8446, 4.6.1; RFC 5077, 3.3).
    ///
    /// # Errors
    ///
    /// When the body is not of its form.
    pub fn parse(body: &[u8], version: ProtocolVersion) -> Result<Self, ParseError> {
        let tls13 = version == ProtocolVersion::Tls13;
        let mut reader = Reader::new(body);
        let lifetime = reader.u32("the lifetime is cut short")?;
        if tls13 {
            reader.u32("the age offset is cut short")?;
            reader.vector(1, "the nonce is cut short")?;
        }
        let ticket = reader.vector(2, "the ticket is cut short")?.rest().to_vec();
        if tls13 {
            extensions::read(&mut reader)?;
        }
        reader.finish("bytes after the ticket")?;
        Ok(Self { lifetime, ticket })
    }
}

/// A `CertificateRequest`: the schemes that the server accepts from clients (RFC 8446, 4.3.2;
/// RFC 5246, 7.4.4). None before TLS 1.2.
///
/// # Errors
///
/// When the body is not of its form.
pub fn certificate_request(
    body: &[u8],
    version: ProtocolVersion,
) -> Result<Vec<SignatureScheme>, ParseError> {
    let mut reader = Reader::new(body);
    let schemes = if version == ProtocolVersion::Tls13 {
        reader.vector(1, "the request context is cut short")?;
        let extensions = extensions::read(&mut reader)?;
        let schemes = extensions::find(&extensions, ExtensionType::SIGNATURE_ALGORITHMS);
        schemes.map(|body| extensions::values(body, 2)).unwrap_or_default()
    } else {
        reader.vector(1, "the certificate types are cut short")?;
        let mut schemes = Vec::new();
        if version == ProtocolVersion::Tls12 {
            let list = reader.vector(2, "the signature schemes are cut short")?;
            schemes = list.words("the list of signature schemes has an odd length")?;
        }
        reader.vector(2, "the authorities are cut short")?;
        schemes
    };
    reader.finish("bytes after the request")?;
    Ok(schemes.into_iter().map(SignatureScheme).collect())
}

#[cfg(test)]
mod tests;
