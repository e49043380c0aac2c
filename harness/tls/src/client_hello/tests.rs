use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::{Deframer, HandshakeJoiner, samples};

/// The message of records, put together again.
fn joined(records: &[u8]) -> (Vec<usize>, Vec<u8>) {
    let (mut deframer, mut joiner, mut lengths) =
        (Deframer::default(), HandshakeJoiner::default(), vec![]);
    deframer.push(records);
    while let Some(record) = deframer.next().unwrap() {
        lengths.push(record.fragment.len());
        joiner.push(&record.fragment);
    }
    let message = joiner.next().unwrap().unwrap();
    assert!(message.kind == CLIENT_HELLO && joiner.pending().is_empty());
    (lengths, message.body)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        line.iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
        text.push('\n');
    }
    text
}

fn random() -> [u8; 32] {
    std::array::from_fn(|index| index as u8)
}

#[test]
fn the_hello_of_rfc_8448_is_read() {
    let hello = ClientHello::parse(&samples::body(samples::CLIENT_HELLO_RFC8448)).unwrap();
    assert_eq!(hello.legacy_version, 0x0303);
    assert_eq!(hello.random[..4], [0xCB, 0x34, 0xEC, 0xB1]);
    assert!(hello.session_id.is_empty());
    assert_eq!(hello.cipher_suites, [0x1301, 0x1303, 0x1302].map(CipherSuite));
    assert_eq!(hello.server_name().as_deref(), Some("server"));
    assert_eq!(hello.supported_versions(), [0x0304]);
    let groups = [0x1D, 0x17, 0x18, 0x19, 0x100, 0x101, 0x102, 0x103, 0x104].map(NamedGroup);
    assert_eq!(hello.groups(), groups);
    assert_eq!(hello.signature_schemes().len(), 15);
    assert_eq!(hello.signature_schemes()[0].name(), "ecdsa_secp256r1_sha256");
    assert!(hello.alpn().is_empty() && !hello.has_encrypted_client_hello());
    assert_eq!(hello.message(), samples::hex(samples::CLIENT_HELLO_RFC8448));
}

#[test]
fn the_hello_for_tls_1_3_is_these_bytes() {
    let suites = [0x1302, 0x1301, 0x1303].map(CipherSuite);
    let version = ProtocolVersion::Tls13;
    let hello = ClientHello::offering(version, &suites, Some("im.example.nhs.uk"), random());
    insta::assert_snapshot!(hex(&hello.records()));
}

#[test]
fn the_hello_of_each_version_has_what_belongs_to_it() {
    let mut text = String::new();
    for version in ProtocolVersion::ALL {
        let suites = [CipherSuite(0xC02F), CipherSuite(0x002F)];
        let hello = ClientHello::offering(version, &suites, Some("example.org."), random());
        let records = hello.records();
        let _ = writeln!(
            text,
            "{version}: record {:02x}{:02x}, legacy {:04x}, session id of {}, {} suites, name {:?}, versions {:x?}",
            records[1],
            records[2],
            hello.legacy_version,
            hello.session_id.len(),
            hello.cipher_suites.len(),
            hello.server_name(),
            hello.supported_versions(),
        );
        for (kind, body) in hello.extensions.iter().flatten() {
            let _ = writeln!(text, "  {} ({} bytes)", kind.name(), body.len());
        }
        let groups: Vec<_> = hello.groups().iter().map(|group| group.name()).collect();
        let schemes: Vec<_> =
            hello.signature_schemes().iter().map(|scheme| scheme.name()).collect();
        let _ = writeln!(text, "  groups: {}\n  schemes: {}", groups.join(" "), schemes.join(" "));
        assert_eq!(joined(&records).1, hello.body());
    }
    insta::assert_snapshot!(text);
}

#[test]
fn addresses_are_no_server_names() {
    let name = |name| {
        let hello = ClientHello::offering(ProtocolVersion::Tls12, &[], Some(name), random());
        hello.server_name()
    };
    for address in
        ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "fe80::1%eth0", "192.0.2.1.", "", "."]
    {
        assert_eq!(name(address), None, "{address}");
    }
    assert_eq!(name("localhost").as_deref(), Some("localhost"));
    assert_eq!(name("example.org.").as_deref(), Some("example.org"));
}

#[test]
fn extensions_are_replaced_in_place_and_taken_out() {
    let mut hello = ClientHello::offering(ProtocolVersion::Tls13, &[], None, random());
    let before: Vec<_> = hello.extensions.iter().flatten().map(|entry| entry.0).collect();
    hello.set_groups(&[NamedGroup(0x0017)]);
    hello.set_signature_schemes(&[SignatureScheme(0x0804)]);
    hello.set_key_shares(&[(NamedGroup(0x0017), vec![4; 65])]);
    hello.set_alpn(&["h2", "xmpp-client"]);
    let after: Vec<_> = hello.extensions.iter().flatten().map(|entry| entry.0).collect();
    assert_eq!((&after[..before.len()], after[before.len()]), (&before[..], ExtensionType::ALPN));
    assert_eq!(hello.groups(), [NamedGroup(0x0017)]);
    assert_eq!(hello.signature_schemes(), [SignatureScheme(0x0804)]);
    assert_eq!(hello.alpn(), ["h2", "xmpp-client"]);
    let share = hello.extension(ExtensionType::KEY_SHARE).unwrap();
    assert_eq!((share.len(), &share[..7]), (71, &[0, 69, 0, 0x17, 0, 65, 4][..]));
    hello.remove_extension(ExtensionType::ALPN);
    assert!(hello.extension(ExtensionType::ALPN).is_none() && hello.alpn().is_empty());
    hello.extensions = None;
    hello.remove_extension(ExtensionType::ALPN);
    assert_eq!(hello.extensions, None);
    hello.set_extension(ExtensionType(0xFFFF), vec![1]);
    assert_eq!(hello.extension(ExtensionType(0xFFFF)), Some(&[1][..]));
}

