//! From a recording and a key log to what was said.

use hallmark_tls::{
    CipherSuite, ClientHello, ContentType, Deframer, ExtensionType, HandshakeJoiner, KeyLog,
    Opener, ProtocolVersion, Record,
    keylog::Label,
    messages::ServerHello,
    opener::{OpenError, Opened, Session12, Side},
};

use crate::recorder::Recording;

const ENCRYPT_THEN_MAC: ExtensionType = ExtensionType(22);
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const FINISHED: u8 = 20;
const KEY_UPDATE: u8 = 24;

/// What both directions carried.
pub(crate) struct Walked {
    client: Direction,
    server: Direction,
}

#[derive(Default)]
struct Direction {
    application: Vec<u8>,
    updates: usize,
}

impl Walked {
    pub(crate) fn application(&self, side: Side) -> &[u8] {
        &self.of(side).application
    }

    pub(crate) fn updates(&self, side: Side) -> usize {
        self.of(side).updates
    }

    fn of(&self, side: Side) -> &Direction {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// Opens everything; panics on what does not open.
pub(crate) fn walk(recording: &Recording, keys: &KeyLog) -> Walked {
    let (client, server) = (records(&recording.client), records(&recording.server));
    let hello = ClientHello::parse(&first_message(&client, CLIENT_HELLO)).expect("a client hello");
    let answer = ServerHello::parse(&first_message(&server, SERVER_HELLO)).expect("a server hello");
    let session = Session { keys, client_random: hello.random, answer };
    match session.answer.version().expect("a version") {
        ProtocolVersion::Tls13 => Walked {
            client: session.tls13(&client, Side::Client),
            server: session.tls13(&server, Side::Server),
        },
        version => Walked {
            client: session.tls12(&client, Side::Client, version),
            server: session.tls12(&server, Side::Server, version),
        },
    }
}

struct Session<'a> {
    keys: &'a KeyLog,
    client_random: [u8; 32],
    answer: ServerHello,
}

impl Session<'_> {
    fn secret(&self, label: Label) -> &[u8] {
        self.keys.secret(label, &self.client_random).expect("a logged secret")
    }

    fn suite(&self) -> CipherSuite {
        self.answer.cipher_suite
    }

    fn tls12(&self, records: &[Record], side: Side, version: ProtocolVersion) -> Direction {
        let mut opener = Opener::tls12(
            &Session12 {
                version,
                suite: self.suite(),
                master_secret: self.secret(Label::ClientRandom),
                client_random: &self.client_random,
                server_random: &self.answer.random,
                encrypt_then_mac: self.answer.extension(ENCRYPT_THEN_MAC).is_some(),
            },
            side,
        )
        .expect("a supported suite");
        let mut direction = Direction::default();
        let clear = |record: &&Record| record.content_type != ContentType::ChangeCipherSpec;
        for (index, record) in records.iter().skip_while(clear).skip(1).enumerate() {
            direction.hear(open(&mut opener, record, index));
        }
        direction
    }

    fn tls13(&self, records: &[Record], side: Side) -> Direction {
        let (handshake, application) = match side {
            Side::Client => (Label::ClientHandshakeTrafficSecret, Label::ClientTrafficSecret0),
            Side::Server => (Label::ServerHandshakeTrafficSecret, Label::ServerTrafficSecret0),
        };
        let opener = |label| Opener::tls13(self.suite(), self.secret(label)).expect("a suite");
        let mut direction = Direction::default();
        let mut joiner = HandshakeJoiner::default();
        let mut current = opener(handshake);
        let protected = |record: &&Record| record.content_type == ContentType::ApplicationData;
        for (index, record) in records.iter().filter(protected).enumerate() {
            let opened = open(&mut current, record, index);
            if opened.content_type == ContentType::Handshake {
                joiner.push(&opened.plaintext);
            }
            while let Some(message) = joiner.next().expect("a message") {
                match message.kind {
                    FINISHED => current = opener(application),
                    KEY_UPDATE => {
                        current.update().expect("of TLS 1.3");
                        direction.updates += 1;
                    }
                    _ => {}
                }
            }
            direction.hear(opened);
        }
        direction
    }
}

impl Direction {
    fn hear(&mut self, opened: Opened) {
        if opened.content_type == ContentType::ApplicationData {
            self.application.extend(opened.plaintext);
        }
    }
}

/// Opens a record after its altered twins were refused.
fn open(opener: &mut Opener, record: &Record, index: usize) -> Opened {
    let length = record.fragment.len();
    for place in [0, index % length, length / 2, length - 1] {
        let mut altered = record.clone();
        altered.fragment[place] ^= 1 << (index % 8);
        assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "byte {place} of {index}");
    }
    let mut altered = record.clone();
    altered.version ^= 1;
    assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "version of {index}");
    let mut altered = record.clone();
    altered.content_type = ContentType::Heartbeat;
    assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "type of {index}");
    for length in [0, length / 2, length - 1] {
        let mut altered = record.clone();
        altered.fragment.truncate(length);
        assert_eq!(opener.open(&altered), Err(OpenError::BadRecord), "{length} of {index}");
    }
    let opened = opener.open(record).unwrap_or_else(|error| panic!("record {index}: {error}"));
    assert_eq!(opener.open(record), Err(OpenError::BadRecord), "{index} played again");
    opened
}

fn records(stream: &[u8]) -> Vec<Record> {
    let mut deframer = Deframer::default();
    deframer.push(stream);
    let mut records = Vec::new();
    while let Some(record) = deframer.next().expect("a record") {
        records.push(record);
    }
    assert_eq!(deframer.pending(), [0; 0], "the stream ends with a record");
    records
}

fn first_message(records: &[Record], kind: u8) -> Vec<u8> {
    let mut joiner = HandshakeJoiner::default();
    for record in records {
        joiner.push(&record.fragment);
        if let Some(message) = joiner.next().expect("a message") {
            assert_eq!(message.kind, kind);
            return message.body;
        }
    }
    panic!("no message")
}
