//! What app and server say to each other: a head in JSON and a body of bytes.
//!
//! ```text
//! head length u32 · body length u32 · head · body
//! ```
//!
//! Integers are big-endian. Every head carries the routing label of the conversation, in both
//! directions: it is the text that must be found in every stream once it is decrypted.

use std::io::{self, Read, Write};

use hallmark_driver::protocol::ops::Prekeys;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Longest body, in bytes.
pub(crate) const MAX_BODY: usize = 2 * 1024 * 1024;

/// A head.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Head<T> {
    /// A label without meaning.
    pub(crate) routing: String,
    /// What is said.
    pub(crate) say: T,
}

/// What an app asks for. What travels in the body is said at each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "op")]
pub(crate) enum Request {
    /// I am here.
    Presence { name: String },
    /// Hand these out to whoever wants to write to me.
    Publish { name: String, prekeys: Box<Prekeys> },
    /// How do I write to this user?
    Prekeys { of: String },
    /// Deliver an envelope: the body.
    Put { from: String, to: String, tag: String },
    /// Is there an envelope for me?
    Get { name: String },
    /// Keep an attachment: the body.
    Upload { name: String },
    /// Give me an attachment.
    Download { name: String },
    /// Show this text in the recipient's notification: the body. No honest app says this.
    Preview { to: String },
}

/// What the server answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "answer")]
pub(crate) enum Answer {
    /// Done.
    Done,
    /// These.
    Prekeys { prekeys: Box<Prekeys> },
    /// An envelope: the body.
    Envelope { from: String, tag: String },
    /// An attachment: the body.
    Attachment,
    /// There is none.
    Nothing,
    /// No.
    Refused { why: String },
}

/// Writes a frame.
pub(crate) fn write<T: Serialize>(
    to: &mut impl Write,
    head: &Head<T>,
    body: &[u8],
) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    let lengths = [length(&head, MAX_HEAD)?.to_be_bytes(), length(body, MAX_BODY)?.to_be_bytes()];
    to.write_all(&[&lengths.concat()[..], &head, body].concat())?;
    to.flush()
}

/// Reads a frame; none, where the other side said all it had to say.
pub(crate) fn read<T: DeserializeOwned>(
    from: &mut impl Read,
) -> io::Result<Option<(Head<T>, Vec<u8>)>> {
    let mut first = [0; 1];
    if from.read(&mut first)? == 0 {
        return Ok(None);
    }
    let mut rest = [0; 7];
    from.read_exact(&mut rest)?;
    let [a] = first;
    let [b, c, d, body @ ..] = rest;
    let head = take(from, [a, b, c, d], MAX_HEAD)?;
    let body = take(from, body, MAX_BODY)?;
    Ok(Some((serde_json::from_slice(&head)?, body)))
}

fn take(from: &mut impl Read, length: [u8; 4], at_most: usize) -> io::Result<Vec<u8>> {
    let length = u32::from_be_bytes(length);
    if length as usize > at_most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame is too long"));
    }
    // Grows with what arrives: a length that is only claimed costs nothing.
    let mut bytes = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn length(bytes: &[u8], at_most: usize) -> io::Result<u32> {
    if bytes.len() > at_most {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame would be too long"));
    }
    Ok(bytes.len() as u32)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(body in vec(any::<u8>(), 0..2000), routing in ".{0,40}") {
            let mut bytes = Vec::new();
            let say = Request::Upload { name: "a".to_owned() };
            write(&mut bytes, &Head { routing: routing.clone(), say }, &body).unwrap();
            let (head, read_body) = read::<Request>(&mut &bytes[..]).unwrap().unwrap();
            prop_assert_eq!((head.routing, read_body), (routing, body));
            for cut in [1, 7, 8, bytes.len() - 1] {
                prop_assert!(read::<Request>(&mut &bytes[..cut]).is_err());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 1..100)) {
            let _ = read::<Request>(&mut &bytes[..]);
        }
    }

    #[test]
    fn nothing_is_the_end_and_too_much_is_an_error() {
        assert!(read::<Request>(&mut &b""[..]).unwrap().is_none());
        let claims = [[0xFF; 4], [0; 4]].concat();
        assert!(read::<Request>(&mut &claims[..]).is_err());
    }
}
