//! A growing window over a stream of bytes.

use std::io::{ErrorKind, Read};

/// A look at the next bytes of a stream. Holds what was asked for and not yet consumed, and a read
/// ahead that fits the second-level cache.
pub(super) struct Window<R> {
    source: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
    exhausted: bool,
    error: Option<std::io::Error>,
}

const READ_AHEAD: usize = 256 << 10;

impl<R: Read> Window<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; READ_AHEAD],
            start: 0,
            end: 0,
            consumed: 0,
            exhausted: false,
            error: None,
        }
    }

    /// The next bytes: at least `wanted`, fewer only where the stream ends before.
    pub(super) fn want(&mut self, wanted: usize) -> &[u8] {
        while self.end - self.start < wanted && !self.exhausted {
            self.fill(wanted);
        }
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves on by at most what `want` showed.
    pub(super) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.end - self.start);
        self.start += bytes;
        self.consumed += bytes as u64;
    }

    /// Moves on, whatever the length. Whether there was so much.
    pub(super) fn skip(&mut self, mut bytes: u64) -> bool {
        while bytes > 0 {
            let here = self.want(1).len();
            if here == 0 {
                return false;
            }
            let step = here.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.consume(step);
            bytes -= step as u64;
        }
        true
    }

    /// How many bytes have been consumed.
    pub(super) fn position(&self) -> u64 {
        self.consumed
    }

    /// What ended the stream early.
    pub(super) fn error(&self) -> Option<&std::io::Error> {
        self.error.as_ref()
    }

    fn fill(&mut self, wanted: usize) {
        if self.start > 0 && self.buffer.len() - self.start < wanted.max(READ_AHEAD / 2) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            // Grows with what is really there, never to what is only claimed.
            let larger = (self.buffer.len() * 2).min(self.start + wanted);
            self.buffer.resize(larger.max(self.end + 1), 0);
        }
        let Some(space) = self.buffer.get_mut(self.end..) else { return };
        match self.source.read(space) {
            Ok(0) => self.exhausted = true,
            Ok(read) => self.end += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                self.error = Some(error);
                self.exhausted = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip(Vec<u8>);

    impl Read for Drip {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            match (to.first_mut(), self.0.pop()) {
                (Some(first), Some(byte)) => {
                    *first = byte;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    #[test]
    fn short_reads_are_joined() {
        let mut window = Window::new(Drip((0..100).rev().collect()));
        assert_eq!(window.want(40), (0..40).collect::<Vec<_>>());
        window.consume(30);
        assert!(window.skip(30));
        assert_eq!(window.want(1000), (60..100).collect::<Vec<_>>());
        assert_eq!(window.position(), 60);
        assert!(!window.skip(41));
    }

    #[test]
    fn a_window_grows_with_the_bytes_not_with_the_claim() {
        let mut window = Window::new(&[7u8; 1000][..]);
        assert_eq!(window.want(16 << 20).len(), 1000);
        assert!(window.buffer.len() <= 2 * READ_AHEAD);
    }
}
