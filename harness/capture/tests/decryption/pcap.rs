//! Recordings as a capture file: the bytes that passed, under headers that are made up.

use std::{fs, path::Path};

/// What passed over one connection, in order: whether the client said it, and what.
pub(crate) type Recording = Vec<(bool, Vec<u8>)>;

/// Longest payload of a packet.
const SEGMENT: usize = 1400;

const CLIENT: [u8; 4] = [192, 0, 2, 1];
const SERVER: [u8; 4] = [192, 0, 2, 2];

/// Port of every server.
pub(crate) const SERVER_PORT: u16 = 443;

/// Port of the first client; the next has the next.
const FIRST_PORT: u16 = 40_000;

const FIN: u8 = 1;
const SYN: u8 = 2;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// Writes a capture of raw IP packets (link type 101), one connection after the other.
pub(crate) fn write(file: &Path, recordings: &[Recording]) {
    let mut bytes = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x0004_0000, 101] {
        bytes.extend(word.to_le_bytes());
    }
    let mut time = 0;
    for (port, recording) in (FIRST_PORT..).zip(recordings) {
        let mut line = Line { bytes: &mut bytes, time: &mut time, port, next: [9000, 1000] };
        line.packet(true, SYN, &[]);
        line.packet(false, SYN | ACK, &[]);
        line.packet(true, ACK, &[]);
        for (client, chunk) in recording {
            for segment in chunk.chunks(SEGMENT) {
                line.packet(*client, PSH | ACK, segment);
            }
        }
        line.packet(false, FIN | ACK, &[]);
        line.packet(true, FIN | ACK, &[]);
    }
    fs::write(file, bytes).unwrap();
}

struct Line<'a> {
    bytes: &'a mut Vec<u8>,
    time: &'a mut u32,
    port: u16,
    /// The next sequence number of the server and of the client.
    next: [u32; 2],
}

impl Line<'_> {
    fn packet(&mut self, client: bool, flags: u8, payload: &[u8]) {
        let ends = [(CLIENT, self.port), (SERVER, SERVER_PORT)];
        let [from, to] = if client { ends } else { [ends[1], ends[0]] };
        let length = u16::try_from(40 + payload.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend(length.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend(from.0);
        packet.extend(to.0);
        packet.extend(from.1.to_be_bytes());
        packet.extend(to.1.to_be_bytes());
        packet.extend(self.next[usize::from(client)].to_be_bytes());
        packet.extend(self.next[usize::from(!client)].to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        *self.time += 1;
        for word in [*self.time, 0, u32::from(length), u32::from(length)] {
            self.bytes.extend(word.to_le_bytes());
        }
        self.bytes.extend(packet);
        let takes_one = u32::from(flags & (SYN | FIN) != 0);
        self.next[usize::from(client)] += u32::try_from(payload.len()).unwrap() + takes_one;
    }
}
