//! Bytes that may end anywhere.

/// What is left of a packet. Reading past its end yields nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(super) fn u16_le(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub(super) fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    pub(super) fn after(self, bytes: usize) -> Option<Self> {
        self.0.get(bytes..).map(Self)
    }

    pub(super) fn upto(self, bytes: usize) -> Self {
        Self(self.0.get(..bytes).unwrap_or(self.0))
    }

    pub(super) fn len(self) -> usize {
        self.0.len()
    }
}
