//! The opener against a published trace, and against a sealing twin where no peer at hand speaks
//! the suite. Sessions of real peers: `tests/opener/`.

mod rfc8448;
mod twin;

use proptest::prelude::*;

use self::twin::{Twin12, Twin13};
use super::{OpenError, Opened, Opener, Session12, Side, rc4::Rc4, testing::unhex};
use crate::{CipherSuite, ContentType, ProtocolVersion, Record};

const MASTER_SECRET: [u8; 48] = [0x5a; 48];
const CLIENT_RANDOM: [u8; 32] = [0xc1; 32];
const SERVER_RANDOM: [u8; 32] = [0x5e; 32];

fn session(version: ProtocolVersion, suite: u16, encrypt_then_mac: bool) -> Session12<'static> {
    Session12 {
        version,
        suite: CipherSuite(suite),
        master_secret: &MASTER_SECRET,
        client_random: &CLIENT_RANDOM,
        server_random: &SERVER_RANDOM,
        encrypt_then_mac,
    }
}

/// RFC 6229, section 2: the first key stream bytes, and those around 256.
#[test]
fn rc4_key_stream() {
    let stream = |key: &str| {
        let mut bytes = [0; 272];
        Rc4::new(&unhex(key)).expect("a key").apply(&mut bytes);
        bytes
    };
    let short = stream("0102030405");
    assert_eq!(short[..16], unhex("b2396305f03dc027ccc3524a0a1118a8"));
    assert_eq!(short[240..256], unhex("28cb1132c96ce286421dcaadb8b69eae"));
    assert_eq!(short[256..], unhex("1cfcf62b03eddb641d77dfcf7f8d8c93"));
    let long = stream("0102030405060708090a0b0c0d0e0f10");
    assert_eq!(long[..16], unhex("9ac7cc9a609d1ef7b2932899cde41b97"));
    assert!(Rc4::new(&[]).is_none());
}

/// 3DES, ARIA in CBC mode and RC4: no `openssl` of today offers them.
#[test]
fn suites_without_peers() {
    use ProtocolVersion::{Tls10, Tls11, Tls12};
    for suite in [0x0004, 0x0005, 0x000a, 0x002f, 0xc03c, 0xc03d] {
        for version in [Tls10, Tls11, Tls12] {
            for encrypt_then_mac in [false, true] {
                for side in [Side::Client, Side::Server] {
                    let session = session(version, suite, encrypt_then_mac);
                    let mut twin = Twin12::new(&session, side);
                    let mut opener = Opener::tls12(&session, side).expect("a supported suite");
                    // Longest padding first, empty and full records among others.
                    for (extra_blocks, length) in
                        [(15, 0), (0, 1), (0, 0), (3, 300), (0, 16 * 1024), (1, 31), (0, 32)]
                    {
                        let plaintext = vec![0x61; length];
                        let record =
                            twin.seal(ContentType::ApplicationData, &plaintext, extra_blocks);
                        refuse_altered(&mut opener, &record);
                        let opened = opener.open(&record);
                        let content_type = ContentType::ApplicationData;
                        assert_eq!(
                            opened,
                            Ok(Opened { content_type, plaintext }),
                            "{suite:04x} {version} {encrypt_then_mac} {side:?} {length}"
                        );
                    }
                }
            }
        }
    }
}

/// Under a right MAC: padding that TLS 1.0 and later do not allow.
#[test]
fn wrong_padding_is_refused() {
    let session = session(ProtocolVersion::Tls10, 0x002f, true);
    let mut twin = Twin12::new(&session, Side::Client);
    let mut opener = Opener::tls12(&session, Side::Client).expect("a supported suite");
    for last_block in [[16; 16], [255; 16], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 15]] {
        let record = twin.clone().seal_padded(ContentType::ApplicationData, &last_block);
        assert_eq!(opener.open(&record), Err(OpenError::BadRecord), "{last_block:?}");
    }
    let record = twin.seal_padded(ContentType::ApplicationData, &[15; 16]);
    assert_eq!(opener.open(&record).expect("opens").plaintext, [0; 0]);
}

