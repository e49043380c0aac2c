//! What a client says first: built from any values, and read.

use crate::{
    CipherSuite, ExtensionType, NamedGroup, ParseError, ProtocolVersion, SignatureScheme,
    bytes::{self, Reader},
    extensions::{self, Extensions},
    record::LARGEST_PLAINTEXT,
};

mod ordinary;

/// A `ClientHello` of SSLv3 and later (RFC 8446, 4.1.2; RFC 5246, 7.4.1.2).
///
/// Every field is emitted as it stands, whether it makes sense or not; only lengths are filled in
/// (a length that its field cannot hold loses its upper bytes). For wrong lengths, alter the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version`, as on the wire.
    pub legacy_version: u16,
    /// 32 bytes.
    pub random: [u8; 32],
    /// At most 32 bytes where it is valid.
    pub session_id: Vec<u8>,
    /// In order of preference.
    pub cipher_suites: Vec<CipherSuite>,
    /// `[0]` where it is valid for TLS 1.3.
    pub compression_methods: Vec<u8>,
    /// In order, with their raw bodies. `None`: no extension block at all.
    pub extensions: Option<Vec<(ExtensionType, Vec<u8>)>>,
}

impl ClientHello {
    /// The hello of an ordinary client that offers exactly this version and these suites: all
    /// common groups, all signature schemes (with SHA-384 and SHA-512), extended master secret,
    /// renegotiation info, point formats; `server_name` where given and not an address (RFC 6066,
    /// 3); for TLS 1.3 `supported_versions` and an empty `key_share`. SSLv3 gets no extensions.
    ///
    /// A hello for SSLv2 has another form: [`crate::ssl2::client_hello`].
    #[must_use]
    pub fn offering(
        version: ProtocolVersion,
        cipher_suites: &[CipherSuite],
        server_name: Option<&str>,
        random: [u8; 32],
    ) -> Self {
        ordinary::hello(version, cipher_suites, server_name, random)
    }

    /// Replaces an extension, or adds it at the end.
    pub fn set_extension(&mut self, kind: ExtensionType, body: Vec<u8>) {
        let extensions = self.extensions.get_or_insert_default();
        match extensions.iter_mut().find(|entry| entry.0 == kind) {
            Some(entry) => entry.1 = body,
            None => extensions.push((kind, body)),
        }
    }

    /// Takes an extension out.
    pub fn remove_extension(&mut self, kind: ExtensionType) {
        if let Some(extensions) = &mut self.extensions {
            extensions.retain(|entry| entry.0 != kind);
        }
    }

    /// Replaces `supported_groups`.
    pub fn set_groups(&mut self, groups: &[NamedGroup]) {
        let groups = groups.iter().map(|group| group.0);
        self.set_extension(ExtensionType::SUPPORTED_GROUPS, list(2, groups));
    }

    /// Replaces `signature_algorithms`.
    pub fn set_signature_schemes(&mut self, schemes: &[SignatureScheme]) {
        let schemes = schemes.iter().map(|scheme| scheme.0);
        self.set_extension(ExtensionType::SIGNATURE_ALGORITHMS, list(2, schemes));
    }

    /// Replaces `supported_versions`, in order of preference.
    pub fn set_supported_versions(&mut self, versions: &[u16]) {
        let versions = versions.iter().copied();
        self.set_extension(ExtensionType::SUPPORTED_VERSIONS, list(1, versions));
    }

    /// Replaces `key_share` (RFC 8446, 4.2.8): shares in order, none for an empty list.
    pub fn set_key_shares(&mut self, shares: &[(NamedGroup, Vec<u8>)]) {
        let body = filled(|out| {
            bytes::vector(out, 2, |out| {
                for (group, share) in shares {
                    bytes::words(out, [group.0]);
                    bytes::vector(out, 2, |out| out.extend(share));
                }
            });
        });
        self.set_extension(ExtensionType::KEY_SHARE, body);
    }

    /// Replaces `server_name` (RFC 6066, 3), also by a name that is none.
    pub fn set_server_name(&mut self, name: &str) {
        let body = filled(|out| {
            bytes::vector(out, 2, |out| {
                out.push(HOST_NAME);
                bytes::vector(out, 2, |out| out.extend(name.bytes()));
            });
        });
        self.set_extension(ExtensionType::SERVER_NAME, body);
    }

    /// Replaces `application_layer_protocol_negotiation`.
    pub fn set_alpn(&mut self, protocols: &[&str]) {
        let body = filled(|out| {
            bytes::vector(out, 2, |out| {
                for protocol in protocols {
                    bytes::vector(out, 1, |out| out.extend(protocol.bytes()));
                }
            });
        });
        self.set_extension(ExtensionType::ALPN, body);
    }

