//! A TLS session, as it is heard from both sides.

mod hello;
mod keyring;

use hallmark_tls::{
    ContentType, Deframer, ExtensionType, HandshakeJoiner, HandshakeMessage, KeyLog,
    ProtocolVersion, Record, ssl2,
};

use crate::{Handshake, Layer, Listener, Side, problems::Problems};
use hello::{ClientFacts, ServerFacts};
use keyring::Keyring;

/// Whom a session speaks to while it takes bytes.
pub(crate) struct Ears<'a> {
    pub(crate) flow: u64,
    pub(crate) keys: &'a KeyLog,
    pub(crate) listener: &'a mut dyn Listener,
}

/// What is known of a session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) handshake: Handshake,
    pub(crate) opened: u64,
    pub(crate) closed: u64,
    pub(crate) application_bytes: u64,
    pub(crate) problems: Problems,
    /// Whether bytes came that belong to no record.
    pub(crate) strayed: bool,
    client: Option<ClientFacts>,
    server: Option<ServerFacts>,
    /// The same of a handshake inside the session.
    renegotiated: (Option<ClientFacts>, Option<ServerFacts>),
    sides: [Direction; 2],
    /// Whether the client's first flight had the form of SSLv2.
    old_form: bool,
    /// Whether the server answered in SSLv2.
    is_ssl2: bool,
    /// Whether the server has said that its first flight is over, or shown a certificate.
    full_handshake: bool,
    /// Whether the client has sent protected records after the server's hello.
    client_answered: bool,
}

/// One direction of a session.
#[derive(Debug, Default)]
struct Direction {
    deframer: Deframer,
    /// Whether the deframer stands at a record.
    in_step: bool,
    /// Whether bytes were missing.
    cut: bool,
    /// Bytes that may become the beginning of a record.
    pending: Vec<u8>,
    joiner: HandshakeJoiner,
    /// Handshake messages inside protected records.
    inner: HandshakeJoiner,
    /// Bytes given to both joiners since a message was whole.
    joining: usize,
    /// Whether `ChangeCipherSpec` was seen (TLS 1.2 and earlier).
    protected: bool,
    /// Whether `ChangeCipherSpec` was seen, and what it means depends on a hello that was not.
    uncertain: bool,
    keyring: Keyring,
    /// Bytes of application data that were opened.
    decrypted: u64,
    /// Whether the last record stayed closed, so that the opened stream has a gap.
    interrupted: bool,
}

impl Direction {
    fn held(&self) -> usize {
        self.deframer.pending().len() + self.pending.len() + self.joining
    }
}

/// Alerts kept: more than honest sides send in clear.
const MOST_ALERTS: usize = 16;
/// The largest `SERVER-HELLO` of SSLv2 is 32 KiB.
const LARGEST_SSL2: usize = 33_000;

impl Session {
    /// A session whose client began in the form of SSLv2; its hello is not among the bytes that
    /// follow.
    pub(crate) fn old_form() -> Self {
        let handshake = Handshake { client_hello: true, ..Handshake::default() };
        let client = Some(ClientFacts::default());
        Self { old_form: true, handshake, client, ..Self::default() }
    }

    /// The direction begins, or goes on, exactly at a record.
    pub(crate) fn in_step(&mut self, side: Side) {
        self.direction(side).in_step = true;
    }

    /// About how many bytes are held for messages that are not yet whole.
    pub(crate) fn held(&self) -> usize {
        self.sides.iter().map(Direction::held).sum()
    }

    /// Gives up messages that are not yet whole.
    pub(crate) fn shed(&mut self) {
        for direction in &mut self.sides {
            direction.joiner = HandshakeJoiner::default();
            direction.inner = HandshakeJoiner::default();
            direction.joining = 0;
            direction.pending = Vec::new();
        }
        self.problems.add("unfinished messages were given up: too much is held");
    }

