//! What happens during a run, as one stream. Reporters and the journal read the same events.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckId, ExitCode, Finding, Headline, Suite};

/// One line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stamped {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// A run begins.
    RunStarted {
        /// Its id.
        run: String,
        /// Version of Hallmark.
        tool: String,
        /// `id/version` of the standard.
        standard: String,
        /// Name and version of the candidate.
        candidate: String,
        /// The seed, hexadecimal.
        seed: String,
        /// How many checks are planned.
        checks: usize,
    },
    /// The candidate begins to do everyday work while a recorder listens.
    SceneStarted {
        /// What it does, in words.
        title: String,
    },
    /// A scene ended.
    SceneFinished {
        /// What was done, in words.
        title: String,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A suite begins to talk to the candidate.
    SuiteStarted {
        /// Which.
        suite: Suite,
        /// Whom it talks to.
        subject: String,
        /// How many probes it will run.
        probes: usize,
    },
    /// A probe begins. Its id is that of the check it feeds.
    ProbeStarted {
        /// Which.
        probe: CheckId,
        /// In words.
        title: String,
    },
    /// A probe ended.
    ProbeFinished {
        /// Which.
        probe: CheckId,
        /// How long it took, in milliseconds.
        millis: u64,
        /// What it saw, in a few words.
        outcome: String,
    },
    /// A check concluded.
    Judged {
        /// In words.
        title: String,
        /// What it concluded.
        finding: Finding,
    },
    /// Something that a person should know, but that is not a verdict.
    Problem {
        /// Where.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// The run ended by itself.
    RunFinished {
        /// The answer.
        headline: Headline,
        /// The exit code that the gate asks for.
        exit: u8,
    },
}

impl Event {
    /// The event that ends a run.
    #[must_use]
    pub fn finished(headline: Headline, exit: ExitCode) -> Self {
        Self::RunFinished { headline, exit: exit.code() }
    }
}
