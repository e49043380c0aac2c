//! Both directions of a TCP connection: plain bytes until TLS shows, then a session.

use hallmark_tls::ssl2;

use crate::{
    Layer, Protocol, Side,
    recognise::{self, Sample},
    session::{Ears, Looks, Session, looks_like_record},
};

/// What two sides say to each other. Directions are numbered: 0 sent the first packet.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    samples: [Sample; 2],
    /// Bytes that may become the beginning of a hello.
    heads: [Vec<u8>; 2],
    /// Bytes that went by, by direction.
    pub(crate) bytes: [u64; 2],
    /// Which direction is the client's.
    client: usize,
    /// Whether that is known from a SYN, or has been told to the listener.
    decided: bool,
    /// Whether it turned out to be the other way round after that.
    pub(crate) turned: bool,
    session: Option<Box<Session>>,
    starttls: Option<&'static str>,
}

/// What a conversation came to.
pub(crate) struct Conclusion {
    pub(crate) protocol: Protocol,
    pub(crate) session: Option<Box<Session>>,
    pub(crate) starttls: Option<&'static str>,
}

impl Conversation {
    /// Which direction is the client's.
    pub(crate) fn client(&self) -> usize {
        self.client
    }

    /// About how many bytes are held for what is not yet whole.
    pub(crate) fn held(&self) -> usize {
        let heads = self.heads.iter().map(Vec::len).sum::<usize>();
        heads + self.session.as_ref().map_or(0, |session| session.held())
    }

    /// Gives up what is not yet whole.
    pub(crate) fn shed(&mut self) {
        self.heads = Default::default();
        if let Some(session) = &mut self.session {
            session.shed();
        }
    }

    /// A SYN tells who began.
    pub(crate) fn client_is(&mut self, direction: usize) {
        if !self.decided {
            self.client = direction;
            self.decided = true;
        }
    }

    /// The next bytes of a direction; they begin where a segment began.
    pub(crate) fn take(&mut self, direction: usize, bytes: &[u8], ears: &mut Ears<'_>) {
        if !self.decided {
            self.decide(direction, bytes);
        }
        let side = self.side(direction);
        let offset = self.bytes.get(direction).copied().unwrap_or_default();
        ears.listener.bytes(ears.flow, side, Layer::Raw, offset, bytes);
        if let Some(count) = self.bytes.get_mut(direction) {
            *count = count.saturating_add(bytes.len() as u64);
        }
        match &mut self.session {
            Some(session) => session.bytes(side, bytes, ears),
            None => self.look(direction, bytes, ears),
        }
    }

    /// Bytes are missing in a direction.
    pub(crate) fn gap(&mut self, direction: usize, bytes: u64, ears: &mut Ears<'_>) {
        let side = self.side(direction);
        ears.listener.gap(ears.flow, side, Layer::Raw);
        if let Some(count) = self.bytes.get_mut(direction) {
            *count = count.saturating_add(bytes);
        }
        if let Some(head) = self.heads.get_mut(direction) {
            head.clear();
        }
        if let Some(session) = &mut self.session {
            session.gap(side, ears);
        }
    }

    /// Nothing more comes.
    pub(crate) fn conclude(self) -> Conclusion {
        let [one, other] = &self.samples;
        let protocol = match &self.session {
            Some(_) => Protocol::Tls,
            None => recognise::stream(one, other),
        };
        Conclusion { protocol, session: self.session, starttls: self.starttls }
    }

    fn side(&self, direction: usize) -> Side {
        if direction == self.client { Side::Client } else { Side::Server }
    }

    /// Without a SYN: a server answers with a hello or a status line, a client does not.
    fn decide(&mut self, direction: usize, bytes: &[u8]) {
        self.decided = true;
        let found = Found::at(bytes, true);
        if matches!(found, Found::ServerHello) || bytes.starts_with(b"HTTP/1.") {
            self.client = 1 - direction;
        } else if matches!(found, Found::ClientHello | Found::OldClientHello) {
            self.client = direction;
        }
    }

    /// Looks whether TLS begins here.
    fn look(&mut self, direction: usize, bytes: &[u8], ears: &mut Ears<'_>) {
        let Some(head) = self.heads.get_mut(direction) else { return };
        let mut head = std::mem::take(head);
        head.extend_from_slice(bytes);
        let first = self.samples.get(direction).is_none_or(Sample::is_empty);
        let client = match Found::at(&head, first) {
            Found::No => {
                if let Some(sample) = self.samples.get_mut(direction) {
                    sample.add(&head);
                }
                return;
            }
            Found::TooShort => {
                if let Some(place) = self.heads.get_mut(direction) {
                    *place = head;
                }
                return;
            }
            Found::ClientHello | Found::OldClientHello => direction,
            Found::ServerHello => 1 - direction,
            Found::Records => self.client,
        };
        if client != self.client {
            self.client = client;
            self.turned = self.bytes.iter().sum::<u64>() > bytes.len() as u64;
            // What follows goes on under the other name: nothing continues what was heard.
            for side in [Side::Client, Side::Server] {
                ears.listener.gap(ears.flow, side, Layer::Raw);
            }
        }
        self.begin(direction, &head, ears);
    }

