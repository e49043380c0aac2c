//! TCP streams, by how they begin.

use super::{Readability, contains, plaintext, starts_with_any};
use crate::Protocol;

/// The beginning of one direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    start: Vec<u8>,
    readability: Readability,
}

/// How much of the beginning is kept.
const KEPT: usize = 1024;

impl Sample {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.start.len());
        self.start.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.readability.add(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start.is_empty()
    }
}

/// What two directions speak; which of them is the client's is not relied upon.
pub(crate) fn stream(one: &Sample, other: &Sample) -> Protocol {
    if one.is_empty() && other.is_empty() {
        return Protocol::Empty;
    }
    let either =
        |told: fn(&[u8]) -> Option<Protocol>| told(&one.start).or_else(|| told(&other.start));
    either(by_start)
        .or_else(|| by_both(&one.start, &other.start))
        .or_else(|| by_both(&other.start, &one.start))
        .or_else(|| {
            let text = one.readability.is_text() || other.readability.is_text();
            text.then_some(Protocol::Plaintext("text"))
        })
        .unwrap_or(Protocol::Opaque)
}

/// The protocol in which TLS was asked for, from what was said before.
pub(crate) fn starttls(client: &Sample, server: &Sample) -> &'static str {
    let (client, server) = (client.start.as_slice(), server.start.as_slice());
    let upper = client.to_ascii_uppercase();
    if contains(client, "<stream:stream") || contains(server, "<stream:stream") {
        "xmpp"
    } else if client.starts_with(b"CONNECT ") || server.starts_with(b"HTTP/1.") {
        "http-connect"
    } else if contains(&upper, "AUTH TLS") || contains(&upper, "AUTH SSL") {
        "ftp"
    } else if server.starts_with(b"+OK") || contains(&upper, "STLS\r\n") {
        "pop3"
    } else if server.starts_with(b"* ") {
        "imap"
    } else if starts_with_any(&upper, &["EHLO", "HELO", "LHLO"])
        || server.starts_with(b"220 ")
        || server.starts_with(b"220-")
    {
        "smtp"
    } else if contains(client, "1.3.6.1.4.1.1466.20037") {
        "ldap"
    } else if contains(client, b"\x00\x00\x00\x08\x04\xd2\x16\x2f") {
        "postgres"
    } else if is_mysql(server) {
        "mysql"
    } else if starts_with_any(&upper, &["CAP ", "NICK ", "STARTTLS"]) || is_irc_server(server) {
        "irc"
    } else if matches!(client, [3, 0, _, _, _, 0xe0, ..]) {
        "rdp"
    } else if matches!(client, [4 | 5, ..]) && client.len() < 600 && matches!(server, [0 | 5, ..]) {
        "socks"
    } else {
        "unknown"
    }
}

fn by_start(start: &[u8]) -> Option<Protocol> {
    if start.starts_with(b"SSH-") {
        return Some(Protocol::Other("ssh"));
    }
    let name = match start {
        _ if contains(start, "<stream:stream") => "xmpp",
        _ if is_sip(start) => "sip",
        _ if starts_with_any(start, HTTP) => "http",
        _ if starts_with_any(start, &["HTTP/1.", "PRI * HTTP/2.0"]) => "http",
        _ if starts_with_any(start, RTSP) => "rtsp",
        _ if start.starts_with(b"<?xml") => "xml",
        _ if starts_with_any(start, &["* OK ", "* PREAUTH "]) => "imap",
        _ if start.starts_with(b"+OK") && !start.starts_with(b"+OK\r\n*") => "pop3",
        _ if starts_with_any(start, &["EHLO ", "HELO ", "LHLO ", "MAIL FROM:"]) => "smtp",
        _ if starts_with_any(start, &["MSG ", "VER 1 MSNP"]) => "msnp",
        _ if starts_with_any(start, &["NICK ", "CAP LS", "JOIN #", "PASS "])
            || is_irc_server(start) =>
        {
            "irc"
        }
        _ if is_redis(start) => "redis",
        _ if start.starts_with(b"RFB 00") => "vnc",
        _ if start.starts_with(b"@RSYNCD:") => "rsync",
        _ if start.starts_with(b"\x13BitTorrent protocol") => "bittorrent",
        _ if is_mqtt(start) => "mqtt",
        _ if is_mysql(start) => "mysql",
        _ if is_postgres(start) => "postgres",
        _ if matches!(start, [_, _, _, _, 0xff | 0xfe, b'S', b'M', b'B', ..]) => "smb",
        _ if is_ldap(start) => "ldap",
        _ if is_dns_over_tcp(start) => "dns",
        _ if start.starts_with(b"AMQP") => "amqp",
        _ => return None,
    };
    plaintext(name)
}

