//! One TCP segment in one IP packet.

use std::net::{IpAddr, SocketAddr};

const TCP: u8 = 6;
const TIME_TO_LIVE: u8 = 64;
const DONT_FRAGMENT: u16 = 0x4000;
/// Five words of 32 bits: no options.
const TCP_HEADER: usize = 20;
const WINDOW: u16 = u16::MAX;

/// Flags of a segment (RFC 9293, section 3.1).
pub(super) mod flags {
    pub(crate) const FIN: u8 = 0x01;
    pub(crate) const SYN: u8 = 0x02;
    pub(crate) const RST: u8 = 0x04;
    pub(crate) const PSH: u8 = 0x08;
    pub(crate) const ACK: u8 = 0x10;
}

/// What a segment says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
    /// Short enough for one packet: a few thousand bytes.
    pub(super) payload: &'a [u8],
}

impl Segment<'_> {
    /// The packet. Both addresses are of one family.
    pub(super) fn packet(&self) -> Vec<u8> {
        let mut tcp = Vec::with_capacity(TCP_HEADER + self.payload.len());
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledged.to_be_bytes());
        tcp.extend([((TCP_HEADER / 4) << 4) as u8, self.flags]);
        tcp.extend(WINDOW.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend(self.payload);
        let sum = checksum(&[&self.pseudo_header(tcp.len()), &tcp]);
        tcp.splice(16..18, sum.to_be_bytes());
        let mut packet = self.ip_header(tcp.len());
        packet.extend(tcp);
        packet
    }

    /// RFC 9293, section 3.1; RFC 8200, section 8.1. Both forms add up to the same sum where the
    /// length fits in 16 bits.
    fn pseudo_header(&self, length: usize) -> Vec<u8> {
        [&octets(self.from)[..], &octets(self.to), &[0, TCP], &(length as u16).to_be_bytes()]
            .concat()
    }

    fn ip_header(&self, length: usize) -> Vec<u8> {
        let (from, to) = (octets(self.from), octets(self.to));
        if self.from.is_ipv6() {
            let length = (length as u16).to_be_bytes();
            return [&[0x60, 0, 0, 0][..], &length, &[TCP, TIME_TO_LIVE], &from, &to].concat();
        }
        let mut header = vec![0x45, 0];
        header.extend((20 + length as u16).to_be_bytes());
        header.extend([0; 2]);
        header.extend(DONT_FRAGMENT.to_be_bytes());
        header.extend([TIME_TO_LIVE, TCP, 0, 0]);
        header.extend(from);
        header.extend(to);
        let sum = checksum(&[&header]);
        header.splice(10..12, sum.to_be_bytes());
        header
    }
}

fn octets(address: SocketAddr) -> Vec<u8> {
    match address.ip() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// RFC 1071. Every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u32 = words
        .map(|word| match word {
            [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
            [high] => u32::from(*high) << 8,
            _ => 0,
        })
        .sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !(((folded & 0xFFFF) + (folded >> 16)) as u16)
}