    /// Takes the next bytes of one side.
    pub(crate) fn bytes(&mut self, side: Side, bytes: &[u8], ears: &mut Ears<'_>) {
        if self.is_ssl2 {
            return;
        }
        if !self.direction(side).in_step {
            self.seek(side, bytes, ears);
            return;
        }
        self.direction(side).deframer.push(bytes);
        loop {
            match self.direction(side).deframer.next() {
                Ok(Some(record)) => self.record(side, &record, ears),
                Ok(None) => return,
                Err(_) => {
                    self.stray(side);
                    self.lose_step(side);
                    return;
                }
            }
        }
    }

    /// Bytes are missing.
    pub(crate) fn gap(&mut self, side: Side, ears: &mut Ears<'_>) {
        self.lose_step(side);
        let direction = self.direction(side);
        direction.cut = true;
        if !direction.keyring.is_empty() && !direction.interrupted {
            direction.interrupted = true;
            ears.listener.gap(ears.flow, side, Layer::Decrypted);
        }
    }

    fn direction(&mut self, side: Side) -> &mut Direction {
        let [client, server] = &mut self.sides;
        match side {
            Side::Client => client,
            Side::Server => server,
        }
    }

    fn lose_step(&mut self, side: Side) {
        let direction = self.direction(side);
        direction.in_step = false;
        direction.deframer = Deframer::default();
        direction.joiner = HandshakeJoiner::default();
        direction.inner = HandshakeJoiner::default();
        direction.joining = 0;
        direction.pending.clear();
    }

    /// Waits for a segment that begins with a record.
    fn seek(&mut self, side: Side, bytes: &[u8], ears: &mut Ears<'_>) {
        let old_form = self.old_form && side == Side::Server;
        let mut pending = std::mem::take(&mut self.direction(side).pending);
        pending.extend_from_slice(bytes);
        match looks_like_record(&pending) {
            Looks::Yes => {
                self.direction(side).in_step = true;
                self.bytes(side, &pending, ears);
            }
            Looks::TooShort => self.direction(side).pending = pending,
            Looks::No if old_form => match ssl2::parse_server_hello(&pending) {
                Ok(Some((hello, _))) => self.ssl2_server_hello(hello),
                Ok(None) if pending.len() < LARGEST_SSL2 => self.direction(side).pending = pending,
                _ => self.stray(side),
            },
            Looks::No => self.stray(side),
        }
    }

    /// Bytes that belong to no record: a plain answer to a hello. After a gap that is no wonder.
    fn stray(&mut self, side: Side) {
        if self.direction(side).cut {
            return;
        }
        self.strayed = true;
        self.problems.add(format!("bytes of the {} that are no TLS records", name(side)));
    }

    fn ssl2_server_hello(&mut self, hello: ssl2::Ssl2ServerHello) {
        self.is_ssl2 = true;
        self.handshake.version = Some(0x0002);
        if !hello.certificate.is_empty() {
            self.handshake.certificates = vec![hello.certificate];
        }
    }

    fn record(&mut self, side: Side, record: &Record, ears: &mut Ears<'_>) {
        let direction = self.direction(side);
        let is_hello = record.fragment.first() == Some(&1);
        let in_clear = !direction.protected && (!direction.uncertain || is_hello);
        match record.content_type {
            ContentType::ChangeCipherSpec if in_clear => self.change_cipher_spec(side, ears),
            ContentType::Alert if in_clear => self.alert(record),
            ContentType::Handshake if in_clear => self.fragment(side, &record.fragment, ears),
            ContentType::Heartbeat if in_clear => {
                self.problems.add(format!("heartbeat in clear from the {}", name(side)));
            }
            _ => self.protected(side, record, ears),
        }
    }

    fn alert(&mut self, record: &Record) {
        if let [_level, description] = record.fragment.as_slice()
            && self.handshake.alerts.len() < MOST_ALERTS
        {
            self.handshake.alerts.push(*description);
        }
    }

