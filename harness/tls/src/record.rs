//! From a byte stream to records.

use crate::ParseError;

/// Bytes of plaintext that a record may hold (RFC 8446, 5.1).
pub(crate) const LARGEST_PLAINTEXT: usize = 1 << 14;

/// Bytes that a protected record may hold (RFC 5246, 6.2.3).
const LARGEST_FRAGMENT: usize = LARGEST_PLAINTEXT + 2048;

/// Bytes of a header: type, version, length.
const HEADER: usize = 5;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentType {
    /// 20
    ChangeCipherSpec,
    /// 21
    Alert,
    /// 22
    Handshake,
    /// 23
    ApplicationData,
    /// 24, RFC 6520
    Heartbeat,
}

impl ContentType {
    /// The type of this number.
    #[must_use]
    pub fn from_wire(wire: u8) -> Option<Self> {
        match wire {
            20 => Some(Self::ChangeCipherSpec),
            21 => Some(Self::Alert),
            22 => Some(Self::Handshake),
            23 => Some(Self::ApplicationData),
            24 => Some(Self::Heartbeat),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub fn wire(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 20,
            Self::Alert => 21,
            Self::Handshake => 22,
            Self::ApplicationData => 23,
            Self::Heartbeat => 24,
        }
    }
}

/// One record: header and fragment, protected or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it carries, or says it carries.
    pub content_type: ContentType,
    /// `legacy_record_version`.
    pub version: u16,
    /// Without the header.
    pub fragment: Vec<u8>,
}

/// Cuts a byte stream into records of SSLv3 and later.
///
/// Holds at most one incomplete record, as long as every whole one is taken before more bytes are
/// pushed. A header that is none (type below 20 or above 24, major version not 3, length above
/// 2^14 + 2048) is an error as soon as its first wrong byte is there, and stays one; bytes that are
/// pushed afterwards are not kept.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out.
    taken: usize,
    /// Bytes of the stream before the buffer.
    before: usize,
    failed: Option<ParseError>,
}

impl Deframer {
    /// Takes bytes as they arrive.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.buffer.drain(..self.taken);
        self.before = self.before.saturating_add(self.taken);
        self.taken = 0;
        self.buffer.extend(bytes);
    }

    /// The next whole record, if there is one.
    ///
    /// # Errors
    ///
    /// When the stream is not one of records. `ParseError::offset` counts from the start of the
    /// stream.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Record>, ParseError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let (content_type, version, length) = match header(self.pending()) {
            Ok(Some(header)) => header,
            Ok(None) => return Ok(None),
            Err(ParseError { what, offset }) => {
                let offset = self.before.saturating_add(self.taken).saturating_add(offset);
                let error = ParseError { what, offset };
                self.failed = Some(error.clone());
                return Err(error);
            }
        };
        let end = HEADER + length;
        let Some(fragment) = self.pending().get(HEADER..end) else { return Ok(None) };
        let record = Record { content_type, version, fragment: fragment.to_vec() };
        self.taken += end;
        Ok(Some(record))
    }

    /// Bytes that are held and not yet a record.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }
}

/// Type, version and length; `None` where the header is not complete, and right so far.
fn header(bytes: &[u8]) -> Result<Option<(ContentType, u16, usize)>, ParseError> {
    let error = |what, offset| Err(ParseError { what, offset });
    let Some(&first) = bytes.first() else { return Ok(None) };
    let Some(content_type) = ContentType::from_wire(first) else {
        return error("the type of a record is unknown", 0);
    };
    if bytes.get(1).is_some_and(|&major| major != 3) {
        return error("the version of a record is unknown", 1);
    }
    let Some(&[_, major, minor, high, low]) = bytes.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LARGEST_FRAGMENT {
        return error("a record is too long", 3);
    }
    Ok(Some((content_type, u16::from_be_bytes([major, minor]), length)))
}

#[cfg(test)]
mod tests;
