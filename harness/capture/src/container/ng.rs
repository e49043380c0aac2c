//! pcapng: sections of blocks.
//!
//! Blocks are cut out of the stream here, and only the kinds that matter are parsed, each as a
//! whole: the readers of `pcap-parser` cannot pass a damaged block, and take a length that is wrong
//! inside a whole block for the end of the file.

use std::io::Read;

use jiff::Timestamp;
use pcap_parser::{
    OptionCode, SecretsType,
    pcapng::{
        parse_decryptionsecretsblock_be, parse_decryptionsecretsblock_le,
        parse_enhancedpacketblock_be, parse_enhancedpacketblock_le,
        parse_interfacedescriptionblock_be, parse_interfacedescriptionblock_le,
        parse_simplepacketblock_be, parse_simplepacketblock_le,
    },
    traits::PcapNGPacketBlock,
};

use super::{Event, LARGEST, Packet, Sink, Window};

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
const DECRYPTION_SECRETS: u32 = 10;

/// Type, length, length again.
const FRAME: u32 = 12;

pub(super) fn walk<R: Read>(window: &mut Window<R>, sink: &mut dyn Sink) -> Result<(), String> {
    let mut section = Section::default();
    loop {
        let position = window.position();
        let start = window.want(12);
        if start.is_empty() {
            return Ok(());
        }
        let cut = || format!("the file ends within a block, which begins at byte {position}");
        let Some((kind, length)) = section.frame(start, sink) else { return Err(cut()) };
        if length < FRAME {
            return Err(format!(
                "a block at byte {position} claims {length} bytes: not read further"
            ));
        }
        // Blocks are padded to four bytes; not every writer counts the padding.
        let padded = u64::from(length).next_multiple_of(4);
        let whole = match usize::try_from(length) {
            Ok(whole) if whole <= LARGEST => whole,
            _ => {
                sink.problem(format!(
                    "a block at byte {position} claims {length} bytes: passed over"
                ));
                if !window.skip(padded) {
                    return Err(cut());
                }
                continue;
            }
        };
        let Some(block) = window.want(whole).get(..whole) else { return Err(cut()) };
        if let Err(what) = section.block(kind, block, position, sink) {
            sink.problem(format!("{what} at byte {position}: passed over"));
        }
        window.skip(padded);
    }
}

/// What later blocks of a section refer to.
#[derive(Default)]
struct Section {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

struct Interface {
    link_type: u32,
    snap_length: u32,
    ticks_per_second: Option<u64>,
    offset: i64,
}

/// More interfaces than any machine has; beyond, they are not told apart.
const MOST_INTERFACES: usize = 65_536;

impl Section {
    /// Kind and length of the block that begins here; a new section begins with its header.
    fn frame(&mut self, start: &[u8], sink: &mut dyn Sink) -> Option<(u32, u32)> {
        let kind = start.get(..4)?;
        if kind == SECTION_HEADER.to_le_bytes() {
            let big_endian = match start.get(8..12)? {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => {
                    sink.problem("a section header without byte-order magic".to_owned());
                    self.big_endian
                }
            };
            *self = Self { big_endian, interfaces: Vec::new() };
        }
        Some((self.u32(kind)?, self.u32(start.get(4..8)?)?))
    }

    fn block(
        &mut self,
        kind: u32,
        block: &[u8],
        position: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        match kind {
            INTERFACE_DESCRIPTION => self.interface(block),
            ENHANCED_PACKET => self.enhanced(block, position, sink),
            SIMPLE_PACKET => self.simple(block, position, sink),
            OBSOLETE_PACKET => self.obsolete(block, position, sink),
            DECRYPTION_SECRETS => self.secrets(block, sink),
            _ => Ok(()),
        }
    }