    fn change_cipher_spec(&mut self, side: Side, ears: &mut Ears<'_>) {
        // In TLS 1.3 it means nothing (RFC 8446, appendix D.4).
        let means_nothing = match (&self.server, &self.client) {
            (Some(server), _) => server.is_tls13,
            (None, Some(client)) => client.highest_tls13.is_some(),
            (None, None) => false,
        };
        if means_nothing {
            self.direction(side).uncertain = self.server.is_none();
            return;
        }
        if side == Side::Server && self.server.is_some() && !self.full_handshake {
            self.handshake.resumed = Some(true);
        }
        self.direction(side).protected = true;
        let (Some(client), Some(server)) = (&self.client, &self.server) else { return };
        match Keyring::tls12(client, server, side, ears.keys) {
            Ok(keyring) => self.direction(side).keyring = keyring,
            Err(error) => self.problems.add(error.to_string()),
        }
    }

    /// A fragment of a handshake message in clear.
    fn fragment(&mut self, side: Side, fragment: &[u8], ears: &mut Ears<'_>) {
        let direction = self.direction(side);
        direction.joiner.push(fragment);
        direction.joining = direction.joining.saturating_add(fragment.len());
        loop {
            match self.direction(side).joiner.next() {
                Ok(Some(message)) => {
                    self.direction(side).joining = 0;
                    self.message(side, &message, ears);
                }
                Ok(None) => return,
                Err(error) => {
                    self.problems.add(format!("handshake of the {}: {error}", name(side)));
                    return;
                }
            }
        }
    }

    fn message(&mut self, side: Side, message: &HandshakeMessage, ears: &mut Ears<'_>) {
        match (message.kind, side) {
            (1, Side::Client) => self.client_hello(&message.body, ears),
            (2, Side::Server) => self.server_hello(&message.body, ears),
            (11, Side::Server) => self.certificate(&message.body),
            (12, Side::Server) => self.server_key_exchange(&message.body),
            (14, Side::Server) => self.whole_handshake(),
            (1, Side::Server) | (2, Side::Client) => {
                self.problems.add(format!("hello of the other side from the {}", name(side)));
            }
            _ => {}
        }
    }

    fn protected(&mut self, side: Side, record: &Record, ears: &mut Ears<'_>) {
        self.note_progress(side, record);
        let direction = self.direction(side);
        let Some(opened) = direction.keyring.open(record) else {
            self.stays_closed(side, record, ears);
            return;
        };
        self.opened = self.opened.saturating_add(1);
        match opened.content_type {
            ContentType::ApplicationData => self.plaintext(side, &opened.plaintext, ears),
            ContentType::Handshake => self.inner_fragment(side, &opened.plaintext),
            ContentType::ChangeCipherSpec => self.renew(side, ears),
            ContentType::Alert | ContentType::Heartbeat => {}
        }
    }

    fn plaintext(&mut self, side: Side, plaintext: &[u8], ears: &mut Ears<'_>) {
        let length = plaintext.len() as u64;
        self.application_bytes = self.application_bytes.saturating_add(length);
        let direction = self.direction(side);
        let offset = direction.decrypted;
        direction.decrypted = offset.saturating_add(length);
        direction.interrupted = false;
        if !plaintext.is_empty() {
            ears.listener.bytes(ears.flow, side, Layer::Decrypted, offset, plaintext);
        }
    }

    fn stays_closed(&mut self, side: Side, record: &Record, ears: &mut Ears<'_>) {
        self.closed = self.closed.saturating_add(1);
        if record.content_type == ContentType::ApplicationData {
            let length = record.fragment.len() as u64;
            self.application_bytes = self.application_bytes.saturating_add(length);
        }
        let direction = self.direction(side);
        if direction.keyring.is_empty() {
            return;
        }
        if !std::mem::replace(&mut direction.interrupted, true) {
            ears.listener.gap(ears.flow, side, Layer::Decrypted);
        }
        self.problems
            .add(format!("a record of the {} does not verify under the logged keys", name(side)));
    }