/// Greetings that only tell together with the answer.
fn by_both(server: &[u8], client: &[u8]) -> Option<Protocol> {
    if !starts_with_any(server, &["220 ", "220-", "120 "]) {
        return None;
    }
    let upper = client.to_ascii_uppercase();
    if starts_with_any(&upper, &["USER ", "AUTH ", "FEAT"]) || contains(server, "FTP") {
        plaintext("ftp")
    } else {
        plaintext("smtp")
    }
}

const HTTP: &[&str] = &[
    "GET /",
    "GET http",
    "POST /",
    "POST http",
    "HEAD /",
    "PUT /",
    "DELETE /",
    "OPTIONS /",
    "OPTIONS * HTTP",
    "CONNECT ",
    "PATCH /",
    "PROPFIND /",
    "REPORT /",
    "TRACE /",
    "M-POST ",
    "RPC_IN_DATA ",
    "RPC_OUT_DATA ",
    "HEAD http",
    "MKCOL /",
    "SUBSCRIBE /",
    "NOTIFY /",
];

const RTSP: &[&str] = &["RTSP/1.", "DESCRIBE rtsp", "OPTIONS rtsp", "SETUP rtsp", "PLAY rtsp"];

pub(super) fn is_sip(start: &[u8]) -> bool {
    const METHODS: &[&str] = &[
        "INVITE sip",
        "REGISTER sip",
        "OPTIONS sip",
        "ACK sip",
        "BYE sip",
        "CANCEL sip",
        "SUBSCRIBE sip",
        "NOTIFY sip",
        "MESSAGE sip",
        "PUBLISH sip",
        "INFO sip",
        "REFER sip",
        "UPDATE sip",
        "PRACK sip",
        "INVITE tel",
    ];
    start.starts_with(b"SIP/2.0 ") || starts_with_any(start, METHODS)
}

fn is_irc_server(start: &[u8]) -> bool {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b":") && [" NOTICE ", " 001 ", " CAP "].iter().any(|word| contains(line, word))
}

/// `*1\r\n$4\r\nPING\r\n`
fn is_redis(start: &[u8]) -> bool {
    let Some((b'*', rest)) = start.split_first() else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=7).contains(&digits) && rest.get(digits..).is_some_and(|rest| rest.starts_with(b"\r\n$"))
}

/// `CONNECT` of versions 3.1, 3.1.1 and 5.
fn is_mqtt(start: &[u8]) -> bool {
    let name = |at: usize| {
        start.get(at..).is_some_and(|rest| {
            rest.starts_with(b"\x00\x04MQTT") || rest.starts_with(b"\x00\x06MQIsdp")
        })
    };
    start.first() == Some(&0x10) && (2..=5).any(name)
}

/// The greeting of protocol version 10.
fn is_mysql(start: &[u8]) -> bool {
    matches!(start, [_, _, 0, 0, 10, b'3'..=b'9', ..])
        && start.get(5..).is_some_and(|rest| rest.iter().take(40).any(|byte| *byte == 0))
}

/// A startup message of protocol 3.0, or a request for encryption that was not followed.
fn is_postgres(start: &[u8]) -> bool {
    match start {
        [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f | 0x30, ..] => true,
        [0, 0, _, _, 0, 3, 0, 0, rest @ ..] => starts_with_any(rest, &["user\0", "database\0"]),
        _ => false,
    }
}

/// A bind request or response (RFC 4511) with a message number of one byte.
fn is_ldap(start: &[u8]) -> bool {
    matches!(
        start,
        [0x30, ..=0x7f, 0x02, 0x01, _, 0x60 | 0x61 | 0x63, ..]
            | [0x30, 0x84, 0, 0, _, _, 0x02, 0x01, _, 0x60 | 0x61 | 0x63, ..]
    )
}

/// A length, then a header of one question.
fn is_dns_over_tcp(start: &[u8]) -> bool {
    matches!(start, [high, low, rest @ ..]
        if usize::from(u16::from_be_bytes([*high, *low])) >= 17 && rest.len() >= 12
            && super::datagram::is_dns(rest)
            && usize::from(u16::from_be_bytes([*high, *low])) <= rest.len().max(KEPT))
}
