//! What the traffic suite observed: `facts/traffic.json`.
//!
//! No content is in here: a canary is its id and the SHA-256 of its text, a hit is a place.

use hallmark_model::{EvidenceRef, Sha256, text};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that the suite observed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrafficFacts {
    /// Capture files, in the order given.
    pub files: Vec<File>,
    /// Key logs, in the order given.
    pub keylogs: Vec<KeyLog>,
    /// Flows, in the order of their first packets.
    pub flows: Vec<Flow>,
    /// Flows that are not listed, because there were too many.
    pub left_out: LeftOut,
    /// Certificates that servers showed, each once.
    pub certificates: Vec<Certificate>,
    /// Planted texts that nobody but their recipients may see.
    pub canaries: Vec<Planted>,
    /// Texts that must be found for the absence of a canary to mean anything.
    pub controls: Vec<Planted>,
    /// Folders in which the candidate stores what it handles.
    pub storage: Vec<Storage>,
    /// What else went wrong.
    pub problems: Vec<String>,
}

/// A capture file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// As named.
    pub path: String,
    /// Of the whole file.
    pub sha256: Sha256,
    /// Packets in it.
    pub packets: u64,
    /// What was wrong with it, and where.
    pub problems: Vec<String>,
}

/// A key log. Its secrets stay where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyLog {
    /// As named.
    pub path: String,
    /// Secrets that can open records.
    pub secrets: u64,
    /// Lines that are not of the form.
    pub malformed: u64,
    /// What was wrong with it.
    pub problems: Vec<String>,
}

/// A value that was observed, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Observed<T> {
    /// What was observed.
    Known(T),
    /// Why nothing was.
    Unknown(Reason),
}

/// Why something is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words.
    pub unknown: String,
}

impl<T> Observed<T> {
    /// Nothing was observed, because of this.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Reason { unknown: reason.into() })
    }

    /// What was observed, or nothing because of this.
    pub fn or_unknown(value: Option<T>, reason: &str) -> Self {
        value.map_or_else(|| Self::unknown(reason), Self::Known)
    }

    /// What was observed.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// A conversation between two sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Its number over all files, from 1.
    pub id: u64,
    /// What carries it.
    pub transport: Transport,
    /// Who began: `192.0.2.1:50000`, `[2001:db8::1]:50000`.
    pub client: String,
    /// The other side.
    pub server: String,
    /// When its first packet was captured.
    pub first_seen: Observed<Timestamp>,
    /// Packets in both directions.
    pub packets: u64,
    /// Payload, retransmissions not counted.
    pub bytes: Bytes,
    /// What can be said of its content.
    pub content: Content,
    /// What it speaks: `tls`, `http`, `dns`, `quic`, …; absent where that was not recognised.
    pub protocol: Option<String>,
    /// Its TLS handshake, where one was captured.
    pub handshake: Option<Handshake>,
    /// The protocol in which TLS was asked for: `xmpp`, `smtp`, ….
    pub starttls: Option<String>,
    /// What logged keys opened.
    pub decrypted: Decrypted,
    /// Whether bytes that are no TLS records came after TLS had begun, with nothing missing before.
    #[serde(default)]
    pub outside_tls: bool,
    /// What was wrong or missing.
    pub problems: Vec<String>,
}

/// What carries a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// Payload bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// That the client sent.
    pub client: u64,
    /// That the server sent.
    pub server: u64,
}

/// What can be said of a flow's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// There is none.
    Empty,
    /// TLS, from the first byte or after STARTTLS.
    Tls,
    /// Anyone on the way can read it.
    Readable,
    /// Encryption other than TLS over TCP, recognised by its headers: `quic`, `dtls`, `ssh`.
    OtherEncryption,
    /// Neither readable nor recognised. That bytes look random is no evidence of encryption.
    Opaque,
}

