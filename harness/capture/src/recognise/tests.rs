//! Names of protocols.

use super::*;

fn of(client: &[u8], server: &[u8]) -> Protocol {
    let [mut one, mut other] = [Sample::default(), Sample::default()];
    one.add(client);
    other.add(server);
    // Which side began must not matter.
    let protocol = stream(&one, &other);
    assert_eq!(protocol, stream(&other, &one));
    protocol
}

/// Bytes that look like noise, from a generator of no quality.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = |_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

#[test]
fn streams_are_named_by_how_they_begin() {
    let named: [(&[u8], &[u8], &str); 12] = [
        (b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", "http"),
        (b"", b"HTTP/1.0 404 Not Found\r\n", "http"),
        (b"<?xml version='1.0'?><stream:stream to='x'>", b"", "xmpp"),
        (b"EHLO a\r\n", b"220 mail ESMTP\r\n", "smtp"),
        (b"USER anonymous\r\n", b"220 ready\r\n", "ftp"),
        (b"a1 LOGIN x y\r\n", b"* OK IMAP4rev1\r\n", "imap"),
        (b"USER x\r\n", b"+OK POP3\r\n", "pop3"),
        (b"*1\r\n$4\r\nPING\r\n", b"+PONG\r\n", "redis"),
        (b"\x10\x0c\x00\x04MQTT\x04\x02", b"\x20\x02\x00\x00", "mqtt"),
        (b"NICK a\r\nUSER a\r\n", b":irc.example 001 a :hi\r\n", "irc"),
        (b"INVITE sip:a@b SIP/2.0\r\n", b"", "sip"),
        (b"\0\0\0\x10\0\x03\0\0user\0x\0\0", b"R\0\0\0\x08", "postgres"),
    ];
    for (client, server, name) in named {
        assert_eq!(of(client, server), Protocol::Plaintext(name));
    }
    assert_eq!(of(b"SSH-2.0-x\r\n", b""), Protocol::Other("ssh"));
    assert_eq!(of(b"", b""), Protocol::Empty);
}

#[test]
fn text_is_mostly_printable_or_if_short_wholly() {
    let prose = "Grüße from ward 7: the patient is doing well, and sends their regards. ✓";
    assert_eq!(of(prose.as_bytes(), b""), Protocol::Plaintext("text"));
    assert_eq!(of("Grüße aus Köln an alle".as_bytes(), b""), Protocol::Opaque);
    assert_eq!(of(b"short, but plain", b""), Protocol::Plaintext("text"));
    assert_eq!(of(b"shorter, plain.", b""), Protocol::Opaque);
    assert_eq!(of(&noise(4096), &noise(4096)), Protocol::Opaque);
    assert_eq!(of(&noise(4096), prose.as_bytes()), Protocol::Plaintext("text"));
    let mut mixed = noise(200);
    mixed.extend_from_slice(prose.as_bytes());
    assert_eq!(of(&mixed, b""), Protocol::Opaque);
}

#[test]
fn noise_is_never_a_datagram_of_a_known_protocol() {
    for ports in [[40_000, 50_000], [40_000, 53], [40_000, 443]] {
        let noise = noise(100_000);
        let named = noise.chunks(100).filter_map(|chunk| datagram(ports, chunk)).count();
        assert_eq!(named, 0);
    }
}

#[test]
fn what_was_said_before_tls_names_the_protocol() {
    let named: [(&[u8], &[u8], &str); 8] = [
        (b"<stream:stream to='a'><starttls/>", b"<stream:stream><proceed/>", "xmpp"),
        (b"EHLO a\r\nSTARTTLS\r\n", b"220 x\r\n250 STARTTLS\r\n220 go\r\n", "smtp"),
        (b"a STARTTLS\r\n", b"* OK hello\r\na OK\r\n", "imap"),
        (b"STLS\r\n", b"+OK\r\n+OK\r\n", "pop3"),
        (b"AUTH TLS\r\n", b"220 ftp\r\n234 ok\r\n", "ftp"),
        (b"CONNECT a:443 HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 ok\r\n\r\n", "http-connect"),
        (b"\0\0\0\x08\x04\xd2\x16\x2f", b"S", "postgres"),
        (b"\x05\x01\0", b"\x05\0", "socks"),
    ];
    for (client, server, name) in named {
        let [mut one, mut other] = [Sample::default(), Sample::default()];
        one.add(client);
        other.add(server);
        assert_eq!(starttls(&one, &other), name);
    }
}
