use proptest::prelude::*;
use ring::digest;

use super::*;
use crate::{
    bytes::{vector, words},
    samples::{self, body},
};

const V12: ProtocolVersion = ProtocolVersion::Tls12;
const V13: ProtocolVersion = ProtocolVersion::Tls13;

fn hello(message: &str) -> ServerHello {
    ServerHello::parse(&body(message)).unwrap()
}

fn exchange(message: &str, suite: u16, version: ProtocolVersion) -> ServerKeyExchange {
    ServerKeyExchange::parse(&body(message), CipherSuite(suite), version).unwrap()
}

#[test]
fn a_server_hello_of_tls_1_3_is_read() {
    let hello = hello(samples::SERVER_HELLO_RFC8448);
    assert_eq!((hello.legacy_version, hello.negotiated()), (0x0303, 0x0304));
    assert_eq!(hello.version(), Some(V13));
    assert_eq!(hello.cipher_suite.name(), "TLS_AES_128_GCM_SHA256");
    assert_eq!(hello.key_share_group(), Some(NamedGroup(0x001D)));
    assert!(!hello.is_hello_retry_request() && !hello.has_pre_shared_key());
    assert_eq!(hello.alpn(), None);
}

#[test]
fn a_hello_retry_request_is_known_by_its_random() {
    let digest = digest::digest(&digest::SHA256, b"HelloRetryRequest");
    assert_eq!(digest.as_ref(), HELLO_RETRY_RANDOM);
    let retry = hello(samples::HELLO_RETRY_REQUEST);
    assert!(retry.is_hello_retry_request());
    assert_eq!(retry.key_share_group().unwrap().name(), "secp384r1");
    assert_eq!(retry.session_id.len(), 32);
    let second = hello(samples::SERVER_HELLO_P384);
    assert!(!second.is_hello_retry_request());
    assert_eq!(second.key_share_group(), retry.key_share_group());
}

