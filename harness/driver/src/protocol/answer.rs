//! The frames around operations.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};
use serde_json::Value;

use super::{Operation, Version, Warning, WarningLine};

/// A request as it stands on the line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Echoed in the answer.
    pub id: u64,
    /// Name of the operation.
    pub op: String,
    /// Its arguments, an object.
    pub args: Value,
}

impl Request {
    /// The request for `args` with this id.
    ///
    /// # Errors
    ///
    /// When the arguments cannot be written as JSON.
    pub fn new<O: Operation>(id: u64, args: &O) -> Result<Self, serde_json::Error> {
        Ok(Self { id, op: O::NAME.to_owned(), args: serde_json::to_value(args)? })
    }
}

/// An answer as it stands on the line: exactly one of the first four is present.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Of the request.
    pub id: u64,
    /// The candidate did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ok: Option<Value>,
    /// The candidate decided against it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// The candidate has no such thing, or the driver cannot reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<Unsupported>,
    /// The driver failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
    /// What the candidate shows its user beside the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<WarningLine>,
    /// Free text for the driver's author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

/// The candidate's own decision against an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// Why, in our vocabulary.
    pub class: Class,
    /// Why, in the candidate's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why a candidate refused.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A signature, MAC or authentication tag does not verify.
    BadSignature,
    /// A public key is not acceptable.
    BadKey,
    /// The message was already delivered, or its key is gone.
    OldMessage,
    /// The key, session or prekey that the input names is not there.
    UnknownKey,
    /// A known peer shows another identity key.
    IdentityChanged,
    /// The sender or recipient is not in the group.
    NotMember,
    /// A rule of the candidate forbids it.
    Policy,
    /// The input cannot be parsed.
    Malformed,
    /// None of these.
    Other,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::BadSignature => "bad-signature",
            Self::BadKey => "bad-key",
            Self::OldMessage => "old-message",
            Self::UnknownKey => "unknown-key",
            Self::IdentityChanged => "identity-changed",
            Self::NotMember => "not-member",
            Self::Policy => "policy",
            Self::Malformed => "malformed",
            Self::Other => "other",
        })
    }
}

/// There is no such operation behind this driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unsupported {
    /// Why not, in a sentence that a report can print.
    pub reason: String,
}

/// The driver's own failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What went wrong.
    pub message: String,
}

/// An answer that breaks the protocol, with the field that does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongAnswer {
    /// Not a JSON object of the right form.
    #[error("the line is not an answer: {0}")]
    Form(String),
    /// Another id than the request's.
    #[error("field `id` is {got}, expected {expected}")]
    Id {
        /// The request's.
        expected: u64,
        /// The answer's.
        got: u64,
    },
    /// Not exactly one of the four.
    #[error(
        "expected exactly one of `ok`, `refused`, `unsupported` and `error`, found {}",
        if found.is_empty() { "none".to_owned() } else { found.join(" and ") }
    )]
    Kinds {
        /// Those present.
        found: Vec<&'static str>,
    },
    /// The value of `ok` is not what the operation answers.
    #[error("field `{path}` of `{op}`: {reason}")]
    Value {
        /// The operation.
        op: &'static str,
        /// The field, from `ok` down.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What an answer says, once it is known to keep the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<T> {
    /// `ok`.
    Ok(T),
    /// `refused`.
    Refused(Refusal),
    /// `unsupported`.
    Unsupported(Unsupported),
    /// `error`.
    Error(Fault),
}

/// An answer whose `ok` is read as a `T`, without a tree of values in between: what a hostile
/// driver can make us hold stays in proportion to the line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Frame<T> {
    id: u64,
    ok: Option<T>,
    refused: Option<Refusal>,
    unsupported: Option<Unsupported>,
    error: Option<Fault>,
    #[serde(default)]
    warnings: Vec<WarningLine>,
    #[serde(rename = "log")]
    _log: Option<String>,
}

/// Reads one line of JSON; on failure says at which field, and why.
fn read_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, (String, String)> {
    let mut json = serde_json::Deserializer::from_slice(line);
    let value = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| (error.path().to_string(), error.inner().to_string()))?;
    json.end().map_err(|error| (".".to_owned(), error.to_string()))?;
    Ok(value)
}

impl Answer {
    /// Reads one line as the answer to request `id` of operation `O`, in this version.
    ///
    /// # Errors
    ///
    /// When the line breaks the protocol; the error names the field.
    pub fn read<O: Operation>(
        version: Version,
        id: u64,
        line: &[u8],
    ) -> Result<(Said<O::Answer>, Vec<Warning>), WrongAnswer> {
        // Serde would take a list for an object whose fields come in order.
        if line.trim_ascii_start().first() == Some(&b'[') {
            return Err(WrongAnswer::Form("expected an object, found a list".to_owned()));
        }
        // The frame first: whose answer it is matters before what it says.
        let frame: Frame<IgnoredAny> = read_line(line).map_err(|(path, reason)| {
            WrongAnswer::Form(match path.as_str() {
                "." => reason,
                field => format!("field `{field}`: {reason}"),
            })
        })?;
        if frame.id != id {
            return Err(WrongAnswer::Id { expected: id, got: frame.id });
        }
        let warnings = frame
            .warnings
            .into_iter()
            .enumerate()
            .map(|(at, line)| {
                line.read(version).map_err(|reason| {
                    WrongAnswer::Form(format!("field `warnings[{at}]`: {reason} in {version}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        match (frame.ok, frame.refused, frame.unsupported, frame.error) {
            (Some(IgnoredAny), None, None, None) => {}
            (None, Some(refusal), None, None) => return Ok((Said::Refused(refusal), warnings)),
            (None, None, Some(unsupported), None) => {
                return Ok((Said::Unsupported(unsupported), warnings));
            }
            (None, None, None, Some(fault)) => return Ok((Said::Error(fault), warnings)),
            (ok, refused, unsupported, error) => {
                let kinds = [
                    ("`ok`", ok.is_some()),
                    ("`refused`", refused.is_some()),
                    ("`unsupported`", unsupported.is_some()),
                    ("`error`", error.is_some()),
                ];
                let found = kinds.into_iter().filter(|(_, there)| *there).map(|(name, _)| name);
                return Err(WrongAnswer::Kinds { found: found.collect() });
            }
        }
        let frame: Frame<O::Answer> = read_line(line)
            .map_err(|(path, reason)| WrongAnswer::Value { op: O::NAME, path, reason })?;
        match frame.ok {
            Some(value) => Ok((Said::Ok(value), warnings)),
            None => Err(WrongAnswer::Kinds { found: Vec::new() }),
        }
    }
}