    fn begin(&mut self, direction: usize, head: &[u8], ears: &mut Ears<'_>) {
        let side = self.side(direction);
        let [one, other] = &self.samples;
        let (client, server) = if self.client == 0 { (one, other) } else { (other, one) };
        let is_hello = !matches!(Found::at(head, true), Found::Records);
        if is_hello && !(one.is_empty() && other.is_empty()) {
            self.starttls = Some(recognise::starttls(client, server));
        }
        let (mut session, rest) = match Self::old_form(head) {
            Some(rest) => (Session::old_form(), rest),
            None => (Session::default(), head),
        };
        session.in_step(side);
        session.bytes(side, rest, ears);
        // What the other side has said so far, and may be the beginning of a record.
        if let Some(head) = self.heads.get_mut(1 - direction) {
            let head = std::mem::take(head);
            let other_side = if side == Side::Client { Side::Server } else { Side::Client };
            session.bytes(other_side, &head, ears);
        }
        self.session = Some(Box::new(session));
    }

    /// What follows a hello in the form of SSLv2, if it is one.
    fn old_form(head: &[u8]) -> Option<&[u8]> {
        if head.first().is_none_or(|first| *first < 0x80) {
            return None;
        }
        let (_, length) = ssl2::parse_client_hello(head).ok()??;
        head.get(length..)
    }
}

/// What begins with these bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    No,
    TooShort,
    ClientHello,
    /// A hello in the form of SSLv2.
    OldClientHello,
    ServerHello,
    /// Records in the middle of a session.
    Records,
}

/// A protected record has at least so many bytes with its header.
const CONVINCING: usize = 24;

impl Found {
    fn at(bytes: &[u8], first: bool) -> Self {
        if first && let Some(found) = Self::old_form(bytes) {
            return found;
        }
        match (looks_like_record(bytes), bytes) {
            (Looks::No, _) => Self::No,
            (Looks::TooShort, _) => Self::TooShort,
            (Looks::Yes, [22, ..]) => Self::hello(bytes, first),
            (Looks::Yes, [23, ..]) if follow_each_other(bytes) => Self::Records,
            (Looks::Yes, [20, _, _, 0, 1, 1, ..]) if first => Self::Records,
            (Looks::Yes, [21, _, _, 0, 2, 1 | 2, _]) if first => Self::Records,
            _ => Self::No,
        }
    }

    /// A handshake record with the beginning of a hello.
    fn hello(bytes: &[u8], first: bool) -> Self {
        let length = match bytes.get(3..5) {
            Some(&[high, low]) => u16::from_be_bytes([high, low]),
            _ => return Self::No,
        };
        match bytes.get(5..).unwrap_or_default() {
            [] => Self::TooShort,
            // Fragments so small that nothing more shows: only believed where a stream begins.
            [1, ..] if length < 6 && first => Self::ClientHello,
            [2, ..] if length < 6 && first => Self::ServerHello,
            [1 | 2, rest @ ..] if rest.len() < 5 => Self::TooShort,
            [1, 0 | 1, _, _, 3, 0..=4, ..] => Self::ClientHello,
            [2, 0, _, _, 3 | 0x7e | 0x7f, ..] => Self::ServerHello,
            _ => Self::No,
        }
    }

    fn old_form(bytes: &[u8]) -> Option<Self> {
        let header = matches!(bytes, [0x80..=0xff, _, 1, 0, 2, ..] | [0x80..=0xff, _, 1, 3, _, ..]);
        if !header {
            return None;
        }
        match ssl2::parse_client_hello(bytes) {
            Ok(Some(_)) => Some(Self::OldClientHello),
            Ok(None) if bytes.len() < 1024 => Some(Self::TooShort),
            _ => None,
        }
    }
}

/// Whether records fill the bytes without a break, and enough of them.
fn follow_each_other(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [_, _, _, high, low, ..] = rest {
        if looks_like_record(rest) != Looks::Yes {
            return false;
        }
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        rest = rest.get(length..).unwrap_or_default();
    }
    looks_like_record(rest) != Looks::No && bytes.len() >= CONVINCING
}

#[cfg(test)]
mod tests;
