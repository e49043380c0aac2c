//! Capture files to packets: pcap and pcapng, plain or under gzip.

mod legacy;
mod ng;
mod source;
mod window;

use jiff::Timestamp;

pub(crate) use source::Source;
use window::Window;

/// Largest packet, in bytes. More than any network carries; a file that claims more is damaged.
const LARGEST: usize = 16 << 20;

/// What a capture file holds.
pub(crate) enum Event<'a> {
    /// A packet.
    Packet(Packet<'a>),
    /// A key log inside the capture (a decryption secrets block).
    KeyLog(&'a [u8]),
}

/// A packet, as far as it was captured.
pub(crate) struct Packet<'a> {
    /// `LINKTYPE_…`, from the registry of tcpdump.org.
    pub(crate) link_type: u32,
    /// When it was captured, where the file tells.
    pub(crate) time: Option<Timestamp>,
    /// The bytes that were captured.
    pub(crate) data: &'a [u8],
    /// How many bytes of the file have been read so far.
    pub(crate) position: u64,
}

/// Hears what a file holds, and what is wrong with it.
pub(crate) trait Sink {
    /// Whether packets are of interest, or only key logs.
    fn wants_packets(&self) -> bool;
    /// The next packet or key log.
    fn event(&mut self, event: Event<'_>);
    /// Something is wrong: `packet 17 claims 4294967295 bytes`.
    fn problem(&mut self, line: String);
}

/// Reads a file to its end, or as far as it goes.
pub(crate) fn walk(source: Source, sink: &mut dyn Sink) {
    let mut window = Window::new(source);
    let read = match Format::of(window.want(24)) {
        Format::Legacy if !sink.wants_packets() => Ok(()),
        Format::Legacy => legacy::walk(&mut window, sink),
        Format::Ng => ng::walk(&mut window, sink),
        Format::Empty => Err("the file is empty".to_owned()),
        Format::Other(name) => Err(format!("{name}: not read")),
    };
    if let Err(line) = read {
        sink.problem(line);
    }
    if let Some(error) = window.error() {
        sink.problem(format!("reading ended at byte {}: {error}", window.position()));
    }
}

enum Format {
    Legacy,
    Ng,
    Empty,
    Other(&'static str),
}

impl Format {
    fn of(start: &[u8]) -> Self {
        match start {
            [] => Self::Empty,
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Self::Ng,
            [0xd4, 0xc3, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0xc3, 0xd4, ..]
            | [0x4d, 0x3c, 0xb2, 0xa1, ..]
            | [0xa1, 0xb2, 0x3c, 0x4d, ..]
            | [0x34, 0xcd, 0xb2, 0xa1, ..] => Self::Legacy,
            [0x1f, 0x8b, ..] => Self::Other("compressed with gzip twice"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Other("compressed with zstd"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Other("compressed with lz4"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Self::Other("compressed with xz"),
            [b'B', b'Z', b'h', ..] => Self::Other("compressed with bzip2"),
            [b'P', b'K', 3, 4, ..] => Self::Other("a zip archive"),
            [b's', b'n', b'o', b'o', b'p', 0, ..] => Self::Other("a capture in snoop format"),
            _ => Self::Other("neither pcap nor pcapng"),
        }
    }
}