    /// Handshake messages under protection: of TLS 1.3, or of a renegotiation.
    fn inner_fragment(&mut self, side: Side, fragment: &[u8]) {
        let direction = self.direction(side);
        direction.inner.push(fragment);
        direction.joining = direction.joining.saturating_add(fragment.len());
        while let Ok(Some(message)) = self.direction(side).inner.next() {
            self.direction(side).joining = 0;
            let is_tls13 = self.server.as_ref().is_some_and(|server| server.is_tls13);
            match (message.kind, side) {
                (8, Side::Server) if is_tls13 => self.encrypted_extensions(&message.body),
                (11, Side::Server) if is_tls13 => self.certificate(&message.body),
                (24, _) if is_tls13 => self.direction(side).keyring.update(),
                (1 | 2, _) if !is_tls13 => self.hello_again(side, &message),
                _ => {}
            }
        }
    }

    /// After a renegotiation, under the keys that came of it.
    fn renew(&mut self, side: Side, ears: &mut Ears<'_>) {
        self.problems.add("the session was renegotiated");
        let keyring = match &self.renegotiated {
            (Some(client), Some(server)) => Keyring::tls12(client, server, side, ears.keys),
            _ => Ok(Keyring::default()),
        };
        match keyring {
            Ok(keyring) => self.direction(side).keyring = keyring,
            Err(error) => {
                self.direction(side).keyring = Keyring::default();
                self.problems.add(error.to_string());
            }
        }
    }

    /// The handshake has come to its end when application data follows it. In TLS 1.3 everything
    /// is application data from outside: the client's first protected record is its answer, and
    /// what follows that is data or as good as it.
    fn note_progress(&mut self, side: Side, record: &Record) {
        let Some(server) = &self.server else { return };
        if record.content_type != ContentType::ApplicationData {
            return;
        }
        // An alert of TLS 1.3 takes 19 bytes.
        let is_alert = server.is_tls13 && record.fragment.len() == 19;
        if !server.is_tls13 || (self.client_answered && !is_alert) {
            self.handshake.completed = true;
        } else if side == Side::Client && !is_alert {
            self.client_answered = true;
        }
    }

    fn encrypted_extensions(&mut self, body: &[u8]) {
        let Ok(extensions) = hallmark_tls::messages::encrypted_extensions(body) else { return };
        self.handshake.alpn = extensions
            .iter()
            .find(|(kind, _)| *kind == ExtensionType(16))
            .and_then(|(_, body)| String::from_utf8(body.get(3..)?.to_vec()).ok());
    }

    fn protocol_version(&self) -> ProtocolVersion {
        match &self.server {
            Some(server) if server.is_tls13 => ProtocolVersion::Tls13,
            Some(server) => {
                ProtocolVersion::from_wire(server.version).unwrap_or(ProtocolVersion::Tls12)
            }
            None => ProtocolVersion::Tls12,
        }
    }
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

/// Whether bytes can be the beginning of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looks {
    Yes,
    No,
    TooShort,
}

/// By the header: type, version, length.
pub(crate) fn looks_like_record(bytes: &[u8]) -> Looks {
    let fits = match bytes {
        [] => true,
        [kind] => matches!(kind, 20..=24),
        [kind, major] => matches!((kind, major), (20..=24, 3)),
        [kind, major, minor, length @ ..] => {
            let length = match length {
                [high, low, ..] => u16::from_be_bytes([*high, *low]),
                [high] => u16::from_be_bytes([*high, 1]),
                [] => 1,
            };
            matches!((kind, major, minor), (20..=24, 3, 0..=4))
                && (1..=16_384 + 2048).contains(&length)
        }
    };
    match (fits, bytes.len()) {
        (false, _) => Looks::No,
        (true, ..5) => Looks::TooShort,
        (true, _) => Looks::Yes,
    }
}

#[cfg(test)]
mod tests;
