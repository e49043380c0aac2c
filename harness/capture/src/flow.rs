//! What is known of a flow.

use std::net::SocketAddr;

use hallmark_tls::{CipherSuite, NamedGroup};
use jiff::Timestamp;

/// What carries a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A conversation between two sockets.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its number, from 1, in the order of first packets over all files.
    pub id: u64,
    /// TCP or UDP.
    pub transport: Transport,
    /// Who began: by SYN, by `ClientHello`, otherwise by first packet.
    pub client: SocketAddr,
    /// The other side.
    pub server: SocketAddr,
    /// When its first packet was captured.
    pub first_seen: Option<Timestamp>,
    /// Packets in both directions.
    pub packets: u64,
    /// Payload bytes, client to server and back, retransmissions not counted.
    pub bytes: [u64; 2],
    /// What it speaks.
    pub protocol: Protocol,
    /// The TLS handshake, if one was seen.
    pub handshake: Option<Handshake>,
    /// The protocol in which TLS was asked for: `xmpp`, `smtp`, …
    pub starttls: Option<&'static str>,
    /// Records opened with logged keys.
    pub opened: u64,
    /// Protected records that stayed closed: no keys, or they did not verify.
    pub closed: u64,
    /// Bytes of application data in protected records, opened or not.
    pub application_bytes: u64,
    /// Whether bytes that are no TLS records came after TLS had begun, with nothing missing before
    /// them: a refusal in clear, or content that went on without protection.
    pub outside_tls: bool,
    /// What was wrong or missing: `gap of 1448 bytes, server to client`.
    pub problems: Vec<String>,
}

/// What a flow speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// No payload.
    Empty,
    /// TLS, from its first byte or after STARTTLS.
    Tls,
    /// Readable content: the name of the protocol (`http`, `xmpp`, `smtp`, `dns`, …) or `text`.
    Plaintext(&'static str),
    /// Recognised encryption that is not TLS over TCP: `quic`, `dtls`, `ssh`.
    Other(&'static str),
    /// Neither readable nor recognised: not assessed.
    Opaque,
}

/// What a handshake agreed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// Wire value of the negotiated version (`0x0304`; drafts `0x7fXX`; SSLv2 `0x0002`); `None`
    /// where no `ServerHello` was seen.
    pub version: Option<u16>,
    /// The suite that the server chose.
    pub cipher_suite: Option<CipherSuite>,
    /// The group that was agreed, where it shows.
    pub group: Option<NamedGroup>,
    /// The host name that the client asked for.
    pub sni: Option<String>,
    /// The protocol that was agreed, or offered first where the answer is encrypted and closed.
    pub alpn: Option<String>,
    /// Fingerprint of the client hello.
    pub ja3: Option<String>,
    /// Fingerprint of the client hello.
    pub ja4: Option<String>,
    /// Whether an earlier session was resumed; `None` where it does not show.
    pub resumed: Option<bool>,
    /// DER of the server's certificates, where in clear or opened.
    pub certificates: Vec<Vec<u8>>,
    /// Whether a client hello was seen.
    pub client_hello: bool,
    /// Whether a `HelloRetryRequest` was seen.
    pub hello_retry_request: bool,
    /// Descriptions of alerts in clear, in order.
    pub alerts: Vec<u8>,
    /// Whether the handshake came to its end: application data followed.
    pub completed: bool,
}
