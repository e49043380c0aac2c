//! Secrets that an endpoint logged (RFC 9850, `SSLKEYLOGFILE`).

use std::{collections::HashMap, fmt};

/// Secrets by label and client random.
///
/// `Debug` counts them and shows none.
#[derive(Clone, Default)]
pub struct KeyLog {
    sessions: HashMap<[u8; 32], Vec<Secret>>,
    secrets: usize,
}

type Secret = (Label, Box<[u8]>);

/// A label of a logged secret that opens records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// The master secret of TLS 1.2 and earlier.
    ClientRandom,
    /// TLS 1.3.
    ClientHandshakeTrafficSecret,
    /// TLS 1.3.
    ServerHandshakeTrafficSecret,
    /// TLS 1.3.
    ClientTrafficSecret0,
    /// TLS 1.3.
    ServerTrafficSecret0,
    /// TLS 1.3, 0-RTT.
    ClientEarlyTrafficSecret,
}

/// What became of the lines of a key log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Secrets taken.
    pub secrets: usize,
    /// Lines with a label that opens no record (`EXPORTER_SECRET`, ECH, unknown ones), and secrets
    /// beyond [`KeyLog::LARGEST`].
    pub other: usize,
    /// Lines that are not of the form.
    pub malformed: usize,
}

impl KeyLog {
    /// Largest number of secrets that are held.
    pub const LARGEST: usize = 4_000_000;
    /// Longest line that is read, in bytes; the longest real ones (`ECH_CONFIG`) are far shorter.
    pub const LONGEST_LINE: usize = 16 * 1024;

    /// Adds the lines of a key log. Comments, empty lines, unknown labels, CRLF and mixed case are
    /// accepted; a line that is none of these is skipped and counted. A secret that is logged
    /// again replaces the earlier one.
    pub fn read(&mut self, text: &[u8]) -> Lines {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut lines = Lines::default();
        for line in text.split(|&byte| byte == b'\n') {
            match read_line(line) {
                Line::Empty => {}
                Line::Secret(label, client_random, secret) => {
                    if self.insert(label, client_random, secret) {
                        lines.secrets += 1;
                    } else {
                        lines.other += 1;
                    }
                }
                Line::Other => lines.other += 1,
                Line::Malformed => lines.malformed += 1,
            }
        }
        lines
    }

    /// The secret of this label for the session that began with this client random.
    #[must_use]
    pub fn secret(&self, label: Label, client_random: &[u8; 32]) -> Option<&[u8]> {
        let known = self.sessions.get(client_random)?;
        known.iter().find(|(of, _)| *of == label).map(|(_, secret)| &**secret)
    }

    /// Whether anything is known of the session.
    #[must_use]
    pub fn knows(&self, client_random: &[u8; 32]) -> bool {
        self.sessions.contains_key(client_random)
    }

    /// How many secrets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there was room for it.
    fn insert(&mut self, label: Label, client_random: [u8; 32], secret: Box<[u8]>) -> bool {
        if let Some(known) = self.sessions.get_mut(&client_random)
            && let Some((_, old)) = known.iter_mut().find(|(of, _)| *of == label)
        {
            *old = secret;
            return true;
        }
        if self.secrets >= Self::LARGEST {
            return false;
        }
        self.secrets += 1;
        self.sessions.entry(client_random).or_default().push((label, secret));
        true
    }
}

impl fmt::Debug for KeyLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyLog")
            .field("sessions", &self.sessions.len())
            .field("secrets", &self.secrets)
            .finish()
    }
}

impl Label {
    fn from_name(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"CLIENT_RANDOM" => Self::ClientRandom,
            b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" => Self::ClientHandshakeTrafficSecret,
            b"SERVER_HANDSHAKE_TRAFFIC_SECRET" => Self::ServerHandshakeTrafficSecret,
            b"CLIENT_TRAFFIC_SECRET_0" => Self::ClientTrafficSecret0,
            b"SERVER_TRAFFIC_SECRET_0" => Self::ServerTrafficSecret0,
            b"CLIENT_EARLY_TRAFFIC_SECRET" => Self::ClientEarlyTrafficSecret,
            _ => return None,
        })
    }

    /// Lengths in bytes: a master secret, or the output of the suite's hash.
    fn allows(self, length: usize) -> bool {
        match self {
            Self::ClientRandom => length == 48,
            _ => matches!(length, 32 | 48),
        }
    }
}

enum Line {
    Empty,
    Secret(Label, [u8; 32], Box<[u8]>),
    Other,
    Malformed,
}

fn read_line(line: &[u8]) -> Line {
    if line.len() > KeyLog::LONGEST_LINE {
        return Line::Malformed;
    }
    let mut words =
        line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty());
    let Some(name) = words.next() else { return Line::Empty };
    if name.starts_with(b"#") {
        return Line::Empty;
    }
    let (Some(first), Some(second), None) = (words.next(), words.next(), words.next()) else {
        return Line::Malformed;
    };
    match Label::from_name(name) {
        Some(label) => read_secret(label, first, second).unwrap_or(Line::Malformed),
        None if is_session_id(name, first, second) => Line::Other,
        None if is_label(name) && is_hex(first) && is_hex(second) => Line::Other,
        None => Line::Malformed,
    }
}

fn read_secret(label: Label, client_random: &[u8], secret: &[u8]) -> Option<Line> {
    let client_random = unhex(client_random)?.try_into().ok()?;
    let secret = unhex(secret)?;
    label.allows(secret.len()).then(|| Line::Secret(label, client_random, secret.into()))
}

/// `RSA Session-ID:… Master-Key:…`, as older tools wrote it: known by the id of the session, which
/// no capture of TLS 1.3 and not every older one shows.
fn is_session_id(name: &[u8], first: &[u8], second: &[u8]) -> bool {
    name == b"RSA"
        && first.strip_prefix(b"Session-ID:").is_some_and(is_hex)
        && second.strip_prefix(b"Master-Key:").is_some_and(is_hex)
}

fn is_label(name: &[u8]) -> bool {
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn is_hex(text: &[u8]) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_hexdigit)
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |&byte: &u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}
