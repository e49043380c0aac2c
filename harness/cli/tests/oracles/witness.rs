//! The server's own answer to one question, in bytes: the arbiter where two scanners differ.
//!
//! Written by hand from the RFCs, and sharing no code with what is tested.

use std::{
    fmt,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use hallmark_tls::{CipherSuite, NamedGroup, ProtocolVersion};

use crate::{
    compare::Item,
    scan::{NAME, Target},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// As much of an answer as is read.
const ENOUGH: usize = 64 * 1024;

/// As many bytes of an answer as are shown: a hello without its extensions.
const SHOWN: usize = 96;

/// What the server said.
pub(crate) struct Answer {
    /// Whether it was a hello that takes what was offered.
    pub(crate) accepted: bool,
    question: Vec<u8>,
    bytes: Vec<u8>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.accepted { "accepts" } else { "refuses" };
        write!(f, "server {word}\n      asked    {}", hex(&self.question))?;
        write!(f, "\n      answered {}", if self.bytes.is_empty() { "nothing" } else { "" })?;
        write!(f, "{}", hex(&self.bytes))
    }
}

/// Offers this item, and nothing else of its kind.
pub(crate) fn ask(target: &Target, item: &Item) -> Answer {
    let put = |question: Vec<u8>, accepts: &dyn Fn(&[u8]) -> bool| {
        let bytes = converse(target, &question).unwrap_or_default();
        Answer { accepted: accepts(&bytes), question, bytes }
    };
    match item {
        Item::Version(ProtocolVersion::Ssl2) => {
            put(ssl2_hello(&SSL2_KINDS.map(|(_, kind)| kind)), &|bytes| takes_ssl2(bytes, None))
        }
        Item::Suite(ProtocolVersion::Ssl2, name) => {
            let kind = ssl2_kind(name);
            put(ssl2_hello(&[kind]), &|bytes| takes_ssl2(bytes, Some(kind)))
        }
        Item::Version(version) => {
            let agreed = |bytes: &[u8]| hello(bytes).is_some_and(|(v, _)| v == version.wire());
            put(Hello::new(*version).bytes(), &agreed)
        }
        Item::Suite(version, name) => {
            let suite = CipherSuite::from_name(name).unwrap_or_else(|| panic!("{name}")).0;
            let question = Hello { suites: vec![suite], ..Hello::new(*version) };
            put(question.bytes(), &|bytes| hello(bytes) == Some((version.wire(), suite)))
        }
        Item::Group(version, name) => {
            let group = NamedGroup::from_name(name).unwrap_or_else(|| panic!("{name}")).0;
            // A curve of the server's certificate has to be among the groups (RFC 8422, 5.1).
            let beside = [&[][..], &[0x0017], &[0x0018], &[0x0019]];
            let offers = beside.map(|beside| Hello::new(*version).with_group(group, beside));
            let mut answers = offers
                .iter()
                .map(|hello| put(hello.bytes(), &|bytes| agreed_group(bytes) == Some(group)));
            let first = answers.next().expect("four offers");
            if first.accepted { first } else { answers.find(|a| a.accepted).unwrap_or(first) }
        }
    }
}

fn converse(target: &Target, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&target.address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    if target.starttls_xmpp {
        write!(
            stream,
            "<?xml version='1.0'?><stream:stream to='{NAME}' version='1.0' \
             xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        )?;
        read_until(&mut stream, b"</stream:features>")?;
        stream.write_all(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")?;
        read_until(&mut stream, b"/>")?;
    }
    stream.write_all(question)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    // Enough is what can be judged, or an alert, or the end.
    while answer.len() < ENOUGH && !is_whole(&answer) && !takes_ssl2(&answer, None) {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(answer)
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> std::io::Result<()> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(end) && seen.len() < ENOUGH {
        stream.read_exact(&mut byte)?;
        seen.push(byte[0]);
    }
    Ok(())
}

/// A `ClientHello` (RFC 5246, 7.4.1.2; RFC 8446, 4.1.2).
struct Hello {
    version: ProtocolVersion,
    suites: Vec<u16>,
    groups: Vec<u16>,
    /// Whether a key share for X25519 is sent along in TLS 1.3.
    share: bool,
}

/// X25519, the NIST curves, X448, finite fields, and the hybrid.
const GROUPS: [u16; 11] =
    [0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x11ec];

const SCHEMES: [u16; 17] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
    0x0501, 0x0601, 0x0203, 0x0201, 0x0202,
];

impl Hello {
    fn new(version: ProtocolVersion) -> Self {
        let of_version =
            |suite: &CipherSuite| suite.is_tls13() == (version == ProtocolVersion::Tls13);
        let suites = CipherSuite::all().filter(of_version).map(|suite| suite.0).collect();
        Self { version, suites, groups: GROUPS.to_vec(), share: true }
    }

    /// This group first, and only suites that need one.
    fn with_group(mut self, group: u16, beside: &[u16]) -> Self {
        self.groups = [&[group], beside].concat();
        self.share = false;
        self.suites.retain(|suite| {
            self.version == ProtocolVersion::Tls13
                || CipherSuite(*suite).name().starts_with("TLS_ECDHE_")
                || (0x0100..0x0200).contains(&group)
                    && CipherSuite(*suite).name().starts_with("TLS_DHE_")
        });
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let legacy = self.version.wire().min(0x0303);
        let mut body = legacy.to_be_bytes().to_vec();
        body.extend([0x77; 32]);
        let id: &[u8] = if self.version == ProtocolVersion::Tls13 { &[0x55; 32] } else { &[] };
        body.extend(counted::<1>(id));
        body.extend(counted::<2>(&list(&self.suites)));
        body.extend([1, 0]);
        if self.version != ProtocolVersion::Ssl3 {
            body.extend(counted::<2>(&self.extensions()));
        }
        let mut message = vec![1];
        message.extend(counted::<3>(&body));
        let mut record = vec![22];
        record.extend(legacy.min(0x0301).to_be_bytes());
        record.extend(counted::<2>(&message));
        record
    }

    fn extensions(&self) -> Vec<u8> {
        let mut name = vec![0];
        name.extend(counted::<2>(NAME.as_bytes()));
        let mut extensions = [
            extension(0, &counted::<2>(&name)),
            extension(10, &counted::<2>(&list(&self.groups))),
            extension(11, &[1, 0]),
            extension(13, &counted::<2>(&list(&SCHEMES))),
            extension(0xff01, &[0]),
        ]
        .concat();
        if self.version == ProtocolVersion::Tls13 {
            let mut shares = Vec::new();
            if self.share {
                shares.extend(0x001d_u16.to_be_bytes());
                // The base point is a public key too.
                let mut point = [0; 32];
                point[0] = 9;
                shares.extend(counted::<2>(&point));
            }
            extensions.extend(extension(43, &[2, 3, 4]));
            extensions.extend(extension(51, &counted::<2>(&shares)));
        }
        extensions
    }
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend(counted::<2>(body));
    bytes
}

fn list(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// The bytes after their count, which takes `WIDTH` bytes.
fn counted<const WIDTH: usize>(bytes: &[u8]) -> Vec<u8> {
    let count = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&count[4 - WIDTH..], bytes].concat()
}

/// The content of handshake records in clear, as far as it came, up to any other record.
fn handshake(mut answer: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    while let [22, 3, _, high, low, rest @ ..] = answer {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        content.extend_from_slice(&rest[..length]);
        answer = &rest[length..];
    }
    content
}

/// The whole messages of a handshake, with their types.
fn messages(answer: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let content = handshake(answer);
    let (mut rest, mut messages) = (&content[..], Vec::new());
    while let [kind, high, mid, low, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *high, *mid, *low]) as usize;
        let Some(body) = after.get(..length) else { break };
        messages.push((*kind, body.to_vec()));
        rest = &after[length..];
    }
    messages
}

/// Whether nothing more in clear is to come: an alert, the end of the first flight, or of what
/// TLS 1.3 says in clear.
fn is_whole(answer: &[u8]) -> bool {
    let is_13 = hello(answer).is_some_and(|(version, _)| version == 0x0304);
    let is_alert = answer.first() == Some(&21) && answer.len() >= 7;
    is_alert || is_13 || messages(answer).iter().any(|(kind, _)| *kind == 14)
}

/// Version and suite of a `ServerHello` or `HelloRetryRequest`.
fn hello(answer: &[u8]) -> Option<(u16, u16)> {
    let (2, body) = messages(answer).into_iter().next()? else { return None };
    let suite = number(body.get(35 + usize::from(*body.get(34)?)..)?)?;
    let version = extensions(&body)?.into_iter().find(|(kind, _)| *kind == 43);
    let version = version.and_then(|(_, body)| number(&body)).or_else(|| number(&body))?;
    Some((version, suite))
}

/// The group of a `key_share` or a `ServerKeyExchange` with a named curve.
fn agreed_group(answer: &[u8]) -> Option<u16> {
    let messages = messages(answer);
    let of_kind = |wanted| messages.iter().find(|(kind, _)| *kind == wanted).map(|(_, body)| body);
    let share = extensions(of_kind(2)?)?.into_iter().find(|(kind, _)| *kind == 51);
    match (share, of_kind(12).map(Vec::as_slice)) {
        (Some((_, body)), _) => number(&body),
        (None, Some([3, named @ ..])) => number(named),
        _ => None,
    }
}

/// The extensions of a `ServerHello`.
fn extensions(body: &[u8]) -> Option<Vec<(u16, Vec<u8>)>> {
    let mut rest = body.get(40 + usize::from(*body.get(34)?)..).unwrap_or_default();
    let mut extensions = Vec::new();
    while let (Some(kind), Some(length)) = (number(rest), rest.get(2..).and_then(number)) {
        let body = rest.get(4..4 + usize::from(length))?;
        extensions.push((kind, body.to_vec()));
        rest = &rest[4 + body.len()..];
    }
    Some(extensions)
}

fn number(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]))
}

