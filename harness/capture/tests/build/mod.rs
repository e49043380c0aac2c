//! Captures made by hand.

#![allow(dead_code)] // each test file uses its own part

use std::{collections::BTreeMap, path::Path};

use hallmark_capture::{Captured, Layer, Limits, Listener, Side, read};
use hallmark_tls::{CipherSuite, ClientHello, KeyLog, ProtocolVersion};

/// One end of a conversation over IPv4.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct End(pub(crate) u8, pub(crate) u16);

pub(crate) const CLIENT: End = End(1, 40_000);
pub(crate) const SERVER: End = End(2, 443);

pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const RST: u8 = 0x04;
pub(crate) const FIN: u8 = 0x01;

/// A packet of raw IPv4 with a TCP segment.
pub(crate) fn segment(
    from: End,
    to: End,
    flags: u8,
    seq: u32,
    ack: u32,
    payload: &[u8],
) -> Vec<u8> {
    let length = u16::try_from(40 + payload.len()).expect("short").to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, 6, 0, 0];
    packet.extend_from_slice(&[10, 0, 0, from.0, 10, 0, 0, to.0]);
    packet.extend_from_slice(&from.1.to_be_bytes());
    packet.extend_from_slice(&to.1.to_be_bytes());
    packet.extend_from_slice(&seq.to_be_bytes());
    packet.extend_from_slice(&ack.to_be_bytes());
    packet.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend_from_slice(payload);
    packet
}

/// A conversation that keeps its sequence numbers.
pub(crate) struct Talk {
    pub(crate) packets: Vec<Vec<u8>>,
    ends: [End; 2],
    next: [u32; 2],
}

impl Talk {
    /// Begins with a handshake of three segments.
    pub(crate) fn begun() -> Self {
        let mut talk = Self::picked_up();
        talk.send(0, SYN, b"");
        talk.send(1, SYN | ACK, b"");
        talk.send(0, ACK, b"");
        talk
    }

    /// Recorded from somewhere in the middle.
    pub(crate) fn picked_up() -> Self {
        Self { packets: Vec::new(), ends: [CLIENT, SERVER], next: [0xffff_fff0, 5000] }
    }

    pub(crate) fn client(&mut self, payload: &[u8]) -> &mut Self {
        self.say(0, payload)
    }

    pub(crate) fn server(&mut self, payload: &[u8]) -> &mut Self {
        self.say(1, payload)
    }

    fn say(&mut self, from: usize, payload: &[u8]) -> &mut Self {
        for piece in payload.chunks(1400) {
            self.send(from, ACK, piece);
        }
        self
    }

    /// Bytes that were sent and acknowledged, and not recorded.
    pub(crate) fn lose(&mut self, from: usize, bytes: u32) -> &mut Self {
        self.next[from] = self.next[from].wrapping_add(bytes);
        self
    }

    pub(crate) fn send(&mut self, from: usize, flags: u8, payload: &[u8]) {
        let (seq, ack) = (self.next[from], self.next[1 - from]);
        let (source, destination) = (self.ends[from], self.ends[1 - from]);
        self.packets.push(segment(source, destination, flags, seq, ack, payload));
        let length = u32::try_from(payload.len()).expect("short");
        let phantom = u32::from(flags & (SYN | FIN) != 0);
        self.next[from] = seq.wrapping_add(length).wrapping_add(phantom);
    }
}

/// pcap, little-endian, microseconds, raw IP.
pub(crate) fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
    file.extend_from_slice(&101_u32.to_le_bytes());
    for (n, packet) in packets.iter().enumerate() {
        let length = u32::try_from(packet.len()).expect("short");
        let time = 1_700_000_000 + u32::try_from(n).expect("few");
        for field in [time, 250_000, length, length] {
            file.extend_from_slice(&field.to_le_bytes());
        }
        file.extend_from_slice(packet);
    }
    file
}

/// A block of pcapng in either byte order.
pub(crate) fn block(big_endian: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u32::try_from(12 + body.len() + padding).expect("short");
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut block = [word(kind), word(length)].concat();
    block.extend_from_slice(body);
    block.extend_from_slice(&[0; 3][..padding]);
    block.extend_from_slice(&word(length));
    block
}

/// A section of pcapng with one interface of raw IP.
pub(crate) fn section(big_endian: bool) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let header = [&word(0x1a2b_3c4d)[..], &half(1), &half(0), &[0xff; 8]].concat();
    let interface = [&half(101)[..], &half(0), &word(0)].concat();
    [block(big_endian, 0x0a0d_0d0a, &header), block(big_endian, 1, &interface)].concat()
}

/// An enhanced packet block.
pub(crate) fn enhanced(big_endian: bool, packet: &[u8], options: &[u8]) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let length = u32::try_from(packet.len()).expect("short");
    let ticks = 1_700_000_000_250_000_u64;
    let (high, low) = ((ticks >> 32) as u32, (ticks & 0xffff_ffff) as u32);
    let mut body = [0, high, low, length, length].map(word).concat();
    body.extend_from_slice(packet);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend_from_slice(options);
    block(big_endian, 6, &body)
}

/// pcapng, one section.
pub(crate) fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    let blocks = packets.iter().map(|packet| enhanced(false, packet, &[]));
    std::iter::once(section(false)).chain(blocks).flatten().collect()
}

/// A client hello for TLS 1.2, in records.
pub(crate) fn client_hello() -> Vec<u8> {
    let suites = [CipherSuite(0xc02f), CipherSuite(0x009c)];
    ClientHello::offering(ProtocolVersion::Tls12, &suites, Some("chat.example"), [7; 32]).records()
}

/// A server hello for TLS 1.2 with suite 0xc02f and no extensions, in a record.
pub(crate) fn server_hello() -> Vec<u8> {
    let mut hello = vec![22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3];
    hello.extend_from_slice(&[9; 32]);
    hello.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
    hello
}

/// What a listener heard, as text and hexadecimal.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) raw: BTreeMap<(u64, &'static str), Vec<u8>>,
    pub(crate) gaps: Vec<(u64, &'static str, Layer)>,
    pub(crate) datagrams: u64,
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

impl Listener for Heard {
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, _: u64, bytes: &[u8]) {
        if layer == Layer::Raw {
            self.raw.entry((flow, name(side))).or_default().extend_from_slice(bytes);
        }
    }

    fn gap(&mut self, flow: u64, side: Side, layer: Layer) {
        self.gaps.push((flow, name(side), layer));
    }

    fn datagram(&mut self, _: u64, _: Side, _: &[u8]) {
        self.datagrams += 1;
    }
}

/// Writes a file, reads it as a capture, and takes it away again.
pub(crate) fn read_bytes(bytes: &[u8], limits: &Limits) -> (Captured, Heard) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("capture");
    std::fs::write(&path, bytes).expect("a file");
    read_file(&path, limits)
}

pub(crate) fn read_file(path: &Path, limits: &Limits) -> (Captured, Heard) {
    let mut heard = Heard::default();
    let files = [path.to_owned()];
    let captured =
        read(&files, &KeyLog::default(), limits, &mut heard, &mut |_| {}).expect("reads");
    (captured, heard)
}
