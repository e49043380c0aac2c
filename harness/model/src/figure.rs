//! What a report draws: data for figures, derived by suites from their facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Figure {
    /// If the keys leak now, which messages open?
    ForwardSecrecy(ForwardSecrecy),
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