/// Cipher kinds of SSLv2, by the names of its specification.
const SSL2_KINDS: [(&str, [u8; 3]); 7] = [
    ("SSL_CK_RC4_128_WITH_MD5", [1, 0, 0x80]),
    ("SSL_CK_RC4_128_EXPORT40_WITH_MD5", [2, 0, 0x80]),
    ("SSL_CK_RC2_128_CBC_WITH_MD5", [3, 0, 0x80]),
    ("SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5", [4, 0, 0x80]),
    ("SSL_CK_IDEA_128_CBC_WITH_MD5", [5, 0, 0x80]),
    ("SSL_CK_DES_64_CBC_WITH_MD5", [6, 0, 0x40]),
    ("SSL_CK_DES_192_EDE3_CBC_WITH_MD5", [7, 0, 0xc0]),
];

fn ssl2_kind(name: &str) -> [u8; 3] {
    let kind = SSL2_KINDS.iter().find(|(known, _)| *known == name);
    kind.unwrap_or_else(|| panic!("{name} is no cipher kind of SSLv2")).1
}

/// A `CLIENT-HELLO` of SSLv2: type, version, three lengths, kinds, no session, a challenge.
fn ssl2_hello(kinds: &[[u8; 3]]) -> Vec<u8> {
    let kinds = kinds.concat();
    let mut message = vec![1, 0, 2];
    message.extend(u16::try_from(kinds.len()).unwrap().to_be_bytes());
    message.extend([0, 0, 0, 16]);
    message.extend(kinds);
    message.extend([0x77; 16]);
    let length = u16::try_from(message.len()).unwrap() | 0x8000;
    [&length.to_be_bytes(), &message[..]].concat()
}

