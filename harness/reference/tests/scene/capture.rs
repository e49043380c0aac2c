//! Streams of a capture, in the simple order in which the relay writes them.

use std::{collections::BTreeMap, fs::File, path::Path};

use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader, traits::PcapReaderIterator};

/// Bytes from the client, bytes from the server.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) forth: Vec<u8>,
    pub(crate) back: Vec<u8>,
}

/// Streams by port of the server and port of the client.
pub(crate) fn streams(path: &Path) -> BTreeMap<(u16, u16), Stream> {
    let mut streams: BTreeMap<(u16, u16), Stream> = BTreeMap::new();
    for packet in packets(path) {
        let (ip, tcp) = packet.split_at(20);
        assert_eq!((ip[0], ip[9]), (0x45, 6));
        let [from, to] = [0, 2].map(|at| u16::from_be_bytes([tcp[at], tcp[at + 1]]));
        let payload = &tcp[20..];
        match streams.get_mut(&(from, to)) {
            Some(stream) => stream.back.extend(payload),
            // The first packet is the client's SYN.
            None => streams.entry((to, from)).or_default().forth.extend(payload),
        }
    }
    streams
}

/// Version and cipher suite of the server hello, where there is one.
pub(crate) fn hello(stream: &Stream) -> Option<(u16, u16)> {
    let back = &stream.back;
    (back.first() == Some(&0x16) && back[5] == 2).then(|| {
        let word = |at: usize| u16::from_be_bytes([back[at], back[at + 1]]);
        let suite = 11 + 32 + 1 + usize::from(back[11 + 32]);
        (word(9), word(suite))
    })
}

fn packets(path: &Path) -> Vec<Vec<u8>> {
    let mut reader = PcapNGReader::new(1 << 20, File::open(path).unwrap()).unwrap();
    let mut packets = Vec::new();
    loop {
        match reader.next() {
            Ok((used, block)) => {
                if let PcapBlockOwned::NG(Block::EnhancedPacket(packet)) = block {
                    packets.push(packet.data[..packet.caplen as usize].to_vec());
                }
                reader.consume(used);
            }
            Err(PcapError::Eof) => return packets,
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }
}
