//! Records under known keys: never a panic, and a refusal changes nothing.
//!
//! That nothing opens cannot be asserted: the fuzzer watches comparisons, and forges a MAC in seconds.

#![no_main]

use hallmark_tls::{
    CipherSuite, ContentType, Opener, ProtocolVersion, Record,
    opener::{OpenError, Session12, Side},
};
use libfuzzer_sys::fuzz_target;

const TYPES: [ContentType; 5] = [
    ContentType::ChangeCipherSpec,
    ContentType::Alert,
    ContentType::Handshake,
    ContentType::ApplicationData,
    ContentType::Heartbeat,
];

fuzz_target!(|data: &[u8]| {
    let Some((&[version, high, low, flags], records)) = data.split_first_chunk::<4>() else {
        return;
    };
    let suite = CipherSuite(u16::from_be_bytes([high, low]));
    let version = ProtocolVersion::ALL[usize::from(version) % ProtocolVersion::ALL.len()];
    let opener = if version == ProtocolVersion::Tls13 {
        let negotiated = if flags & 1 == 0 { 0x0304 } else { 0x7f00 | u16::from(flags) };
        Opener::tls13_draft(suite, &[7; 32], negotiated)
            .or_else(|_| Opener::tls13_draft(suite, &[7; 48], negotiated))
    } else {
        let session = Session12 {
            version,
            suite,
            master_secret: &[7; 48],
            client_random: &[8; 32],
            server_random: &[9; 32],
            encrypt_then_mac: flags & 1 == 0,
        };
        Opener::tls12(&session, if flags & 2 == 0 { Side::Client } else { Side::Server })
    };
    let Ok(mut opener) = opener else { return };
    for piece in records.split(|&byte| byte == 0xff) {
        let Some((&[kind, major, minor], fragment)) = piece.split_first_chunk::<3>() else {
            continue;
        };
        let record = Record {
            content_type: TYPES[usize::from(kind) % TYPES.len()],
            version: u16::from_be_bytes([major, minor]),
            fragment: fragment.to_vec(),
        };
        match opener.open(&record) {
            Ok(opened) => assert!(opened.plaintext.len() < record.fragment.len()),
            Err(error) => {
                assert_eq!(error, OpenError::BadRecord);
                assert_eq!(opener.open(&record), Err(error));
            }
        }
        if kind & 0x80 != 0 {
            let _ = opener.update();
        }
    }
});
