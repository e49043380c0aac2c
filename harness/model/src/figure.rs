//! What a report draws: data for figures, derived by suites from their facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Figure {
    /// If the keys leak now, which messages open?
    ForwardSecrecy(ForwardSecrecy),
    /// Which cipher suites does a server accept under which version?
    CipherSuites(CipherSuiteMatrix),
    /// Which traffic was encrypted, and which was not?
    Flows(FlowMap),
    /// What is best told as a table: measured windows, grades, what rests on somebody's word.
    Table(Table),
}

/// A table that stands for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The question that it answers.
    pub title: String,
    /// The columns; the first names the row.
    pub columns: Vec<String>,
    /// Rows of as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
    /// What a reader should take away, one sentence each.
    pub sentences: Vec<String>,
}

/// What a server accepts: versions across, cipher suites down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CipherSuiteMatrix {
    /// Which server.
    pub subject: String,
    /// The columns: versions that are accepted, or of which nothing is known.
    pub versions: Vec<String>,
    /// The rows, in the server's order.
    pub suites: Vec<MatrixRow>,
    /// The same in sentences, one each.
    pub sentences: Vec<String>,
}

/// One cipher suite of a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatrixRow {
    /// Its registered name.
    pub suite: String,
    /// Whether a recorded session stays closed when the server's key leaks later; `None` where the name does
    /// not tell.
    pub ephemeral: Option<bool>,
    /// One for each version.
    pub cells: Vec<Offer>,
}

/// Whether a server accepts something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// It was seen to.
    Accepted,
    /// It was seen not to.
    Refused,
    /// Not observed.
    Unknown,
}

/// What was recorded, by destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowMap {
    /// What was recorded.
    pub subject: String,
    /// One for each destination and kind of protection, those most in need of attention first.
    pub streams: Vec<Stream>,
    /// The same in sentences, one each.
    pub sentences: Vec<String>,
}

/// All flows to one destination with the same protection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// Where to: `192.0.2.1:5222 (chat.example)`.
    pub destination: String,
    /// `TLSv1.3 after STARTTLS`, `http`, `not recognised`.
    pub protocol: String,
    /// How it was protected.
    pub protection: Protection,
    /// How many flows.
    pub flows: u64,
    /// Payload in both directions, in bytes.
    pub bytes: u64,
}

/// How traffic was protected, as far as a recording can tell.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Protection {
    /// Anyone on the way could read it.
    Readable,
    /// Neither readable nor recognised.
    NotAssessed,
    /// Names and addresses of the network itself, not of messages.
    Infrastructure,
    /// Encrypted, by a handshake that was seen.
    Encrypted,
    /// Encrypted, and opened here with the keys that were handed in.
    Opened,
}

/// The forward-secrecy timeline: what a thief of the state at position 0 can read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForwardSecrecy {
    /// Who was tested.
    pub subject: String,
    /// What one position is: `receiving chain`.
    pub unit: String,
    /// The lanes, top to bottom.
    pub lanes: Vec<Lane>,
    /// The same in sentences, one each.
    pub sentences: Vec<String>,
}

/// One kind of message on the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// `delivered before the leak`.
    pub label: String,
    /// Its messages, by position.
    pub marks: Vec<Mark>,
}

/// A message on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Units before (negative) or after (positive) the leak.
    pub position: i32,
    /// Whether the thief can read it.
    pub fate: Fate,
}

/// Whether stolen keys open a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// Observed to stay closed.
    Closed,
    /// Observed to open.
    Open,
    /// Not observed.
    Unknown,
}
