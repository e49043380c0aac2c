use super::*;
use crate::{CipherSuite, samples};

/// Chrome 143 with GREASE, as a public service described it: suites, extensions and groups by the
/// text of its JA3, schemes and versions by that of its JA4.
fn chrome() -> ClientHello {
    let suites = [
        0x1A1A, 4865, 4866, 4867, 49195, 49199, 49196, 49200, 52393, 52392, 49171, 49172, 156, 157,
        47, 53,
    ];
    let types =
        [0x2A2A, 45, 51, 16, 65037, 23, 17613, 0, 11, 10, 43, 65281, 35, 18, 5, 13, 27, 0x3A3A];
    let mut hello = ClientHello {
        legacy_version: 0x0303,
        random: [0; 32],
        session_id: Vec::new(),
        cipher_suites: suites.map(CipherSuite).to_vec(),
        compression_methods: vec![0],
        extensions: Some(types.map(|kind| (ExtensionType(kind), Vec::new())).to_vec()),
    };
    hello.set_groups(&[0x4A4A, 4588, 29, 23, 24].map(crate::NamedGroup));
    hello.set_signature_schemes(
        &[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]
            .map(crate::SignatureScheme),
    );
    hello.set_supported_versions(&[0x5A5A, 0x0304, 0x0303]);
    hello.set_extension(ExtensionType::EC_POINT_FORMATS, vec![1, 0]);
    hello.set_alpn(&["h2", "http/1.1"]);
    hello.set_server_name("example.org");
    hello
}

#[test]
fn chrome_has_its_published_fingerprints() {
    let hello = chrome();
    let text = "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,\
        45-51-16-65037-23-17613-0-11-10-43-65281-35-18-5-13-27,4588-29-23-24,0";
    assert_eq!(ja3_text(&hello), text);
    assert_eq!(ja3(&hello), "98487aa16281980e7d1120d399efb6a4");
    assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_d8a2da3f94cd");
}

#[test]
fn the_fingerprints_of_rfc_8448_are_these() {
    let hello = ClientHello::parse(&samples::body(samples::CLIENT_HELLO_RFC8448)).unwrap();
    let text = "771,4865-4867-4866,0-65281-10-35-51-43-13-45-28,29-23-24-25-256-257-258-259-260,";
    assert_eq!(ja3_text(&hello), text);
    assert_eq!(ja3(&hello), "da4dea34fe6d4ce5f0725df3f2682fa0");
    assert_eq!(ja4(&hello), "t13d030900_55b375c5d22e_59cd3dafc54d");
}

#[test]
fn little_gives_zeros() {
    let empty = ClientHello {
        legacy_version: 0x0301,
        random: [0; 32],
        session_id: Vec::new(),
        cipher_suites: Vec::new(),
        compression_methods: vec![0],
        extensions: None,
    };
    assert_eq!(ja3_text(&empty), "769,,,,");
    assert_eq!(ja4(&empty), "t10i000000_000000000000_000000000000");
    let mut named = empty;
    named.set_server_name("a");
    named.cipher_suites = vec![CipherSuite(5); 120];
    assert_eq!(&ja4(&named)[..10], "t10d990100");
    assert!(ja4(&named).ends_with("_000000000000"));
}

#[test]
fn protocols_and_versions_take_two_characters() {
    let mut hello = chrome();
    let mut head = |protocols: &[u8], versions: &[u16]| {
        let mut body = Vec::new();
        crate::bytes::vector(&mut body, 2, |out| {
            crate::bytes::vector(out, 1, |out| out.extend(protocols));
        });
        hello.set_extension(ExtensionType::ALPN, body);
        hello.set_supported_versions(versions);
        ja4(&hello)[..10].to_owned()
    };
    assert_eq!(head(b"http/1.1", &[0x0303]), "t12d1516h1");
    assert_eq!(head(b"x", &[0x0302]), "t11d1516xx");
    assert_eq!(head(b"", &[0x0301]), "t10d151600");
    assert_eq!(head(&[0xAB], &[0x0300]), "ts3d1516ab");
    assert_eq!(head(&[0xAB, 0xCD], &[0x0002]), "ts2d1516ad");
    assert_eq!(head(&[0x30, 0x31, 0xAB, 0xCD], &[0x7F1C]), "t00d15163d");
    assert_eq!(head(&[0x30, 0xAB], &[0x0A0A]), "t12d15163b");
}