    fn interface(&mut self, block: &[u8]) -> Result<(), &'static str> {
        let parsed = match self.big_endian {
            true => parse_interfacedescriptionblock_be(block),
            false => parse_interfacedescriptionblock_le(block),
        };
        let description = parsed.map_err(|_| "an interface description that cannot be read")?.1;
        let offset = description
            .options
            .iter()
            .find(|option| option.code == OptionCode::IfTsoffset)
            .and_then(|option| <[u8; 8]>::try_from(option.value()).ok())
            .map_or(0, |bytes| match self.big_endian {
                true => i64::from_be_bytes(bytes),
                false => i64::from_le_bytes(bytes),
            });
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err("one interface too many");
        }
        self.interfaces.push(Interface {
            link_type: u32::try_from(description.linktype.0).unwrap_or(u32::MAX),
            snap_length: description.snaplen,
            ticks_per_second: ticks_per_second(description.if_tsresol),
            offset,
        });
        Ok(())
    }

    fn enhanced(
        &self,
        block: &[u8],
        position: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        let parsed = match self.big_endian {
            true => parse_enhancedpacketblock_be(block),
            false => parse_enhancedpacketblock_le(block),
        };
        let packet = parsed.map_err(|_| "a packet block that cannot be read")?.1;
        let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
        let data = packet.packet_data();
        self.packet(packet.if_id, Some(ticks), data, position, block.len(), sink)
    }

    fn simple(&self, block: &[u8], position: u64, sink: &mut dyn Sink) -> Result<(), &'static str> {
        let parsed = match self.big_endian {
            true => parse_simplepacketblock_be(block),
            false => parse_simplepacketblock_le(block),
        };
        let packet = parsed.map_err(|_| "a simple packet block that cannot be read")?.1;
        let snap_length = self.interfaces.first().map_or(0, |interface| interface.snap_length);
        let data = match usize::try_from(snap_length) {
            Ok(most @ 1..) => packet.packet_data().get(..most).unwrap_or(packet.packet_data()),
            _ => packet.packet_data(),
        };
        self.packet(0, None, data, position, block.len(), sink)
    }

    /// Type 2, obsolete since 2012 and still written; `pcap-parser` does not know it.
    fn obsolete(
        &self,
        block: &[u8],
        position: u64,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        let field = |at: usize| block.get(at..at + 4).and_then(|bytes| self.u32(bytes));
        let read = || {
            let interface = match (self.big_endian, block.get(8..10)?) {
                (true, &[a, b]) => u16::from_be_bytes([a, b]),
                (false, &[a, b]) => u16::from_le_bytes([a, b]),
                _ => return None,
            };
            let ticks = u64::from(field(12)?) << 32 | u64::from(field(16)?);
            let captured = usize::try_from(field(20)?).ok()?;
            let data = block.get(28..block.len() - 4)?.get(..captured)?;
            Some((u32::from(interface), ticks, data))
        };
        let (interface, ticks, data) = read().ok_or("a packet block that cannot be read")?;
        self.packet(interface, Some(ticks), data, position, block.len(), sink)
    }

    fn packet(
        &self,
        interface: u32,
        ticks: Option<u64>,
        data: &[u8],
        position: u64,
        length: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), &'static str> {
        let interface = usize::try_from(interface)
            .ok()
            .and_then(|index| self.interfaces.get(index))
            .ok_or("a packet of an interface that was not described")?;
        sink.event(Event::Packet(Packet {
            link_type: interface.link_type,
            time: ticks.and_then(|ticks| interface.time(ticks)),
            data,
            position: position.saturating_add(length as u64),
        }));
        Ok(())
    }

    fn secrets(&self, block: &[u8], sink: &mut dyn Sink) -> Result<(), &'static str> {
        let parsed = match self.big_endian {
            true => parse_decryptionsecretsblock_be(block),
            false => parse_decryptionsecretsblock_le(block),
        };
        let secrets = parsed.map_err(|_| "decryption secrets that cannot be read")?.1;
        if secrets.secrets_type == SecretsType::TlsKeyLog {
            let length = usize::try_from(secrets.secrets_len).unwrap_or(usize::MAX);
            sink.event(Event::KeyLog(secrets.data.get(..length).unwrap_or(secrets.data)));
        }
        Ok(())
    }

    fn u32(&self, bytes: &[u8]) -> Option<u32> {
        let bytes = <[u8; 4]>::try_from(bytes).ok()?;
        Some(match self.big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        })
    }
}

/// From `if_tsresol`: a power of ten, or of two where the top bit is set.
fn ticks_per_second(resolution: u8) -> Option<u64> {
    match resolution & 0x80 {
        0 => 10_u64.checked_pow(u32::from(resolution)),
        _ => 1_u64.checked_shl(u32::from(resolution & 0x7f)),
    }
}

impl Interface {
    fn time(&self, ticks: u64) -> Option<Timestamp> {
        let per_second = self.ticks_per_second?;
        let seconds = i64::try_from(ticks / per_second).ok()?.checked_add(self.offset)?;
        let rest = u128::from(ticks % per_second) * 1_000_000_000 / u128::from(per_second);
        Timestamp::new(seconds, i32::try_from(rest).ok()?).ok()
    }
}
