//! The file: blocks of pcapng (draft-ietf-opsawg-pcapng), little-endian.

use std::{
    io::{self, Write},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const SECRETS: u32 = 0x0A;

const BYTE_ORDER: u32 = 0x1A2B_3C4D;
/// Packets begin with an IP header.
const LINKTYPE_RAW: u16 = 101;
/// `TLSK`: a TLS key log.
const TLS_KEY_LOG: u32 = 0x544C_534B;

const IF_TSRESOL: u16 = 9;
const NANOSECONDS: u8 = 9;

/// A pcapng file with one interface.
pub(super) struct Pcapng<W> {
    to: W,
    /// Wall clock at the start: from there on time only goes forward.
    started: (u64, Instant),
    packets: u64,
}

impl<W: Write> Pcapng<W> {
    /// Writes the section and interface headers.
    pub(super) fn start(to: W) -> io::Result<Self> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let mut file = Self { to, started: (started, Instant::now()), packets: 0 };
        let unknown_length = u64::MAX.to_le_bytes();
        let version = [1_u16.to_le_bytes(), 0_u16.to_le_bytes()].concat();
        file.block(SECTION_HEADER, &[&BYTE_ORDER.to_le_bytes(), &version, &unknown_length])?;
        let resolution =
            [&IF_TSRESOL.to_le_bytes()[..], &1_u16.to_le_bytes(), &[NANOSECONDS, 0, 0, 0]];
        let end_of_options = [0; 4];
        let no_limit = [0; 4];
        file.block(
            INTERFACE,
            &[
                &LINKTYPE_RAW.to_le_bytes(),
                &[0; 2],
                &no_limit,
                &resolution.concat(),
                &end_of_options,
            ],
        )?;
        Ok(file)
    }

    /// Writes a packet, captured now.
    pub(super) fn packet(&mut self, bytes: &[u8]) -> io::Result<()> {
        let elapsed = u64::try_from(self.started.1.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let now = self.started.0.saturating_add(elapsed);
        let length = length(bytes)?.to_le_bytes();
        self.block(
            PACKET,
            &[
                &[0; 4],
                &((now >> 32) as u32).to_le_bytes(),
                &(now as u32).to_le_bytes(),
                &length,
                &length,
                bytes,
            ],
        )?;
        self.packets += 1;
        Ok(())
    }

    /// Writes lines of a key log.
    pub(super) fn secrets(&mut self, lines: &str) -> io::Result<()> {
        let lines = lines.as_bytes();
        let length = length(lines)?.to_le_bytes();
        self.block(SECRETS, &[&TLS_KEY_LOG.to_le_bytes(), &length, lines])
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Packets so far.
    pub(super) fn packets(&self) -> u64 {
        self.packets
    }

    /// Type and length, the body padded to 32 bits, and the length again.
    fn block(&mut self, kind: u32, parts: &[&[u8]]) -> io::Result<()> {
        let body = parts.concat();
        let padding = body.len().wrapping_neg() % 4;
        let total = length(&body)?.saturating_add(padding as u32 + 12).to_le_bytes();
        self.to.write_all(&kind.to_le_bytes())?;
        self.to.write_all(&total)?;
        self.to.write_all(&body)?;
        self.to.write_all(&[0; 3][..padding])?;
        self.to.write_all(&total)
    }
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput.into())
}