#[test]
fn padding_and_types_of_tls13() {
    let suite = CipherSuite(0x1303);
    let mut twin = Twin13::new(&[9; 32], true);
    let mut opener = Opener::tls13(suite, &[9; 32]).expect("a supported suite");
    let inner =
        |content_type, plaintext: &[u8]| Ok(Opened { content_type, plaintext: plaintext.to_vec() });
    for (sealed, opened) in [
        (&b"text\x17"[..], inner(ContentType::ApplicationData, b"text")),
        (b"text\0\x17\0\0\0", inner(ContentType::ApplicationData, b"text\0")),
        (b"\x17", inner(ContentType::ApplicationData, b"")),
        (b"\x15\0", inner(ContentType::Alert, b"")),
        (b"\x18\0\x16", inner(ContentType::Handshake, b"\x18\0")),
    ] {
        let record = twin.seal(sealed);
        refuse_altered(&mut opener, &record);
        assert_eq!(opener.open(&record), opened, "{sealed:?}");
    }
    // No type at all, and one that nobody knows.
    for sealed in [&b""[..], b"\0\0\0\0", b"text\x63"] {
        let record = twin.clone().seal(sealed);
        assert_eq!(opener.open(&record), Err(OpenError::BadRecord), "{sealed:?}");
    }
    let record = twin.seal(b"after\x17");
    assert_eq!(opener.open(&record), inner(ContentType::ApplicationData, b"after"));
}

#[test]
fn drafts_of_tls13() {
    let suite = CipherSuite(0x1303);
    for (negotiated, header_is_authenticated) in
        [(0x7f14, false), (0x7f18, false), (0x7f19, true), (0x7f1c, true), (0x0304, true)]
    {
        let record = Twin13::new(&[9; 32], header_is_authenticated).seal(b"draft\x17");
        let mut opener = Opener::tls13_draft(suite, &[9; 32], negotiated).expect("supported");
        assert_eq!(opener.open(&record).expect("opens").plaintext, b"draft", "{negotiated:04x}");
        let other = Twin13::new(&[9; 32], !header_is_authenticated).seal(b"draft\x17");
        assert_eq!(opener.open(&other), Err(OpenError::BadRecord), "{negotiated:04x}");
    }
    for negotiated in [0x0303, 0x0305, 0x7f12, 0x7f13, 0x7f1d, 0x7fff] {
        let error = Opener::tls13_draft(suite, &[9; 32], negotiated).expect_err("unsupported");
        assert!(matches!(error, OpenError::Unsupported(_)), "{negotiated:04x}");
    }
}

