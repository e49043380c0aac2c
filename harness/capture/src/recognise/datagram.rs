//! Datagrams, by their first bytes and ports.

use super::{Readability, plaintext, starts_with_any, stream::is_sip};
use crate::Protocol;

/// What a datagram is, if it shows.
pub(crate) fn datagram(ports: [u16; 2], bytes: &[u8]) -> Option<Protocol> {
    let port = |number| ports.contains(&number);
    if is_dtls(bytes) {
        return Some(Protocol::Other("dtls"));
    }
    if is_stun(bytes) {
        return plaintext("stun");
    }
    if is_quic(bytes) {
        return Some(Protocol::Other("quic"));
    }
    if is_wireguard(bytes) {
        return Some(Protocol::Other("wireguard"));
    }
    match bytes {
        _ if port(53) && is_dns(bytes) => plaintext("dns"),
        _ if port(5353) && is_dns(bytes) => plaintext("mdns"),
        _ if port(5355) && is_dns(bytes) => plaintext("llmnr"),
        _ if port(137) && bytes.len() >= 12 => plaintext("netbios"),
        _ if port(138) && bytes.len() >= 10 => plaintext("netbios"),
        _ if port(67) || port(68) => is_dhcp(bytes).then_some(Protocol::Plaintext("dhcp")),
        _ if (port(546) || port(547)) && bytes.len() >= 4 => plaintext("dhcpv6"),
        _ if port(123) && bytes.len() >= 48 => plaintext("ntp"),
        [0x30, ..] if port(161) || port(162) => plaintext("snmp"),
        _ if port(69) && matches!(bytes, [0, 1..=5, ..]) => plaintext("tftp"),
        _ if starts_with_any(bytes, &["M-SEARCH * ", "NOTIFY * ", "HTTP/1.1 200 OK"]) => {
            plaintext("ssdp")
        }
        _ if is_sip(bytes) => plaintext("sip"),
        [b'<', b'0'..=b'9', ..] if port(514) => plaintext("syslog"),
        _ if (port(500) || port(4500)) && is_ike(bytes) => Some(Protocol::Other("ike")),
        _ => {
            let mut readability = Readability::default();
            readability.add(bytes);
            readability.is_text().then_some(Protocol::Plaintext("text"))
        }
    }
}

/// RFC 6347, RFC 9147: a record with a plausible length, also in the form that hides its version.
fn is_dtls(bytes: &[u8]) -> bool {
    let [kind @ 20..=25, 0xfe, 0xff | 0xfd | 0xfc, ..] = bytes else { return false };
    let Some(&[high, low]) = bytes.get(11..13) else { return false };
    let length = usize::from(u16::from_be_bytes([high, low]));
    (1..=18_432).contains(&length) && (bytes.len() >= 13 + length || *kind == 22)
}

/// RFC 8489, with its magic cookie.
fn is_stun(bytes: &[u8]) -> bool {
    matches!(bytes, [0..=0x3f, _, _, low, 0x21, 0x12, 0xa4, 0x42, ..] if low & 3 == 0)
        && bytes.len() >= 20
}

/// RFC 9000: the long header with a known version; also Google's before it.
fn is_quic(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return false };
    let Some(version) = rest.first_chunk::<4>() else { return false };
    let ietf = matches!(
        version,
        [0, 0, 0, 1]
            | [0x6b, 0x33, 0x43, 0xcf]
            | [0xff, 0, 0, 1..=40]
            | [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9']
            | [0xfa, 0xce, 0xb0, _]
    );
    if first & 0xc0 == 0xc0 && ietf {
        return rest.get(4).is_some_and(|length| *length <= 20 || version[0] == b'Q');
    }
    // Public header: version and connection number present.
    *first & 0xc9 == 0x09 && matches!(bytes.get(9..12), Some([b'Q', b'0', _]))
}

/// The first two messages have fixed lengths.
fn is_wireguard(bytes: &[u8]) -> bool {
    matches!((bytes, bytes.len()), ([1, 0, 0, 0, ..], 148) | ([2, 0, 0, 0, ..], 92))
}

/// A header with at least one question or answer, and not too many of either.
pub(super) fn is_dns(bytes: &[u8]) -> bool {
    let count = |at: usize| match bytes.get(at..at + 2) {
        Some(&[high, low]) => usize::from(u16::from_be_bytes([high, low])),
        _ => usize::MAX,
    };
    let sums = [4, 6, 8, 10].map(count);
    let opcode = bytes.get(2).map_or(15, |flags| (flags >> 3) & 15);
    bytes.len() >= 12
        && opcode <= 6
        && sums.iter().all(|sum| *sum < 1000)
        && sums.iter().any(|sum| *sum > 0)
        && sums.iter().sum::<usize>() * 5 <= bytes.len()
}

fn is_dhcp(bytes: &[u8]) -> bool {
    matches!(bytes, [1 | 2, ..]) && bytes.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63])
}

/// RFC 7296: versions 1 and 2, with or without the marker of port 4500.
fn is_ike(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(&[0, 0, 0, 0]).unwrap_or(bytes);
    bytes.len() >= 28 && matches!(bytes.get(17), Some(0x10 | 0x20))
}
