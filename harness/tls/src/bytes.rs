//! Reading and writing the vectors of the presentation language (RFC 8446, 3.4).

use crate::ParseError;

/// Reads bytes from the front. Every read that does not fit is an error with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Where `bytes` begin in the message.
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// An error at this place.
    pub(crate) fn error(&self, what: &'static str) -> ParseError {
        ParseError { what, offset: self.offset }
    }

    pub(crate) fn take(
        &mut self,
        length: usize,
        what: &'static str,
    ) -> Result<&'a [u8], ParseError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or_else(|| self.error(what))?;
        self.bytes = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<[u8; N], ParseError> {
        let error = self.error(what);
        self.take(N, what)?.try_into().map_err(|_| error)
    }

    pub(crate) fn u8(&mut self, what: &'static str) -> Result<u8, ParseError> {
        self.array(what).map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self, what: &'static str) -> Result<u16, ParseError> {
        self.array(what).map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self, what: &'static str) -> Result<u32, ParseError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// A vector whose length is written in this many bytes, at most four.
    pub(crate) fn vector(
        &mut self,
        width: usize,
        what: &'static str,
    ) -> Result<Reader<'a>, ParseError> {
        let length =
            self.take(width, what)?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
        let offset = self.offset;
        self.take(length, what).map(|bytes| Reader { bytes, offset })
    }

    /// What is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.bytes
    }

    /// Two-byte values up to the end.
    pub(crate) fn words(mut self, what: &'static str) -> Result<Vec<u16>, ParseError> {
        let mut words = Vec::with_capacity(self.bytes.len() / 2);
        while !self.is_empty() {
            words.push(self.u16(what)?);
        }
        Ok(words)
    }

    /// Nothing may be left.
    pub(crate) fn finish(self, what: &'static str) -> Result<(), ParseError> {
        if self.is_empty() { Ok(()) } else { Err(self.error(what)) }
    }
}

/// Appends a vector whose length is written in this many bytes. A length that does not fit loses
/// its upper bytes.
pub(crate) fn vector(out: &mut Vec<u8>, width: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.resize(start + width, 0);
    fill(out);
    let length = (out.len() - start - width).to_be_bytes();
    out[start..start + width].copy_from_slice(&length[length.len() - width..]);
}

/// Appends two-byte values.
pub(crate) fn words(out: &mut Vec<u8>, words: impl IntoIterator<Item = u16>) {
    words.into_iter().for_each(|word| out.extend(word.to_be_bytes()));
}
