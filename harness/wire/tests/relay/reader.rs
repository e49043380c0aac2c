//! Reads a recording back, with a parser that is not ours, and checks every packet.

use std::{
    collections::BTreeMap,
    fs::File,
    net::SocketAddr,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use pcap_parser::{
    Block, Linktype, PcapBlockOwned, PcapError, PcapNGReader, traits::PcapReaderIterator,
};

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) flows: BTreeMap<(SocketAddr, SocketAddr), Flow>,
    pub(crate) packets: u64,
    pub(crate) secrets: Vec<String>,
}

/// A connection, client to server.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) handshake: Vec<String>,
    pub(crate) forth: Vec<u8>,
    pub(crate) back: Vec<u8>,
    /// Sides that said FIN.
    pub(crate) ended: usize,
    /// The next number of client and server.
    next: [u32; 2],
}

pub(crate) fn read(path: &Path) -> Recording {
    let mut reader = PcapNGReader::new(1 << 20, File::open(path).unwrap()).unwrap();
    let mut recording = Recording::default();
    let mut last = 0;
    loop {
        match reader.next() {
            Ok((used, block)) => {
                let PcapBlockOwned::NG(block) = block else { panic!("a block of old pcap") };
                match block {
                    Block::SectionHeader(header) => assert_eq!(header.major_version, 1),
                    Block::InterfaceDescription(interface) => {
                        assert_eq!(interface.linktype, Linktype::RAW);
                        assert_eq!((interface.if_tsresol, interface.snaplen), (9, 0));
                    }
                    Block::EnhancedPacket(packet) => {
                        let time = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                        assert!(time >= last, "time goes backwards");
                        last = time;
                        assert_eq!(packet.caplen, packet.origlen);
                        recording.packets += 1;
                        recording.add(&packet.data[..packet.caplen as usize]);
                    }
                    Block::DecryptionSecrets(secrets) => {
                        let lines = &secrets.data[..secrets.secrets_len as usize];
                        recording.secrets.push(String::from_utf8(lines.to_vec()).unwrap());
                    }
                    other => panic!("unexpected block {other:?}"),
                }
                reader.consume(used);
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    assert!(now - u128::from(last) < 60_000_000_000, "not of this minute: {last}");
    recording
}

impl Recording {
    fn add(&mut self, packet: &[u8]) {
        let (from, to, tcp) = match packet[0] >> 4 {
            4 => {
                assert_eq!(packet[0], 0x45);
                assert_eq!(sum(&[&packet[..20]]), 0xFFFF, "checksum of the IP header");
                assert_eq!(u16::from_be_bytes([packet[2], packet[3]]) as usize, packet.len());
                let address = |at| <[u8; 4]>::try_from(&packet[at..at + 4]).unwrap().into();
                (address(12), address(16), &packet[20..])
            }
            6 => {
                assert_eq!(u16::from_be_bytes([packet[4], packet[5]]) as usize + 40, packet.len());
                let address = |at| <[u8; 16]>::try_from(&packet[at..at + 16]).unwrap().into();
                (address(8), address(24), &packet[40..])
            }
            other => panic!("IP version {other}"),
        };
        let addresses = if packet[0] >> 4 == 4 { &packet[12..20] } else { &packet[8..40] };
        let length = (tcp.len() as u32).to_be_bytes();
        assert_eq!(sum(&[addresses, &[0, 6], &length, tcp]), 0xFFFF, "checksum of the segment");
        let word = |at| u16::from_be_bytes([tcp[at], tcp[at + 1]]);
        let number = |at| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
        let from = SocketAddr::new(from, word(0));
        let to = SocketAddr::new(to, word(2));
        let payload = &tcp[usize::from(tcp[12] >> 4) * 4..];
        assert!(payload.len() <= 1400);
        self.follow((from, to), tcp[13], [number(4), number(8)], payload);
    }

    /// Checks that the segment is the next one, in order.
    fn follow(
        &mut self,
        (from, to): (SocketAddr, SocketAddr),
        flags: u8,
        [sequence, acknowledged]: [u32; 2],
        payload: &[u8],
    ) {
        let forward = flags == 0x02 || self.flows.contains_key(&(from, to));
        let key = if forward { (from, to) } else { (to, from) };
        let flow = self.flows.entry(key).or_default();
        let (us, them) = if forward { (0, 1) } else { (1, 0) };
        if flags & 0x02 != 0 {
            flow.next[us] = sequence;
        } else {
            assert_eq!(sequence, flow.next[us]);
        }
        if flags & 0x10 != 0 {
            assert_eq!(acknowledged, flow.next[them]);
        }
        flow.next[us] += payload.len() as u32 + u32::from(flags & 0x02 != 0 || flags & 1 != 0);
        flow.ended += usize::from(flags & 1);
        if flow.handshake.len() < 3 {
            let names = [(0x02, "S"), (0x10, "A")];
            let said = names.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name);
            flow.handshake.push(said.collect());
        }
        if forward { &mut flow.forth } else { &mut flow.back }.extend(payload);
    }
}

/// The sum of RFC 1071 over everything: 0xFFFF where the checksum in it is right.
fn sum(parts: &[&[u8]]) -> u16 {
    let all = parts.concat();
    let mut sum: u32 = 0;
    for word in all.chunks(2) {
        sum += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    sum as u16
}
