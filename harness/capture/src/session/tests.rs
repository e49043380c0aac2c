//! What looks like a record.

use super::*;

#[test]
fn records_are_told_by_their_header() {
    assert_eq!(looks_like_record(b"\x16\x03\x01\x00\x05"), Looks::Yes);
    assert_eq!(looks_like_record(b"\x17\x03\x03\x48\x00"), Looks::Yes);
    for start in [&b""[..], b"\x16", b"\x16\x03", b"\x16\x03\x01", b"\x16\x03\x01\x00"] {
        assert_eq!(looks_like_record(start), Looks::TooShort);
    }
    for other in [
        &b"GET / HTTP/1.1"[..],
        b"\x19\x03\x03\x00\x05",
        b"\x16\x02\x03\x00\x05",
        b"\x16\x03\x05\x00\x05",
        b"\x16\x03\x03\x00\x00",
        b"\x16\x03\x03\x48\x01",
        b"\x16\x04",
    ] {
        assert_eq!(looks_like_record(other), Looks::No, "{other:?}");
    }
}
