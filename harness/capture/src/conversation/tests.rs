//! Where TLS begins.

use super::*;

#[test]
fn hellos_are_told_by_a_dozen_bytes() {
    let client = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03rest";
    let server = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03rest";
    for first in [true, false] {
        assert_eq!(Found::at(client, first), Found::ClientHello);
        assert_eq!(Found::at(server, first), Found::ServerHello);
        for length in 0..10 {
            assert_eq!(Found::at(&client[..length], first), Found::TooShort, "{length}");
        }
    }
    // A draft of TLS 1.3 with its number where the version was.
    assert_eq!(
        Found::at(b"\x16\x03\x01\x00\x52\x02\x00\x00\x4e\x7f\x12", true),
        Found::ServerHello
    );
}

#[test]
fn the_smallest_fragments_are_believed_at_the_start_only() {
    assert_eq!(Found::at(b"\x16\x03\x01\x00\x01\x01", true), Found::ClientHello);
    assert_eq!(Found::at(b"\x16\x03\x01\x00\x01\x01", false), Found::TooShort);
}

#[test]
fn records_under_way_must_follow_each_other() {
    let record = |length: usize| {
        let [high, low] = u16::try_from(length).expect("short").to_be_bytes();
        [&[23, 3, 3, high, low][..], &vec![0xaa; length]].concat()
    };
    assert_eq!(Found::at(&record(40), false), Found::Records);
    assert_eq!(Found::at(&[record(40), record(50)].concat(), false), Found::Records);
    assert_eq!(Found::at(&record(4000)[..1400], false), Found::Records);
    assert_eq!(Found::at(&[record(40), b"more".to_vec()].concat(), false), Found::No);
    assert_eq!(Found::at(&record(3), false), Found::No, "too short to convince");
    assert_eq!(Found::at(b"\x15\x03\x03\x00\x02\x02\x28", true), Found::Records);
}

#[test]
fn other_protocols_are_none() {
    for other in [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0-x", b"\x16\x03\x01\x02\x00\x05\0\0\0\0\0"] {
        assert_eq!(Found::at(other, true), Found::No);
    }
}