    /// The body of the handshake message.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let mut out = Vec::new();
        bytes::words(&mut out, [self.legacy_version]);
        out.extend(self.random);
        bytes::vector(&mut out, 1, |out| out.extend(&self.session_id));
        let suites = self.cipher_suites.iter().map(|suite| suite.0);
        bytes::vector(&mut out, 2, |out| bytes::words(out, suites));
        bytes::vector(&mut out, 1, |out| out.extend(&self.compression_methods));
        if let Some(extensions) = &self.extensions {
            extensions::write(&mut out, extensions);
        }
        out
    }

    /// The handshake message: type, length, body.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut out = vec![CLIENT_HELLO];
        bytes::vector(&mut out, 3, |out| out.extend(self.body()));
        out
    }

    /// The message in as many records as it needs, with the record version that stacks tolerate
    /// best (RFC 8446, 5.1: 0x0301, for SSLv3 0x0300).
    #[must_use]
    pub fn records(&self) -> Vec<u8> {
        let version = if self.legacy_version == 0x0300 { 0x0300 } else { 0x0301 };
        let mut out = Vec::new();
        for fragment in self.message().chunks(LARGEST_PLAINTEXT) {
            out.push(HANDSHAKE);
            bytes::words(&mut out, [version]);
            bytes::vector(&mut out, 2, |out| out.extend(fragment));
        }
        out
    }

    /// Reads the body of a handshake message. Bytes after the extensions are an error; unknown
    /// extensions are kept as they are.
    ///
    /// # Errors
    ///
    /// When it is not a `ClientHello`.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(body);
        let legacy_version = reader.u16("the version is cut short")?;
        let random = reader.array("the random is cut short")?;
        let session_id = reader.vector(1, "the session id is cut short")?.rest().to_vec();
        let suites = reader.vector(2, "the cipher suite list is cut short")?;
        let suites = suites.words("the cipher suite list has an odd length")?;
        let compression = reader.vector(1, "the compression methods are cut short")?;
        let extensions: Option<Extensions> =
            if reader.is_empty() { None } else { Some(extensions::read(&mut reader)?) };
        reader.finish("bytes after the extensions")?;
        Ok(Self {
            legacy_version,
            random,
            session_id,
            cipher_suites: suites.into_iter().map(CipherSuite).collect(),
            compression_methods: compression.rest().to_vec(),
            extensions,
        })
    }

    /// The raw body of an extension.
    #[must_use]
    pub fn extension(&self, kind: ExtensionType) -> Option<&[u8]> {
        extensions::find(self.extensions.as_deref()?, kind)
    }

    /// The host name of `server_name`, if it is there and text.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        let body = self.extension(ExtensionType::SERVER_NAME)?;
        let mut names = Reader::new(body).vector(2, "").ok()?;
        loop {
            let kind = names.u8("").ok()?;
            let name = names.vector(2, "").ok()?.rest();
            if kind == HOST_NAME {
                let name = str::from_utf8(name).ok()?;
                return (!name.contains(char::is_control)).then(|| name.to_owned());
            }
        }
    }

    /// Protocols of ALPN, in order.
    #[must_use]
    pub fn alpn(&self) -> Vec<String> {
        let protocols = self.extension(ExtensionType::ALPN).map(extensions::protocols);
        let text = |protocol: &[u8]| String::from_utf8_lossy(protocol).into_owned();
        protocols.unwrap_or_default().into_iter().map(text).collect()
    }

    /// `supported_groups`, in order, with GREASE.
    #[must_use]
    pub fn groups(&self) -> Vec<NamedGroup> {
        self.values(ExtensionType::SUPPORTED_GROUPS, 2).into_iter().map(NamedGroup).collect()
    }

    /// `signature_algorithms`, in order.
    #[must_use]
    pub fn signature_schemes(&self) -> Vec<SignatureScheme> {
        let schemes = self.values(ExtensionType::SIGNATURE_ALGORITHMS, 2);
        schemes.into_iter().map(SignatureScheme).collect()
    }

    /// `supported_versions`, in order, with GREASE; empty where the extension is absent.
    #[must_use]
    pub fn supported_versions(&self) -> Vec<u16> {
        self.values(ExtensionType::SUPPORTED_VERSIONS, 1)
    }

    /// Whether the encrypted-hello extension is there, so that `server_name` is only the outer one.
    #[must_use]
    pub fn has_encrypted_client_hello(&self) -> bool {
        self.extension(ExtensionType::ENCRYPTED_CLIENT_HELLO).is_some()
    }

    /// A list of two-byte values, as far as it can be read.
    fn values(&self, kind: ExtensionType, width: usize) -> Vec<u16> {
        self.extension(kind).map(|body| extensions::values(body, width)).unwrap_or_default()
    }
}

/// Type of the handshake message.
const CLIENT_HELLO: u8 = 1;
/// Type of its records.
const HANDSHAKE: u8 = 22;
/// The only type of name there is (RFC 6066, 3).
const HOST_NAME: u8 = 0;

/// A vector of two-byte values.
fn list(width: usize, values: impl Iterator<Item = u16>) -> Vec<u8> {
    filled(|out| bytes::vector(out, width, |out| bytes::words(out, values)))
}

fn filled(fill: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    fill(&mut out);
    out
}

#[cfg(test)]
mod tests;
