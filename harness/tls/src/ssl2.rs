//! SSLv2: only as much as tells whether somebody still speaks it.
//!
//! After Hickman's specification of 1995, and RFC 5246, appendix E.2, for the form that outlived it.

use crate::{
    CipherSuite, ParseError,
    bytes::{self, Reader},
};

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 4;
const ERROR: u8 = 0;

/// A cipher kind of SSLv2: three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ssl2CipherKind(pub [u8; 3]);

const KINDS: [(Ssl2CipherKind, &str); 7] = [
    (Ssl2CipherKind([0x01, 0x00, 0x80]), "SSL_CK_RC4_128_WITH_MD5"),
    (Ssl2CipherKind([0x02, 0x00, 0x80]), "SSL_CK_RC4_128_EXPORT40_WITH_MD5"),
    (Ssl2CipherKind([0x03, 0x00, 0x80]), "SSL_CK_RC2_128_CBC_WITH_MD5"),
    (Ssl2CipherKind([0x04, 0x00, 0x80]), "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5"),
    (Ssl2CipherKind([0x05, 0x00, 0x80]), "SSL_CK_IDEA_128_CBC_WITH_MD5"),
    (Ssl2CipherKind([0x06, 0x00, 0x40]), "SSL_CK_DES_64_CBC_WITH_MD5"),
    (Ssl2CipherKind([0x07, 0x00, 0xC0]), "SSL_CK_DES_192_EDE3_CBC_WITH_MD5"),
];

impl Ssl2CipherKind {
    /// The kinds of the specification.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().map(|(kind, _)| kind)
    }

    /// The specification's name (`SSL_CK_RC4_128_WITH_MD5`), that of the suite where the kind is one
    /// of later versions, or `0xABCDEF`.
    #[must_use]
    pub fn name(self) -> String {
        let Self([a, b, c]) = self;
        if let Some((_, name)) = KINDS.into_iter().find(|(kind, _)| *kind == self) {
            return name.to_owned();
        }
        match self.suite().map(CipherSuite::name) {
            Some(name) if !name.starts_with("0x") => name.into_owned(),
            _ => format!("0x{a:02X}{b:02X}{c:02X}"),
        }
    }

    /// The suite of a later version that it stands for (RFC 5246, appendix E.2).
    #[must_use]
    pub fn suite(self) -> Option<CipherSuite> {
        match self.0 {
            [0, high, low] => Some(CipherSuite(u16::from_be_bytes([high, low]))),
            _ => None,
        }
    }
}

/// A `CLIENT-HELLO` of SSLv2 that offers SSLv2 itself.
#[must_use]
pub fn client_hello(kinds: &[Ssl2CipherKind], challenge: [u8; 16]) -> Vec<u8> {
    let kinds: Vec<u8> = kinds.iter().flat_map(|kind| kind.0).collect();
    let mut out = Vec::new();
    bytes::vector(&mut out, 2, |out| {
        out.push(CLIENT_HELLO);
        // Lengths of kinds, session id and challenge.
        bytes::words(out, [0x0002, kinds.len() as u16, 0, 16]);
        out.extend(kinds);
        out.extend(challenge);
    });
    if let Some(first) = out.first_mut() {
        // A header of two bytes.
        *first |= 0x80;
    }
    out
}

/// A `CLIENT-HELLO` in SSLv2 form, as old clients send it to offer also later versions
/// (RFC 5246, appendix E.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssl2ClientHello {
    /// The highest version offered, as on the wire.
    pub version: u16,
    /// Kinds, in order.
    pub kinds: Vec<Ssl2CipherKind>,
    /// 16 to 32 bytes where it is valid.
    pub challenge: Vec<u8>,
}

impl Ssl2ClientHello {
    /// What counts as the client's random if a later version comes of it: the challenge, with zeros
    /// before it (RFC 5246, appendix E.2).
    #[must_use]
    pub fn client_random(&self) -> [u8; 32] {
        let mut random = [0; 32];
        let places = random.iter_mut().rev();
        places.zip(self.challenge.iter().rev()).for_each(|(place, byte)| *place = *byte);
        random
    }
}

/// A `SERVER-HELLO` of SSLv2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssl2ServerHello {
    /// `0x0002`.
    pub version: u16,
    /// DER of the certificate.
    pub certificate: Vec<u8>,
    /// The kinds that the server accepts.
    pub kinds: Vec<Ssl2CipherKind>,
}

