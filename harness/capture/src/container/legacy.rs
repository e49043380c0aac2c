//! pcap: a header of 24 bytes, then packets.

use std::io::Read;

use jiff::Timestamp;
use pcap_parser::{
    LegacyPcapBlock, PcapError, PcapHeader,
    nom::IResult,
    pcap::{parse_pcap_frame, parse_pcap_frame_be, parse_pcap_frame_modified, parse_pcap_header},
};

use super::{Event, LARGEST, Packet, Sink, Window};

pub(super) fn walk<R: Read>(window: &mut Window<R>, sink: &mut dyn Sink) -> Result<(), String> {
    let Ok((_, header)) = parse_pcap_header(window.want(24)) else {
        return Err("the file ends within its header".to_owned());
    };
    window.consume(24);
    let shape = Shape::of(&header);
    for number in 1_u64.. {
        let Some(packet) = shape.next(window, number)? else { break };
        let (length, position) = (packet.0, window.position());
        let Ok((_, block)) = (shape.parse)(window.want(length)) else {
            return Err(format!("packet {number} at byte {position} cannot be read"));
        };
        sink.event(Event::Packet(Packet {
            link_type: shape.link_type,
            time: shape.time(&block),
            data: block.data,
            position: position + length as u64,
        }));
        window.consume(length);
    }
    Ok(())
}

/// Header and packet together, in bytes.
struct Length(usize);

type Parse = fn(&[u8]) -> IResult<&[u8], LegacyPcapBlock<'_>, PcapError<&[u8]>>;

struct Shape {
    link_type: u32,
    big_endian: bool,
    /// Bytes before the packet: 16, or 24 in the modified format of old Linux kernels.
    header: usize,
    fractions_per_second: u32,
    parse: Parse,
}

impl Shape {
    fn of(header: &PcapHeader) -> Self {
        let modified = header.is_modified_format();
        let big_endian = header.is_bigendian();
        Self {
            // The upper bits say how long the frame check sequence is.
            link_type: header.network.0.cast_unsigned() & 0x03ff_ffff,
            big_endian,
            header: if modified { 24 } else { 16 },
            fractions_per_second: match header.is_nanosecond_precision() {
                true => 1_000_000_000,
                false => 1_000_000,
            },
            parse: match (modified, big_endian) {
                (true, _) => parse_pcap_frame_modified,
                (_, true) => parse_pcap_frame_be,
                (_, false) => parse_pcap_frame,
            },
        }
    }

    /// The length of the next packet with its header; nothing at the end of the file.
    fn next<R: Read>(&self, window: &mut Window<R>, number: u64) -> Result<Option<Length>, String> {
        let position = window.position();
        let start = window.want(self.header);
        if start.is_empty() {
            return Ok(None);
        }
        let cut =
            || format!("the file ends within packet {number}, which begins at byte {position}");
        let Some(&[a, b, c, d]) = start.get(8..12) else { return Err(cut()) };
        let claimed = match self.big_endian {
            true => u32::from_be_bytes([a, b, c, d]),
            false => u32::from_le_bytes([a, b, c, d]),
        };
        let captured = usize::try_from(claimed).unwrap_or(usize::MAX);
        if captured > LARGEST {
            return Err(format!(
                "packet {number} at byte {position} claims {claimed} bytes: not read further"
            ));
        }
        let length = self.header + captured;
        if window.want(length).len() < length {
            return Err(cut());
        }
        Ok(Some(Length(length)))
    }

    fn time(&self, block: &LegacyPcapBlock<'_>) -> Option<Timestamp> {
        let fraction = u64::from(block.ts_usec) * 1_000_000_000;
        let nanoseconds = fraction / u64::from(self.fractions_per_second);
        // Damaged files have fractions of more than a second.
        let seconds = i64::from(block.ts_sec) + i64::try_from(nanoseconds / 1_000_000_000).ok()?;
        Timestamp::new(seconds, i32::try_from(nanoseconds % 1_000_000_000).ok()?).ok()
    }
}
