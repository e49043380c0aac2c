//! Record protection, the opening side.
//!
//! This reads recordings, and nobody on a network sees how long it takes: nothing here is constant
//! in time, and nothing here may serve to speak TLS with a stranger.

mod aead;
mod cbc;
mod mac;
mod rc4;
mod schedule;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tls12;
mod tls13;

use std::fmt;

use crate::{CipherSuite, ContentType, ProtocolVersion, Record};

/// Which side wrote a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Opens the protected records of one direction under one set of keys, in order.
///
/// `Debug` shows no key.
pub struct Opener {
    protection: Protection,
    /// Of the next record.
    sequence: u64,
}

enum Protection {
    Tls12(tls12::Protection),
    Tls13(tls13::Protection),
}

/// A record without its protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The real content type (TLS 1.3 hides it inside).
    pub content_type: ContentType,
    /// Without padding.
    pub plaintext: Vec<u8>,
}

/// What TLS 1.2 and earlier derive keys from.
#[derive(Clone, Copy)]
pub struct Session12<'a> {
    /// SSLv3 is not supported.
    pub version: ProtocolVersion,
    /// The suite that was chosen.
    pub suite: CipherSuite,
    /// 48 bytes.
    pub master_secret: &'a [u8],
    /// Of the `ClientHello`.
    pub client_random: &'a [u8; 32],
    /// Of the `ServerHello`.
    pub server_random: &'a [u8; 32],
    /// Whether `encrypt_then_mac` was agreed (RFC 7366).
    pub encrypt_then_mac: bool,
}

/// Why a record stays closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// No implementation for the suite or version.
    #[error("opening records of {0} is not supported")]
    Unsupported(String),
    /// The tag, the MAC or the padding is wrong for these keys.
    #[error("the record does not verify under the logged keys")]
    BadRecord,
}

impl Opener {
    /// Longest protected fragment that is tried, in bytes (RFC 5246, 6.2.3).
    const LONGEST: usize = (1 << 14) + 2048;

    /// For one direction of a session of TLS 1.0 to 1.2, from its `ChangeCipherSpec` on: AEAD
    /// suites (GCM and CCM of AES and ARIA, ChaCha20-Poly1305), CBC of AES, 3DES and ARIA in both
    /// orders, RC4, NULL. Neither compression nor the truncated MAC of RFC 6066 is known.
    ///
    /// # Errors
    ///
    /// When the suite is not supported or the secret is not of its length.
    pub fn tls12(session: &Session12<'_>, side: Side) -> Result<Self, OpenError> {
        let protection = tls12::Protection::new(session, side)?;
        Ok(Self { protection: Protection::Tls12(protection), sequence: 0 })
    }

    /// For one direction of TLS 1.3 under one traffic secret (handshake, application or early).
    ///
    /// # Errors
    ///
    /// When the suite is not supported or the secret is not of its length.
    pub fn tls13(suite: CipherSuite, traffic_secret: &[u8]) -> Result<Self, OpenError> {
        Self::tls13_draft(suite, traffic_secret, ProtocolVersion::Tls13.wire())
    }

    /// The same for what a `ServerHello` negotiated on the wire: `0x0304`, or a draft from 20
    /// (`0x7f14`) on. Before draft 25 the header of a record was not authenticated.
    ///
    /// # Errors
    ///
    /// When the draft or suite is not supported or the secret is not of its length.
    pub fn tls13_draft(
        suite: CipherSuite,
        traffic_secret: &[u8],
        negotiated: u16,
    ) -> Result<Self, OpenError> {
        let protection = tls13::Protection::new(suite, traffic_secret, negotiated)?;
        Ok(Self { protection: Protection::Tls13(protection), sequence: 0 })
    }

    /// Opens the next record. After an error the sequence number stays where it was, so that the
    /// caller may try the same record under other keys, and so does the state of a chained cipher.
    ///
    /// Of TLS 1.3, only `application_data` records are protected: a `ChangeCipherSpec` or an alert
    /// in clear is a bad record here.
    ///
    /// # Errors
    ///
    /// When it does not verify.
    pub fn open(&mut self, record: &Record) -> Result<Opened, OpenError> {
        if record.fragment.len() > Self::LONGEST {
            return Err(OpenError::BadRecord);
        }
        let next = self.sequence.checked_add(1).ok_or(OpenError::BadRecord)?;
        let opened = match &mut self.protection {
            Protection::Tls12(protection) => protection.open(self.sequence, record),
            Protection::Tls13(protection) => protection.open(self.sequence, record),
        };
        let opened = opened.ok_or(OpenError::BadRecord)?;
        self.sequence = next;
        Ok(opened)
    }

    /// TLS 1.3 `KeyUpdate` (RFC 8446, 7.2): goes on under the next traffic secret of this direction.
    ///
    /// # Errors
    ///
    /// When this is not TLS 1.3.
    pub fn update(&mut self) -> Result<(), OpenError> {
        match &mut self.protection {
            Protection::Tls13(protection) => protection.update()?,
            Protection::Tls12(_) => {
                return Err(OpenError::Unsupported("a KeyUpdate before TLSv1.3".to_owned()));
            }
        }
        self.sequence = 0;
        Ok(())
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl fmt::Debug for Session12<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session12")
            .field("version", &self.version)
            .field("suite", &self.suite)
            .field("encrypt_then_mac", &self.encrypt_then_mac)
            .finish_non_exhaustive()
    }
}

impl OpenError {
    fn suite(suite: CipherSuite, version: ProtocolVersion) -> Self {
        Self::Unsupported(format!("{} under {version}", suite.name()))
    }
}

/// The byte of a content type.
fn wire(content_type: ContentType) -> u8 {
    match content_type {
        ContentType::ChangeCipherSpec => 20,
        ContentType::Alert => 21,
        ContentType::Handshake => 22,
        ContentType::ApplicationData => 23,
        ContentType::Heartbeat => 24,
    }
}

/// The content type of a byte.
fn content_type(wire: u8) -> Option<ContentType> {
    Some(match wire {
        20 => ContentType::ChangeCipherSpec,
        21 => ContentType::Alert,
        22 => ContentType::Handshake,
        23 => ContentType::ApplicationData,
        24 => ContentType::Heartbeat,
        _ => return None,
    })
}