/// Reads a `CLIENT-HELLO` at the start of a stream: its content, and how many bytes it takes.
/// `None`: not yet complete.
///
/// # Errors
///
/// When the bytes are something else.
pub fn parse_client_hello(stream: &[u8]) -> Result<Option<(Ssl2ClientHello, usize)>, ParseError> {
    let Some((mut body, length)) = message(stream, CLIENT_HELLO)? else { return Ok(None) };
    let version = body.u16(CUT)?;
    if version != 0x0002 && version >> 8 != 0x03 {
        return Err(body.error("the version is unknown"));
    }
    let [kinds, session_id, challenge] = [body.u16(CUT)?, body.u16(CUT)?, body.u16(CUT)?];
    let kinds = self::kinds(body.take(kinds.into(), CUT)?, &body)?;
    body.take(session_id.into(), CUT)?;
    let challenge = body.take(challenge.into(), CUT)?.to_vec();
    body.finish("bytes after the hello")?;
    Ok(Some((Ssl2ClientHello { version, kinds, challenge }, length)))
}

/// Reads a `SERVER-HELLO` at the start of a stream: its content, and how many bytes it takes.
/// `None`: not yet complete.
///
/// # Errors
///
/// When the bytes are something else.
pub fn parse_server_hello(stream: &[u8]) -> Result<Option<(Ssl2ServerHello, usize)>, ParseError> {
    let Some((mut body, length)) = message(stream, SERVER_HELLO)? else { return Ok(None) };
    body.u8(CUT)?; // whether the session is resumed
    body.u8(CUT)?; // type of certificate: 1, X.509
    let version = body.u16(CUT)?;
    if version != 0x0002 {
        return Err(body.error("the version is not SSLv2"));
    }
    let [certificate, kinds, connection] = [body.u16(CUT)?, body.u16(CUT)?, body.u16(CUT)?];
    let certificate = body.take(certificate.into(), CUT)?.to_vec();
    let kinds = self::kinds(body.take(kinds.into(), CUT)?, &body)?;
    body.take(connection.into(), CUT)?;
    body.finish("bytes after the hello")?;
    Ok(Some((Ssl2ServerHello { version, certificate, kinds }, length)))
}

/// The code of an `ERROR` message that is all there is in the stream: 1, no kind in common; 2, no
/// certificate; 4, bad certificate; 6, unsupported type of certificate.
#[must_use]
pub fn parse_error(stream: &[u8]) -> Option<u16> {
    let (mut body, length) = message(stream, ERROR).ok()??;
    let code = body.u16(CUT).ok()?;
    (body.is_empty() && length == stream.len()).then_some(code)
}

const CUT: &str = "the hello is cut short";

/// The body of a message of this type, and how many bytes its record takes. A wrong type is an
/// error as soon as it is there.
fn message(stream: &[u8], kind: u8) -> Result<Option<(Reader<'_>, usize)>, ParseError> {
    let error = |what, offset| Err(ParseError { what, offset });
    if matches!(stream, [20..=24, 3, ..]) {
        return error("a record of a later version", 0);
    }
    let (header, length, padding) = match *stream {
        [a @ 0x80..=0xFF, b, ..] => (2, u16::from_be_bytes([a & 0x7F, b]), 0),
        // The second bit is for security escapes, of which none was ever defined.
        [0x40..=0x7F, ..] => return error("not a record of SSLv2", 0),
        [a @ 0x00..=0x3F, b, padding, ..] => (3, u16::from_be_bytes([a, b]), padding),
        _ => return Ok(None),
    };
    if stream.get(header).is_some_and(|&first| first != kind) {
        return error("another type of message", header);
    }
    let end = header + usize::from(length);
    let Some(content) = usize::from(length).checked_sub(padding.into()).filter(|&rest| rest > 0)
    else {
        return error("the record is empty", 0);
    };
    let Some(record) = stream.get(..end) else { return Ok(None) };
    let mut reader = Reader::new(record.get(..header + content).unwrap_or_default());
    reader.take(header + 1, CUT)?;
    Ok(Some((reader, end)))
}

fn kinds(bytes: &[u8], place: &Reader<'_>) -> Result<Vec<Ssl2CipherKind>, ParseError> {
    let (kinds, rest) = bytes.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(place.error("the list of kinds is not of three bytes each"));
    }
    Ok(kinds.iter().copied().map(Ssl2CipherKind).collect())
}

#[cfg(test)]
mod tests;
