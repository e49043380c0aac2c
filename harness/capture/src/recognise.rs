//! What a conversation speaks, if it is not TLS.

use crate::Protocol;

mod datagram;
mod stream;

pub(crate) use datagram::datagram;
pub(crate) use stream::{Sample, starttls, stream};

/// Whether bytes of one direction are readable, by counts over the first few KiB.
///
/// Low entropy is evidence that something is not encrypted; high entropy is evidence of nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readability {
    seen: usize,
    printable: usize,
    ascii: usize,
}

/// How much is looked at.
const ENOUGH: usize = 4096;
/// Below, chance may look like text that is not printable throughout.
const LEAST: usize = 64;
/// So many bytes are all printable ASCII by chance once in five million times.
const LEAST_PURE: usize = 16;

impl Readability {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let bytes = bytes.get(..ENOUGH.saturating_sub(self.seen)).unwrap_or(bytes);
        self.seen += bytes.len();
        let is_plain = |byte: &&u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t');
        self.ascii += bytes.iter().filter(is_plain).count();
        for chunk in bytes.utf8_chunks() {
            self.printable += chunk
                .valid()
                .chars()
                .filter(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t'))
                .map(char::len_utf8)
                .sum::<usize>();
        }
    }

    /// At least 64 bytes, of which 85 % are printable, or at least 16 that all are.
    pub(crate) fn is_text(self) -> bool {
        let mostly = self.seen >= LEAST && self.printable * 100 >= self.seen * 85;
        mostly || (self.seen >= LEAST_PURE && self.ascii == self.seen)
    }
}

fn starts_with_any(bytes: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| bytes.starts_with(start.as_bytes()))
}

fn contains(bytes: &[u8], what: impl AsRef<[u8]>) -> bool {
    memchr::memmem::find(bytes, what.as_ref()).is_some()
}

fn plaintext(name: &'static str) -> Option<Protocol> {
    Some(Protocol::Plaintext(name))
}

#[cfg(test)]
mod tests;