/// What a TLS handshake agreed, as far as it was captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// `TLSv1.3`; drafts as `0x7f1c`.
    pub version: Observed<String>,
    /// The suite that the server chose, by its registered name, or `0xABCD`.
    pub cipher_suite: Observed<String>,
    /// The group of the key exchange, by its registered name, or `0xABCD`; null where keys were
    /// agreed without one.
    pub group: Observed<Option<String>>,
    /// The host name that the client asked for; null where it asked for none.
    pub sni: Observed<Option<String>>,
    /// The application protocol that was agreed, or offered first where the answer is closed.
    pub alpn: Observed<Option<String>>,
    /// JA3 of the client hello.
    pub ja3: Observed<String>,
    /// JA4 of the client hello.
    pub ja4: Observed<String>,
    /// Whether an earlier session was resumed.
    pub resumed: Observed<bool>,
    /// Digests of the server's certificates, in the order sent.
    pub certificates: Observed<Vec<Sha256>>,
    /// Whether the server asked for another hello.
    pub hello_retry_request: bool,
    /// Alerts in clear, by their registered names, in order.
    pub alerts: Vec<String>,
    /// Whether it came to its end: application data followed.
    pub completed: bool,
}

/// What logged keys opened of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decrypted {
    /// Records that were opened.
    pub records: u64,
    /// Protected records that stayed closed: no keys, or they did not fit.
    pub failed: u64,
    /// Bytes of application data in protected records, opened or not.
    pub application_bytes: u64,
}

impl Flow {
    /// Whether every protected record was opened, or there was none.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.decrypted.failed == 0
            && (self.decrypted.records > 0 || self.decrypted.application_bytes == 0)
    }
}

/// Flows that are not listed. Up to a bound every flow is; beyond it only those of a kind (content,
/// protocol, handshake, what was opened) that is not there yet, up to a second bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Of a kind that is listed: they change no verdict.
    pub like_others: u64,
    /// Of other kinds: what they would have shown is unknown.
    pub unlike_others: u64,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Its bytes; the digest is its fingerprint.
    pub der: EvidenceRef,
    /// Whose it is.
    pub subject: Observed<String>,
    /// First instant of validity.
    pub not_before: Observed<Timestamp>,
    /// Last instant of validity.
    pub not_after: Observed<Timestamp>,
}

/// A planted text, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Planted {
    /// `canary-1`, `control-1`: in the order given.
    pub id: String,
    /// What it was planted as: `the name of a file`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Of the text, as UTF-8.
    pub sha256: Sha256,
    /// Where it was found, in that order.
    pub found: Vec<Found>,
    /// How often else, where it was found too often to list.
    pub more: u64,
}

/// A place where a planted text was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Where.
    #[serde(rename = "where")]
    pub place: Place,
    /// In which form: `utf-8`, `utf-16le`, `base64`, `percent`, ….
    pub encoding: String,
    /// Of the first byte of that form, in the stream, datagram, file or name.
    pub offset: u64,
}

/// Where a planted text was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// In a flow.
    Flow {
        /// Which.
        flow: u64,
        /// Who sent it.
        side: Side,
        /// In which layer.
        layer: Layer,
    },
    /// In a stored file.
    File {
        /// Which storage, from 0.
        storage: u64,
        /// Within the storage.
        path: String,
    },
    /// In the name of a stored file or folder.
    Name {
        /// Which storage, from 0.
        storage: u64,
        /// Within the storage.
        path: String,
    },
}

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Where in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// In the bytes that went over the wire.
    Raw,
    /// Under TLS, opened with logged keys.
    Decrypted,
}

/// A folder in which the candidate stores what it handles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// As named.
    pub path: String,
    /// Files that were searched to their end.
    pub files: u64,
    /// Files and folders that could not be read.
    pub unreadable: u64,
    /// Links that were not followed, and special files.
    pub skipped: u64,
    /// What was wrong, line by line.
    pub problems: Vec<String>,
}

impl Found {
    /// Whether it is a place in traffic.
    #[must_use]
    pub fn is_in_transit(&self) -> bool {
        matches!(self.place, Place::Flow { .. })
    }

    /// Whether it is a place in storage.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        !self.is_in_transit()
    }

    /// Whether it is a place in the storage of this index.
    #[must_use]
    pub fn is_in_storage(&self, index: u64) -> bool {
        match &self.place {
            Place::Flow { .. } => false,
            Place::File { storage, .. } | Place::Name { storage, .. } => *storage == index,
        }
    }
}

impl Planted {
    /// `canary-3`, or `canary-3 (the name of a file)`.
    pub fn name(&self) -> String {
        let id = text::one_line(&self.id);
        match &self.what {
            Some(what) => format!("{id} ({})", text::one_line(what)),
            None => id,
        }
    }

    /// Places in traffic.
    pub fn in_transit(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.is_in_transit())
    }

    /// Places in storage.
    pub fn at_rest(&self) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(|found| found.is_at_rest())
    }
}