/// What is refused, in the words of the refusal.
#[test]
fn unsupported() {
    use ProtocolVersion::{Ssl2, Ssl3, Tls10, Tls12, Tls13};
    let tls12 = |version, suite| {
        Opener::tls12(&session(version, suite, false), Side::Client).expect_err("unsupported")
    };
    let short = Session12 { master_secret: &[1; 47], ..session(Tls12, 0x002f, false) };
    let mut tls12_opener =
        Opener::tls12(&session(Tls12, 0x002f, false), Side::Client).expect("supported");
    let refusals = [
        tls12(Ssl2, 0x002f),
        tls12(Ssl3, 0x002f),
        tls12(Tls13, 0x002f),
        tls12(Tls12, 0x1301),
        tls12(Tls10, 0x009c),
        tls12(Tls12, 0x0003),
        tls12(Tls12, 0x0007),
        tls12(Tls12, 0x0041),
        tls12(Tls12, 0x0a0a),
        Opener::tls12(&short, Side::Client).expect_err("unsupported"),
        Opener::tls13(CipherSuite(0xc02f), &[1; 32]).expect_err("unsupported"),
        Opener::tls13(CipherSuite(0x1301), &[1; 48]).expect_err("unsupported"),
        Opener::tls13(CipherSuite(0xc0b4), &[1; 32]).expect_err("unsupported"),
        Opener::tls13_draft(CipherSuite(0x1301), &[1; 32], 0x7f12).expect_err("unsupported"),
        tls12_opener.update().expect_err("unsupported"),
        OpenError::BadRecord,
    ];
    let text: Vec<String> = refusals.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn debug_shows_no_key() {
    let session = session(ProtocolVersion::Tls12, 0xc02f, false);
    let opener = Opener::tls12(&session, Side::Client).expect("a supported suite");
    insta::assert_snapshot!(format!("{session:?}\n{opener:?}"), @r"
    Session12 { version: Tls12, suite: CipherSuite(49199), encrypt_then_mac: false, .. }
    Opener { sequence: 0, .. }
    ");
}

/// One opener of every kind.
fn openers() -> Vec<Opener> {
    use ProtocolVersion::{Tls10, Tls11, Tls12};
    let mut openers: Vec<Opener> = [
        (Tls12, 0xc02f, false), // AES_128_GCM
        (Tls12, 0xcca8, false), // CHACHA20_POLY1305
        (Tls12, 0xc0a0, false), // AES_128_CCM_8
        (Tls12, 0xc050, false), // ARIA_128_GCM
        (Tls12, 0x003c, true),  // AES_128_CBC
        (Tls11, 0x002f, false),
        (Tls10, 0x000a, false), // 3DES_EDE_CBC
        (Tls10, 0x002f, true),
        (Tls10, 0x0004, false), // RC4_128 with MD5
        (Tls12, 0x003b, false), // NULL with SHA256
    ]
    .into_iter()
    .map(|(version, suite, encrypt_then_mac)| {
        Opener::tls12(&session(version, suite, encrypt_then_mac), Side::Server).expect("supported")
    })
    .collect();
    for (suite, length) in [(0x1301, 32), (0x1302, 48), (0x1303, 32), (0x1304, 32), (0x1305, 32)] {
        openers.push(Opener::tls13(CipherSuite(suite), &vec![3; length]).expect("supported"));
    }
    openers
}

#[test]
fn longer_records_than_allowed_are_refused() {
    for mut opener in openers() {
        for length in [Opener::LONGEST, Opener::LONGEST + 1, 0xffff, 0x1_0000] {
            let fragment = vec![0; length];
            let record =
                Record { content_type: ContentType::ApplicationData, version: 0x0303, fragment };
            assert_eq!(opener.open(&record), Err(OpenError::BadRecord), "{opener:?} {length}");
        }
    }
}

/// Changes one thing at a time; nothing of it may open.
fn refuse_altered(opener: &mut Opener, record: &Record) {
    let length = record.fragment.len();
    for place in [0, length / 3, length / 2, length - 1] {
        let mut altered = record.clone();
        altered.fragment[place] ^= 0x40;
        assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "byte {place}");
    }
    let mut altered = record.clone();
    altered.fragment.pop();
    assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "one byte less");
}

proptest! {
    #[test]
    fn any_record(
        kind in 20u8..25,
        version: u16,
        fragment in proptest::collection::vec(any::<u8>(), 0..200),
        repeat in 1usize..100,
    ) {
        let content_type = super::content_type(kind).expect("a content type");
        let fragment = fragment.repeat(repeat);
        let record = Record { content_type, version, fragment };
        for mut opener in openers() {
            prop_assert_eq!(opener.open(&record), Err(OpenError::BadRecord));
            prop_assert_eq!(opener.sequence, 0);
        }
    }

    #[test]
    fn any_session(
        version in proptest::sample::select(ProtocolVersion::ALL.to_vec()),
        suite: u16,
        encrypt_then_mac: bool,
        secret in proptest::collection::vec(any::<u8>(), 0..64),
        fragment in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let content_type = ContentType::ApplicationData;
        let record = Record { content_type, version: version.wire(), fragment };
        let whole = session(version, suite, encrypt_then_mac);
        let odd = Session12 { master_secret: &secret, ..whole };
        let openers = [
            Opener::tls12(&whole, Side::Client),
            Opener::tls12(&odd, Side::Server),
            Opener::tls13(CipherSuite(suite), &secret),
        ];
        for mut opener in openers.into_iter().flatten() {
            prop_assert_eq!(opener.open(&record), Err(OpenError::BadRecord));
            let _ = opener.update();
        }
    }
}
