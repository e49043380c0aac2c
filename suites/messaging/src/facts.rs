//! What the messaging suite observed: `facts/messaging.json`.

use std::{collections::BTreeMap, fmt};

use hallmark_driver::{
    Breakage, Outcome,
    protocol::{Class, Warning, ops::HelloAnswer},
};
use hallmark_model::{CheckId, EvidenceRef, candidate::AppSetting, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Everything that the suite observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagingFacts {
    /// Who was driven, and how.
    pub driver: Driver,
    /// One record for each experiment that was planned.
    pub experiments: Vec<Experiment>,
}

/// Who was driven, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Driver {
    /// As the user named it.
    pub name: String,
    /// What it said of itself.
    pub hello: HelloAnswer,
    /// What isolation was in force for its processes.
    pub isolation: Vec<String>,
    /// How users set the app, by its own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, AppSetting>,
    /// Name and version of what stood between app and server as a malicious server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interceptor: Option<String>,
}

/// One experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// `messaging/replay`.
    pub id: CheckId,
    /// Who was tested: name and version.
    pub candidate: String,
    /// The positive twins. All must be as meant, or the outcome means nothing.
    pub control: Vec<Step>,
    /// The steps under test.
    pub outcome: Vec<Step>,
    /// Set where the experiment could not be carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Step>,
    /// What was measured; the form is the experiment's own.
    pub measured: Map<String, Value>,
    /// Every envelope, in the order in which it was made.
    pub evidence: Vec<EvidenceRef>,
}

impl Experiment {
    /// What was measured, in the experiment's own form.
    ///
    /// # Errors
    ///
    /// When it is not of that form.
    pub fn measured<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.measured.clone()))
    }
}

/// One step, and what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What was done, in words.
    pub what: String,
    /// What came of it.
    pub seen: Seen,
    /// The bytes that it was done with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRef>,
    /// What the candidate showed its user meanwhile, on whichever device the step names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// What came of one step. Four answers, and the ways to give none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Seen {
    /// A message was shown.
    Delivered {
        /// Whether its text is what was sent.
        text: Text,
        /// Whether the sender shown is the one who sent it.
        sender: Sender,
        /// Its place in the sender's order, where the protocol authenticates one.
        position: Option<u64>,
    },
    /// The operation was done. It is none that shows messages.
    Done,
    /// A message was handed over and taken, and nothing was shown.
    NothingShown,
    /// The candidate decided against it.
    Refused {
        /// Why, in our vocabulary.
        class: Class,
        /// Why, in the candidate's words.
        detail: Option<String>,
    },
    /// There is no such thing behind this driver.
    Unsupported {
        /// Why not.
        reason: String,
    },
    /// The driver failed, and says so.
    DriverError {
        /// What went wrong.
        message: String,
    },
    /// The driver ended, hung, or broke the protocol.
    Broken {
        /// How.
        how: Broken,
        /// In words.
        message: String,
    },
}

/// A shown text beside the one that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Byte for byte.
    AsSent,
    /// Anything else.
    Different,
}

/// A shown sender beside the real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// The one who sent it.
    Right,
    /// Anybody else.
    Wrong,
}

/// How a driver broke off. None of these is a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Broken {
    /// Its process ended.
    Crashed,
    /// It did not answer in time.
    TimedOut,
    /// What it wrote is not an answer.
    Garbage,
    /// It wrote more than the protocol allows.
    Oversized,
    /// It closed the connection.
    Closed,
}

impl Seen {
    /// Whether the step went as an honest one must: done, or delivered as sent.
    #[must_use]
    pub fn is_as_meant(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::Delivered { text: Text::AsSent, sender: Sender::Right, .. }
        )
    }

    /// Whether a message was shown, whichever.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        matches!(self, Self::Delivered { .. })
    }

    /// Whether the candidate itself decided against it.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// An outcome whose answer shows no message.
    pub fn of<T>(outcome: &Outcome<T>) -> Self {
        match outcome {
            Outcome::Ok(..) => Self::Done,
            Outcome::Refused(refusal) => {
                Self::Refused { class: refusal.class, detail: refusal.detail.as_deref().map(short) }
            }
            Outcome::Unsupported(unsupported) => {
                Self::Unsupported { reason: short(&unsupported.reason) }
            }
            Outcome::Error(fault) => Self::DriverError { message: short(&fault.message) },
            Outcome::Broken(breakage) => Self::Broken {
                how: match breakage {
                    Breakage::Crashed(_) => Broken::Crashed,
                    Breakage::TimedOut(_) => Broken::TimedOut,
                    Breakage::Garbage(_) => Broken::Garbage,
                    Breakage::Oversized(_) => Broken::Oversized,
                    Breakage::Closed => Broken::Closed,
                },
                message: short(&breakage.to_string()),
            },
        }
    }
}

fn short(text: &str) -> String {
    text::one_line(text)
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered { text: Text::AsSent, sender: Sender::Right, .. } => {
                f.write_str("delivered as sent")
            }
            Self::Delivered { text: Text::Different, .. } => {
                f.write_str("delivered with another text")
            }
            Self::Delivered { sender: Sender::Wrong, .. } => {
                f.write_str("delivered under another sender")
            }
            Self::Done => f.write_str("done"),
            Self::NothingShown => f.write_str("nothing was shown"),
            Self::Refused { class, detail: None } => write!(f, "refused ({class})"),
            Self::Refused { class, detail: Some(detail) } => {
                write!(f, "refused ({class}: {detail})")
            }
            Self::Unsupported { reason } => write!(f, "unsupported: {reason}"),
            Self::DriverError { message } => write!(f, "driver error: {message}"),
            Self::Broken { message, .. } => f.write_str(message),
        }
    }
}
