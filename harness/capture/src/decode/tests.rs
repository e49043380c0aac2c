//! Packets built by hand, whole, cut at every byte, and nested too deep.

use super::*;

/// One TCP segment from 10.0.0.1:1000 to 10.0.0.2:2000.
fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut bytes =
        vec![0x03, 0xe8, 0x07, 0xd0, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(payload);
    bytes
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = u16::try_from(8 + payload.len()).expect("short");
    for field in [source, destination, length, 0] {
        bytes.extend_from_slice(&field.to_be_bytes());
    }
    bytes.extend_from_slice(payload);
    bytes
}

fn ipv4_fragment(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("short").to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let mut bytes = vec![0x45, 0, length[0], length[1], 0, 7, high, low, 64, protocol, 0, 0];
    bytes.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
    bytes.extend_from_slice(payload);
    bytes
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(protocol, 0, payload)
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
    let mut bytes = vec![0x60, 0, 0, 0, length[0], length[1], next, 64];
    bytes.extend_from_slice(&[0xfd; 32]);
    bytes.extend_from_slice(payload);
    bytes
}

fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2; 12];
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn with(head: &[u8], payload: &[u8]) -> Vec<u8> {
    [head, payload].concat()
}

type Heard = (SocketAddr, SocketAddr, Vec<u8>, u32);

fn decode(link_type: u32, bytes: &[u8]) -> (Result<(), Reason>, Vec<Heard>) {
    decode_with(&mut Decoder::new(1 << 20), link_type, bytes)
}

fn decode_with(
    decoder: &mut Decoder,
    link_type: u32,
    bytes: &[u8],
) -> (Result<(), Reason>, Vec<Heard>) {
    let mut heard = Vec::new();
    let result = decoder.packet(link_type, bytes, &mut |segment| {
        let payload = segment.payload.to_vec();
        heard.push((segment.source, segment.destination, payload, segment.missing));
    });
    (result, heard)
}

fn samples() -> Vec<(&'static str, u32, Vec<u8>)> {
    let inner = ipv4(6, &tcp(b"inside"));
    let frame = ethernet(0x0800, &inner);
    let gre = with(&[0x20, 0, 0x08, 0, 0, 0, 0, 9], &inner);
    let extension = with(&[6, 0, 1, 4, 0, 0, 0, 0], &tcp(b"inside"));
    vec![
        ("ethernet", 1, frame.clone()),
        ("vlan", 1, ethernet(0x88a8, &with(&[0, 1, 0x81, 0, 0, 2, 8, 0], &inner))),
        ("mpls", 1, ethernet(0x8847, &with(&[0, 0, 0, 9, 0, 0, 1, 9], &inner))),
        ("pppoe", 1, ethernet(0x8864, &with(&[0x11, 0, 0, 1, 0, 0, 0, 0x21], &inner))),
        ("null, little-endian", 0, with(&[2, 0, 0, 0], &inner)),
        ("null, big-endian, IPv6", 0, with(&[0, 0, 0, 30], &ipv6(6, &tcp(b"inside")))),
        ("raw", 101, inner.clone()),
        ("cooked", 113, with(&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 8, 0], &inner)),
        ("cooked 2", 276, with(&with(&[8, 0], &[0; 18]), &inner)),
        ("ppp", 9, with(&[0xff, 3, 0, 0x21], &inner)),
        (
            "802.11",
            105,
            with(&with(&[8, 1], &[0; 22]), &with(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &inner)),
        ),
        ("IPv6 hop-by-hop", 229, ipv6(0, &extension)),
        ("IP in IP", 228, ipv4(4, &inner)),
        ("6in4", 228, ipv4(41, &ipv6(6, &tcp(b"inside")))),
        ("gre", 228, ipv4(47, &gre)),
        ("vxlan", 228, ipv4(17, &udp(9, 4789, &with(&[8, 0, 0, 0, 0, 0, 1, 0], &frame)))),
        ("geneve", 228, ipv4(17, &udp(9, 6081, &with(&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &frame)))),
        ("gtp", 228, ipv4(17, &udp(9, 2152, &with(&[0x30, 255, 0, 46, 0, 0, 0, 1], &inner)))),
        ("teredo", 228, ipv4(17, &udp(9, 3544, &ipv6(6, &tcp(b"inside"))))),
    ]
}

#[test]
fn every_way_in_leads_to_the_same_segment() {
    for (name, link_type, bytes) in samples() {
        let (result, heard) = decode(link_type, &bytes);
        assert_eq!(result, Ok(()), "{name}");
        let [(source, destination, payload, missing)] = heard.as_slice() else {
            panic!("{name}: {heard:?}");
        };
        assert_eq!((source.port(), destination.port(), *missing), (1000, 2000, 0), "{name}");
        assert_eq!(payload, b"inside", "{name}");
    }
}

#[test]
fn a_packet_cut_anywhere_has_a_reason_or_a_shorter_payload() {
    for (name, link_type, bytes) in samples() {
        for length in 0..bytes.len() {
            let (result, heard) = decode(link_type, &bytes[..length]);
            match (result, heard.as_slice()) {
                (Err(_), []) => {}
                (Ok(()), [(.., payload, missing)]) => {
                    // A tunnel whose content is cut short counts as a datagram.
                    let whole = payload.len() + usize::try_from(*missing).expect("small");
                    assert!(whole == 6 || whole > 40, "{name} cut at {length}: {whole}");
                }
                other => panic!("{name} cut at {length}: {other:?}"),
            }
        }
    }
}

#[test]
fn fragments_are_joined_in_any_order_and_the_first_wins() {
    let whole = tcp(&[b'x'; 100]);
    let pieces = [(0, 48, true), (48, 96, true), (96, 120, false)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut decoder = Decoder::new(1 << 20);
        let mut all = Vec::new();
        for index in order {
            let (start, end, more) = pieces[index];
            let field = u16::try_from(start / 8).expect("small") | if more { 0x2000 } else { 0 };
            let packet = ipv4_fragment(6, field, &whole[start..end]);
            all.extend(decode_with(&mut decoder, 228, &packet).1);
        }
        let [(.., payload, 0)] = all.as_slice() else { panic!("{order:?}: {all:?}") };
        assert_eq!(payload, &[b'x'; 100]);
        assert_eq!(decoder.incomplete(), 0);
    }
}

#[test]
fn fragments_that_never_become_whole_are_bounded_and_counted() {
    let mut decoder = Decoder::new(100_000);
    for identification in 0..10_000_u16 {
        let mut packet = ipv4_fragment(6, 0x2000, &[0; 64]);
        packet[4..6].copy_from_slice(&identification.to_be_bytes());
        assert_eq!(decode_with(&mut decoder, 228, &packet).0, Err(Reason::Fragment));
    }
    assert_eq!(decoder.incomplete(), 10_000);
}

#[test]
fn tunnels_have_a_floor() {
    let mut packet = ipv4(6, &tcp(b"deep"));
    for _ in 0..500 {
        packet = ipv4(4, &packet);
    }
    assert_eq!(decode(228, &packet), (Err(Reason::TooDeep), Vec::new()));
    let mut frame = ethernet(0x0800, &ipv4(6, &tcp(b"deep")));
    for _ in 0..500 {
        frame = ethernet(0x6558, &frame);
    }
    assert_eq!(decode(1, &frame), (Err(Reason::TooDeep), Vec::new()));
}
