//! TLS as pure bytes: no sockets, no clock, no files.
//!
//! Both engines stand on it: `wire` speaks it over sockets, `capture` reads it from recordings.
//!
//! * [`iana`] – cipher suites, groups, signature schemes, alerts, by their registered names;
//! * [`ClientHello`] – what a client says first, built from any values, also invalid ones, and read;
//! * [`messages`] – everything a server may answer;
//! * [`Deframer`], [`HandshakeJoiner`] – from a byte stream to records to messages;
//! * [`KeyLog`], [`Opener`] – from logged secrets to plaintext;
//! * [`fingerprint`] – JA3 and JA4 of a client hello.
//!
//! Everything that is read here comes from a stranger: nothing panics, nothing allocates more than
//! it was given.

mod bytes;
pub mod client_hello;
mod extensions;
pub mod fingerprint;
pub mod handshake;
pub mod iana;
pub mod keylog;
pub mod messages;
pub mod opener;
pub mod record;
#[cfg(test)]
mod samples;
pub mod ssl2;
pub mod version;

pub use client_hello::ClientHello;
pub use handshake::{HandshakeJoiner, HandshakeMessage};
pub use iana::{AlertDescription, CipherSuite, ExtensionType, NamedGroup, SignatureScheme};
pub use keylog::KeyLog;
pub use opener::Opener;
pub use record::{ContentType, Deframer, Record};
pub use version::ProtocolVersion;

/// Bytes that are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {offset}")]
pub struct ParseError {
    /// What is wrong: `the cipher suite list has an odd length`.
    pub what: &'static str,
    /// Where, counted from the start of the parsed message body.
    pub offset: usize,
}
