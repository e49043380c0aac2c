//! From records to handshake messages.

use crate::ParseError;

/// Bytes of a header: type and length.
const HEADER: usize = 4;

/// One handshake message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeMessage {
    /// `HandshakeType`: 1 `client_hello`, 2 `server_hello`, 4 `new_session_ticket`, 8
    /// `encrypted_extensions`, 11 `certificate`, 12 `server_key_exchange`, 13
    /// `certificate_request`, 14 `server_hello_done`, 15 `certificate_verify`, 16
    /// `client_key_exchange`, 20 `finished`, 24 `key_update`.
    pub kind: u8,
    /// Without type and length.
    pub body: Vec<u8>,
}

/// Joins fragments of handshake records into messages, and splits those that share a record.
///
/// A message longer than `LARGEST` is an error, and stays one; fragments that are pushed afterwards
/// are not kept.
#[derive(Debug, Default)]
pub struct HandshakeJoiner {
    buffer: Vec<u8>,
    /// Bytes of the buffer that were handed out.
    taken: usize,
    failed: Option<ParseError>,
}

impl HandshakeJoiner {
    /// Largest message, in bytes: more than any real chain of certificates.
    pub const LARGEST: usize = 256 * 1024;

    /// Takes the plaintext of a handshake record.
    pub fn push(&mut self, fragment: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        self.buffer.drain(..self.taken);
        self.taken = 0;
        self.buffer.extend(fragment);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    ///
    /// When a message is too long. `ParseError::offset` counts from the start of that message.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<HandshakeMessage>, ParseError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let pending = self.pending();
        let Some(&[kind, high, middle, low]) = pending.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        if length > Self::LARGEST {
            let error = ParseError { what: "a handshake message is too long", offset: 1 };
            self.failed = Some(error.clone());
            self.buffer = Vec::new();
            self.taken = 0;
            return Err(error);
        }
        let end = HEADER + length;
        let Some(body) = pending.get(HEADER..end) else { return Ok(None) };
        let message = HandshakeMessage { kind, body: body.to_vec() };
        self.taken += end;
        Ok(Some(message))
    }

    /// Bytes that are held and not yet a message.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.get(self.taken..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