#[test]
fn a_server_hello_of_tls_1_2_is_read() {
    let hello = hello(samples::SERVER_HELLO_12);
    assert_eq!(hello.version(), Some(V12));
    assert_eq!(hello.cipher_suite.name(), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(hello.alpn().as_deref(), Some("h2"));
    assert_eq!(hello.key_share_group(), None);
    let kinds: Vec<_> = hello.extensions.iter().map(|entry| entry.0.0).collect();
    assert_eq!(kinds, [0xFF01, 11, 35, 16, 23]);
}

#[test]
fn old_servers_send_no_extensions() {
    let mut old = body(samples::SERVER_HELLO_12);
    old.truncate(38);
    assert!(ServerHello::parse(&old).unwrap().extensions.is_empty());
    old.push(0);
    assert_eq!(
        ServerHello::parse(&old).unwrap_err().to_string(),
        "the extensions are cut short at byte 38"
    );
}

/// A hello as drafts of TLS 1.3 had it before they hid behind 0x0303.
fn draft(version: u16, key_share: u16) -> Vec<u8> {
    let mut out = Vec::new();
    words(&mut out, [version]);
    out.extend([7; 32]);
    words(&mut out, [0x1301]);
    vector(&mut out, 2, |out| {
        words(out, [key_share]);
        vector(out, 2, |out| {
            words(out, [0x001D]);
            vector(out, 2, |out| out.extend([9; 32]));
        });
    });
    out
}

#[test]
fn drafts_of_tls_1_3_are_read() {
    let hello = ServerHello::parse(&draft(0x7F12, 40)).unwrap();
    assert_eq!((hello.negotiated(), hello.version()), (0x7F12, Some(V13)));
    assert_eq!(hello.cipher_suite, CipherSuite(0x1301));
    assert_eq!(hello.key_share_group(), Some(NamedGroup(0x001D)));

    // Draft 23 and later: the final form, with a version of their own.
    let mut late = ServerHello::parse(&body(samples::SERVER_HELLO_RFC8448)).unwrap();
    for (kind, body) in &mut late.extensions {
        if *kind == ExtensionType::SUPPORTED_VERSIONS {
            *body = vec![0x7F, 0x1C];
        }
    }
    assert_eq!((late.negotiated(), late.version()), (0x7F1C, Some(V13)));
    assert_eq!(late.key_share_group(), Some(NamedGroup(0x001D)));
    // Draft 22: the final form, but the old number.
    late.extensions.iter_mut().filter(|entry| entry.0.0 == 51).for_each(|entry| entry.0.0 = 40);
    assert_eq!(late.key_share_group(), Some(NamedGroup(0x001D)));
    late.extensions.retain(|entry| entry.0 != ExtensionType::SUPPORTED_VERSIONS);
    assert_eq!(late.key_share_group(), None);
}

#[test]
fn certificates_are_read_in_both_shapes() {
    let old = certificates(&body(samples::CERTIFICATE_12), V12).unwrap();
    let new = certificates(&body(samples::CERTIFICATE_13), V13).unwrap();
    assert_eq!(old, new);
    assert_eq!((old.len(), old[0].len(), &old[0][..2]), (1, 0x171, &[0x30, 0x82][..]));
    assert!(certificates(&body(samples::CERTIFICATE_12), V13).is_err());
    assert!(certificates(&body(samples::CERTIFICATE_13), V12).is_err());
    assert_eq!(certificates(&[0, 0, 0], V12), Ok(vec![]));
}

#[test]
fn elliptic_keys_are_read() {
    let signed = exchange(samples::KEY_EXCHANGE_ECDHE_12, 0xC02B, V12);
    assert_eq!(signed.signature_scheme.unwrap().name(), "ecdsa_secp256r1_sha256");
    assert_eq!(signed.signature.len(), 0x46);
    let KeyExchangeParameters::Ecdhe { group, public } = &signed.parameters else { panic!() };
    assert_eq!((group.name().as_ref(), public.len()), ("x25519", 32));
    assert_eq!(signed.parameters.prime_bits(), None);

    for (message, suite) in
        [(samples::KEY_EXCHANGE_ANON, 0xC018), (samples::KEY_EXCHANGE_PSK, 0xC037)]
    {
        let unsigned = exchange(message, suite, V12);
        assert!(unsigned.signature_scheme.is_none() && unsigned.signature.is_empty());
        let KeyExchangeParameters::Ecdhe { group, .. } = unsigned.parameters else { panic!() };
        assert_eq!(group, NamedGroup(0x001D));
    }
}

#[test]
fn finite_field_keys_are_read() {
    let new = exchange(samples::KEY_EXCHANGE_DHE_12, 0x0033, V12);
    let old = exchange(samples::KEY_EXCHANGE_DHE_10, 0x0033, ProtocolVersion::Tls10);
    assert_eq!(new.signature_scheme.unwrap().name(), "rsa_pss_rsae_sha256");
    assert_eq!(old.signature_scheme, None);
    for exchange in [new, old] {
        assert_eq!(exchange.parameters.prime_bits(), Some(1024));
        assert_eq!(exchange.signature.len(), 128);
        let KeyExchangeParameters::Dhe { generator, .. } = exchange.parameters else { panic!() };
        assert_eq!(generator, [2]);
    }
}

#[test]
fn bits_of_primes_are_counted_from_the_first_one() {
    let bits = |prime: &[u8]| {
        let prime = prime.to_vec();
        KeyExchangeParameters::Dhe { prime, generator: vec![], public: vec![] }.prime_bits()
    };
    assert_eq!(bits(&[]), Some(0));
    assert_eq!(bits(&[0, 0]), Some(0));
    assert_eq!(bits(&[0, 1, 255]), Some(9));
    assert_eq!(bits(&[255; 256]), Some(2048));
    assert_eq!(bits(&vec![255; 65_535]), Some(524_280));
}

#[test]
fn other_key_exchanges_are_refused() {
    let what = |suite, body: &[u8]| {
        ServerKeyExchange::parse(body, CipherSuite(suite), V12).unwrap_err().to_string()
    };
    let none = "the cipher suite has no ephemeral key of (EC)DHE at byte 0";
    // RSA for export, static RSA, plain PSK, SRP, TLS 1.3.
    for suite in [0x0003, 0x002F, 0xC01D, 0x1301] {
        assert_eq!(what(suite, &[0; 9]), none);
    }
    assert_eq!(what(0x008C, &[0, 0]), none.replace('0', "2"));
    assert_eq!(what(0x7777, &[]), "the cipher suite is unknown at byte 0");
    assert_eq!(what(0xC02F, &[1, 2, 3]), "the curve has no name at byte 0");
    let longer = [body(samples::KEY_EXCHANGE_ANON), vec![0]].concat();
    assert_eq!(what(0xC018, &longer), "bytes after the key exchange at byte 36");
}

#[test]
fn tickets_are_read_in_both_shapes() {
    let ticket = NewSessionTicket::parse(&body(samples::TICKET_12), V12).unwrap();
    assert_eq!((ticket.lifetime, ticket.ticket.len()), (7200, 0xB0));
    let mut new = vec![0, 0, 2, 88, 1, 2, 3, 4];
    vector(&mut new, 1, |out| out.extend([0; 8]));
    vector(&mut new, 2, |out| out.extend([5; 32]));
    vector(&mut new, 2, |_| {});
    let ticket = NewSessionTicket::parse(&new, V13).unwrap();
    assert_eq!(ticket, NewSessionTicket { lifetime: 600, ticket: vec![5; 32] });
    assert!(NewSessionTicket::parse(&new, V12).is_err());
}

#[test]
fn requests_for_certificates_are_read() {
    let old = certificate_request(&body(samples::CERTIFICATE_REQUEST_12), V12).unwrap();
    assert_eq!((old.len(), old[0].name().as_ref()), (20, "ecdsa_secp256r1_sha256"));
    let new = certificate_request(&body(samples::CERTIFICATE_REQUEST_13), V13).unwrap();
    assert_eq!((new.len(), new[0].name().as_ref()), (16, "ecdsa_secp256r1_sha256"));
    assert_eq!(certificate_request(&[1, 1, 0, 0], ProtocolVersion::Tls10), Ok(vec![]));
}

#[test]
fn encrypted_extensions_are_read() {
    assert_eq!(encrypted_extensions(&[0, 0]), Ok(vec![]));
    let alpn = [0, 9, 0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    let read = encrypted_extensions(&alpn).unwrap();
    assert_eq!(read, [(ExtensionType::ALPN, vec![0, 3, 2, b'h', b'2'])]);
    assert!(encrypted_extensions(&[]).is_err());
}

/// Every parser, with every version.
fn parse_all(body: &[u8], suite: u16) {
    if let Ok(hello) = ServerHello::parse(body) {
        let _ = (hello.key_share_group(), hello.alpn(), hello.version(), hello.negotiated());
    }
    let _ = encrypted_extensions(body);
    for version in ProtocolVersion::ALL {
        let _ = (certificates(body, version), NewSessionTicket::parse(body, version));
        let _ = certificate_request(body, version);
        for suite in [suite, 0xC02B, 0x0033, 0xC018, 0xC037] {
            let exchange = ServerKeyExchange::parse(body, CipherSuite(suite), version);
            let _ = exchange.map(|exchange| exchange.parameters.prime_bits());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_bearable(body: Vec<u8>, suite: u16) {
        parse_all(&body, suite);
    }

    #[test]
    fn damaged_messages_are_bearable(
        which in 0_usize..9, place: prop::sample::Index, value: u8, length: prop::sample::Index,
    ) {
        let mut body = body([
            samples::SERVER_HELLO_RFC8448, samples::HELLO_RETRY_REQUEST, samples::SERVER_HELLO_12,
            samples::KEY_EXCHANGE_ECDHE_12, samples::KEY_EXCHANGE_DHE_12,
            samples::CERTIFICATE_REQUEST_13, samples::TICKET_12, samples::CERTIFICATE_13,
            samples::KEY_EXCHANGE_PSK,
        ][which]);
        let place = place.index(body.len());
        body[place] = value;
        parse_all(&body, 0xC02B);
        body.truncate(length.index(body.len()));
        parse_all(&body, 0xC02B);
    }
}