/// Whether an answer is a `SERVER-HELLO` of SSLv2, and takes this kind.
fn takes_ssl2(answer: &[u8], wanted: Option<[u8; 3]>) -> bool {
    let [high, low, message @ ..] = answer else { return false };
    let length = usize::from(u16::from_be_bytes([*high, *low]) & 0x7fff);
    let (true, Some(message)) = (high & 0x80 != 0, message.get(..length)) else { return false };
    let [4, _, _, 0, 2, c1, c2, k1, k2, _, _, rest @ ..] = message else { return false };
    let certificate = usize::from(u16::from_be_bytes([*c1, *c2]));
    let kinds = usize::from(u16::from_be_bytes([*k1, *k2]));
    let kinds = rest.get(certificate..).and_then(|rest| rest.get(..kinds)).unwrap_or_default();
    wanted.is_none_or(|wanted| kinds.chunks(3).any(|kind| kind == wanted))
}

fn hex(bytes: &[u8]) -> String {
    let shown: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let more = bytes.len().saturating_sub(SHOWN);
    if more == 0 { shown } else { format!("{shown}… and {more} more bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_hello_is_read() {
        let mut message = vec![2, 0, 0, 46, 3, 3];
        message.extend([7; 32]);
        message.extend([0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
        let answer = [&[22, 3, 3, 0, 50][..], &message].concat();
        assert_eq!(hello(&answer), Some((0x0304, 0x1301)));
        assert_eq!(hello(&answer[..54]), None);
        assert_eq!(hello(&[21, 3, 3, 0, 2, 2, 40]), None);
    }

    #[test]
    fn an_ssl2_hello_takes_what_it_lists() {
        let mut message = vec![4, 0, 1, 0, 2, 0, 1, 0, 3, 0, 0, 0xaa];
        message.extend([7, 0, 0xc0]);
        let answer = [&[0x80, 15][..], &message].concat();
        assert!(takes_ssl2(&answer, None));
        assert!(takes_ssl2(&answer, Some([7, 0, 0xc0])));
        assert!(!takes_ssl2(&answer, Some([1, 0, 0x80])));
        assert!(!takes_ssl2(&answer[..10], None));
    }

    #[test]
    fn a_hello_says_how_long_it_is() {
        let bytes = Hello::new(ProtocolVersion::Tls12).bytes();
        assert_eq!(usize::from(u16::from_be_bytes([bytes[3], bytes[4]])), bytes.len() - 5);
        let ssl2 = ssl2_hello(&[[1, 0, 0x80]]);
        assert_eq!(usize::from(ssl2[1]), ssl2.len() - 2);
    }
}