#[test]
fn long_hellos_take_several_records() {
    let suites: Vec<_> = (0..20_000).map(CipherSuite).collect();
    let hello = ClientHello::offering(ProtocolVersion::Ssl3, &suites, None, random());
    let (lengths, body) = joined(&hello.records());
    assert_eq!(lengths, [16_384, 16_384, 40_000 + 39 + 4 - 2 * 16_384]);
    assert_eq!(ClientHello::parse(&body).unwrap(), hello);
}

#[test]
fn lists_are_read_as_far_as_they_go() {
    let mut hello = ClientHello::offering(ProtocolVersion::Tls12, &[], None, random());
    hello.set_extension(ExtensionType::SUPPORTED_GROUPS, vec![0, 3, 0, 0x17, 0]);
    assert_eq!(hello.groups(), [NamedGroup(0x0017)]);
    hello.set_extension(ExtensionType::SUPPORTED_GROUPS, vec![0, 9, 0, 0x17]);
    assert!(hello.groups().is_empty());
    hello.set_extension(ExtensionType::ALPN, vec![0, 5, 2, b'h', b'2', 9, 0]);
    assert_eq!(hello.alpn(), ["h2"]);
    hello.set_extension(ExtensionType::SERVER_NAME, vec![0, 6, 7, 0, 0, 0, 0, 0]);
    assert_eq!(hello.server_name().as_deref(), Some(""));
    hello.set_server_name("a\nb");
    assert_eq!(hello.server_name(), None);
}

#[test]
fn damage_is_named_with_its_place() {
    let hello =
        ClientHello::offering(ProtocolVersion::Tls12, &[CipherSuite(0xC02F)], None, random());
    let body = hello.body();
    let what = |body: &[u8]| ClientHello::parse(body).unwrap_err().to_string();
    let altered = |place: usize, value| {
        let mut body = body.clone();
        body[place] = value;
        what(&body)
    };
    assert_eq!(what(&[]), "the version is cut short at byte 0");
    assert_eq!(what(&body[..20]), "the random is cut short at byte 2");
    assert_eq!(altered(36, 3), "the cipher suite list has an odd length at byte 39");
    assert_eq!(altered(34, 255), "the session id is cut short at byte 35");
    let longer = [&body[..], &[0]].concat();
    assert_eq!(what(&longer), format!("bytes after the extensions at byte {}", body.len()));
}

fn any_hello() -> impl Strategy<Value = ClientHello> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..=most);
    let suites = prop::collection::vec(any::<u16>().prop_map(CipherSuite), 0..300);
    let extension = (any::<u16>().prop_map(ExtensionType), bytes(300));
    let extensions = prop::option::of(prop::collection::vec(extension, 0..20));
    (any::<u16>(), any::<[u8; 32]>(), bytes(255), suites, bytes(255), extensions).prop_map(
        |(legacy_version, random, session_id, cipher_suites, compression_methods, extensions)| {
            ClientHello {
                legacy_version,
                random,
                session_id,
                cipher_suites,
                compression_methods,
                extensions,
            }
        },
    )
}

proptest! {
    #[test]
    fn what_is_built_is_read_back(hello in any_hello()) {
        prop_assert_eq!(&ClientHello::parse(&hello.body()).unwrap(), &hello);
        prop_assert_eq!(joined(&hello.records()).1, hello.body());
    }

    #[test]
    fn what_is_read_is_built_again(mut body in Just(samples::body(samples::CLIENT_HELLO_RFC8448)), place in 0_usize..192, value: u8, length in 0_usize..=192) {
        body[place] = value;
        body.truncate(length);
        if let Ok(hello) = ClientHello::parse(&body) {
            prop_assert_eq!(hello.body(), body);
        }
    }

    #[test]
    fn any_bytes_can_be_asked_for_anything(bytes: Vec<u8>, mut hello in any_hello(), kind in 0_u16..60) {
        let _ = ClientHello::parse(&bytes);
        hello.set_extension(ExtensionType(kind), bytes);
        let _ = (hello.server_name(), hello.alpn(), hello.groups(), hello.signature_schemes());
        let _ = (hello.supported_versions(), crate::fingerprint::ja3(&hello));
        let ja4 = crate::fingerprint::ja4(&hello);
        prop_assert_eq!(ja4.len(), 36, "{}", ja4);
    }
}
