//! Ephemeral keys of a server, up to TLS 1.2.

use crate::{
    CipherSuite, NamedGroup, ParseError, ProtocolVersion, SignatureScheme, bytes::Reader,
    iana::KeyExchange,
};

/// A curve that is named, not described (RFC 8422, 5.4).
const NAMED_CURVE: u8 = 3;

/// A `ServerKeyExchange` of (EC)DHE (RFC 5246, 7.4.3; RFC 8422, 5.4), also with a pre-shared key
/// (RFC 4279, 3; RFC 5489, 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange {
    /// What the server agrees with.
    pub parameters: KeyExchangeParameters,
    /// The scheme of the signature: named in TLS 1.2 only; absent for anonymous suites and those
    /// with a pre-shared key.
    pub signature_scheme: Option<SignatureScheme>,
    /// Empty for anonymous suites and those with a pre-shared key.
    pub signature: Vec<u8>,
}

/// Ephemeral parameters of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyExchangeParameters {
    /// A named curve and the server's point.
    Ecdhe {
        /// The curve.
        group: NamedGroup,
        /// The encoded point.
        public: Vec<u8>,
    },
    /// A finite field.
    Dhe {
        /// The prime, big-endian, as sent.
        prime: Vec<u8>,
        /// The generator.
        generator: Vec<u8>,
        /// The server's value.
        public: Vec<u8>,
    },
}

impl ServerKeyExchange {
    /// Reads the body of a handshake message of type 12, for a suite that was chosen.
    ///
    /// # Errors
    ///
    /// When the suite has no such message, or it is not of its form. RSA keys for export, curves
    /// that are described instead of named, and the messages of plain PSK, SRP and ECCPWD are not
    /// read.
    pub fn parse(
        body: &[u8],
        suite: CipherSuite,
        version: ProtocolVersion,
    ) -> Result<Self, ParseError> {
        let mut reader = Reader::new(body);
        let parts = suite.parts().ok_or_else(|| reader.error("the cipher suite is unknown"))?;
        if parts.authentication == "PSK" {
            reader.vector(2, "the identity hint is cut short")?;
        }
        let parameters = match parts.key_exchange {
            KeyExchange::Ecdhe => ecdhe(&mut reader)?,
            KeyExchange::Dhe => dhe(&mut reader)?,
            _ => return Err(reader.error("the cipher suite has no ephemeral key of (EC)DHE")),
        };
        let mut exchange = Self { parameters, signature_scheme: None, signature: Vec::new() };
        if !matches!(parts.authentication, "anon" | "PSK") {
            if version >= ProtocolVersion::Tls12 {
                let scheme = reader.u16("the signature scheme is cut short")?;
                exchange.signature_scheme = Some(SignatureScheme(scheme));
            }
            exchange.signature = vector(&mut reader, "the signature is cut short")?;
        }
        reader.finish("bytes after the key exchange")?;
        Ok(exchange)
    }
}

fn ecdhe(reader: &mut Reader<'_>) -> Result<KeyExchangeParameters, ParseError> {
    let place = *reader;
    if reader.u8("the kind of curve is missing")? != NAMED_CURVE {
        return Err(place.error("the curve has no name"));
    }
    let group = NamedGroup(reader.u16("the name of the curve is cut short")?);
    let public = reader.vector(1, "the point is cut short")?.rest().to_vec();
    Ok(KeyExchangeParameters::Ecdhe { group, public })
}

fn dhe(reader: &mut Reader<'_>) -> Result<KeyExchangeParameters, ParseError> {
    Ok(KeyExchangeParameters::Dhe {
        prime: vector(reader, "the prime is cut short")?,
        generator: vector(reader, "the generator is cut short")?,
        public: vector(reader, "the public value is cut short")?,
    })
}

fn vector(reader: &mut Reader<'_>, what: &'static str) -> Result<Vec<u8>, ParseError> {
    Ok(reader.vector(2, what)?.rest().to_vec())
}

impl KeyExchangeParameters {
    /// Bits of the prime, leading zeros not counted.
    #[must_use]
    pub fn prime_bits(&self) -> Option<u32> {
        let Self::Dhe { prime, .. } = self else { return None };
        let start = prime.iter().position(|&byte| byte != 0);
        let significant = start.and_then(|start| prime.get(start..)).unwrap_or_default();
        let Some(first) = significant.first() else { return Some(0) };
        // At most 65,535 bytes can be sent.
        let bits = u32::try_from(significant.len()).ok()?.checked_mul(8)?;
        bits.checked_sub(first.leading_zeros())
    }
}
