use proptest::prelude::*;

use super::*;
use crate::samples::hex;

fn server_hello() -> Vec<u8> {
    let mut out = Vec::new();
    bytes::vector(&mut out, 2, |out| {
        out.extend([SERVER_HELLO, 0, 1]);
        bytes::words(out, [0x0002, 5, 6, 16]);
        out.extend([0x30, 3, 2, 1, 0]);
        out.extend([1, 0, 0x80, 7, 0, 0xC0]);
        out.extend([0xAA; 16]);
    });
    out[0] |= 0x80;
    out
}

#[test]
fn the_hello_for_sslv2_is_these_bytes() {
    let kinds: Vec<_> = Ssl2CipherKind::all().collect();
    let hello = client_hello(&kinds, [0x11; 16]);
    let expected = "802e 01 0002 0015 0000 0010 010080 020080 030080 040080 050080 060040 0700c0 \
        11111111111111111111111111111111";
    assert_eq!(hello, hex(expected));
    let (read, length) = parse_client_hello(&hello).unwrap().unwrap();
    assert_eq!((length, read.version, read.challenge.len()), (48, 0x0002, 16));
    assert_eq!(read.kinds, kinds);
}

/// RFC 5246, appendix E.2: what a client of the time sends to offer TLS 1.0 too.
#[test]
fn a_hello_for_later_versions_is_read() {
    let hello = hex("802b 01 0301 0012 0000 0010 00002f 000035 010080 0700c0 0000ff 00fefe \
        a0a1a2a3a4a5a6a7a8a9aaabacadaeaf ffff");
    let (read, length) = parse_client_hello(&hello).unwrap().unwrap();
    assert_eq!((length, read.version), (45, 0x0301));
    let names: Vec<_> = read.kinds.iter().map(|kind| kind.name()).collect();
    let expected = [
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "SSL_CK_RC4_128_WITH_MD5",
        "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
        "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        "0x00FEFE",
    ];
    assert_eq!(names, expected);
    let random = read.client_random();
    assert_eq!((&random[..16], random[16], random[31]), (&[0; 16][..], 0xA0, 0xAF));
    let long = Ssl2ClientHello { challenge: (0..40).collect(), ..read };
    assert_eq!((long.client_random()[0], long.client_random()[31]), (8, 39));
}

#[test]
fn a_server_hello_is_read() {
    let hello = server_hello();
    let (read, length) = parse_server_hello(&hello).unwrap().unwrap();
    assert_eq!((length, read.version), (hello.len(), 0x0002));
    assert_eq!(read.certificate, [0x30, 3, 2, 1, 0]);
    assert_eq!(read.kinds, [[1, 0, 0x80], [7, 0, 0xC0]].map(Ssl2CipherKind));
    for end in 0..hello.len() {
        assert_eq!(parse_server_hello(&hello[..end]), Ok(None), "{end}");
    }
    assert!(parse_client_hello(&hello).is_err());
    assert!(parse_server_hello(&client_hello(&[], [0; 16])).is_err());
}

#[test]
fn a_header_of_three_bytes_has_padding() {
    let two = server_hello();
    let length = two.len() as u8 - 2;
    let three = [&[0, length + 3, 3][..], &two[2..], &[0; 3]].concat();
    let (read, taken) = parse_server_hello(&three).unwrap().unwrap();
    assert_eq!(taken, three.len());
    assert_eq!(read, parse_server_hello(&two).unwrap().unwrap().0);
}

#[test]
fn an_error_is_told_from_a_hello() {
    assert_eq!(parse_error(&[0x80, 3, 0, 0, 1]), Some(1));
    assert_eq!(parse_error(&[0x80, 3, 0, 0]), None);
    assert_eq!(parse_error(&[0x80, 3, 0, 0, 1, 0]), None);
    assert!(parse_server_hello(&[0x80, 3, 0, 0, 1]).is_err());
    assert_eq!(parse_error(&server_hello()), None);
}

#[test]
fn other_protocols_are_refused_early() {
    for stream in [&[22, 3, 1, 1, 0x31, 1][..], &[21, 3], b"HTTP/1.1 400", b"<?xml", b"220 ready"] {
        assert!(parse_client_hello(stream).is_err(), "{stream:?}");
        assert!(parse_server_hello(stream).is_err(), "{stream:?}");
    }
    assert_eq!(parse_client_hello(&[]), Ok(None));
    assert_eq!(parse_client_hello(&[22]), Ok(None));
}

#[test]
fn lengths_must_add_up() {
    let kinds: Vec<_> = Ssl2CipherKind::all().collect();
    let hello = client_hello(&kinds, [0; 16]);
    for (place, value) in [(1, 0x2D), (6, 0x16), (6, 0x12), (8, 1), (10, 0x0F), (10, 0x11), (3, 9)]
    {
        let mut wrong = hello.clone();
        wrong[place] = value;
        assert!(!matches!(parse_client_hello(&wrong), Ok(Some(_))), "{place}");
    }
}

proptest! {
    #[test]
    fn what_is_built_is_read_back(
        kinds in prop::collection::vec(any::<[u8; 3]>().prop_map(Ssl2CipherKind), 0..200),
        challenge: [u8; 16],
    ) {
        let hello = client_hello(&kinds, challenge);
        let (read, length) = parse_client_hello(&hello).unwrap().unwrap();
        prop_assert_eq!((read.kinds, length), (kinds, hello.len()));
    }

    #[test]
    fn any_bytes_are_bearable(stream: Vec<u8>, first in 0x80_u8..0x82, kind in 0_u8..5) {
        let framed = [&[first, stream.len() as u8, kind][..], &stream].concat();
        for stream in [stream, framed] {
            let client = parse_client_hello(&stream);
            let server = parse_server_hello(&stream);
            if let Ok(Some((_, length))) = client { prop_assert!(length <= stream.len()); }
            if let Ok(Some((_, length))) = server { prop_assert!(length <= stream.len()); }
            let _ = parse_error(&stream);
        }
    }
}
