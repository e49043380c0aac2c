//! Names of suites, checks and requirements.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An area of testing. The one word names the verb, the crate, the facts file and the prefix of
/// its check ids.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// TLS servers, over sockets.
    Server,
    /// TLS clients, against a deviating server.
    Client,
    /// Captured traffic and stores.
    Traffic,
    /// End-to-end encryption, through a driver.
    Messaging,
    /// Known-answer vectors.
    Primitives,
    /// Device configuration.
    Device,
}

impl Suite {
    /// Every suite.
    pub const ALL: [Self; 6] = [
        Self::Server,
        Self::Client,
        Self::Traffic,
        Self::Messaging,
        Self::Primitives,
        Self::Device,
    ];

    /// The one word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Traffic => "traffic",
            Self::Messaging => "messaging",
            Self::Primitives => "primitives",
            Self::Device => "device",
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl FromStr for Suite {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.id() == text)
            .ok_or_else(|| IdError { kind: "suite", text: text.to_owned() })
    }
}

/// A name that is not of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of a {kind}")]
pub struct IdError {
    kind: &'static str,
    text: String,
}

/// The id of a check: `suite/name`, lower case, for instance `messaging/replay`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CheckId {
    suite: Suite,
    text: String,
}

impl CheckId {
    /// The id of a check that one of our own suites defines.
    ///
    /// # Panics
    ///
    /// When `name` is not made of lower-case words joined by hyphens: names are literals.
    #[must_use]
    pub fn of(suite: Suite, name: &str) -> Self {
        format!("{suite}/{name}").parse().expect("check names are literals of the right form")
    }

    /// The suite that decides it.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The part after the suite.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.suite.id().len() + 1..]
    }

    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for CheckId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let refuse = || IdError { kind: "check", text: text.to_owned() };
        let (suite, name) = text.split_once('/').ok_or_else(refuse)?;
        let word = |w: &str| {
            !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if name.split('-').all(word) {
            Ok(Self { suite: suite.parse().map_err(|_| refuse())?, text: text.to_owned() })
        } else {
            Err(refuse())
        }
    }
}

/// The id of a requirement: `DOCUMENT/AREA-n`, for instance `NHS-IM-2018/E2EE-2`.
///
/// The number never changes meaning; a reworded clause gets a new number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequirementId(String);

impl RequirementId {
    /// The whole id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequirementId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let part = |p: &str| {
            !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        };
        match text.split_once('/') {
            Some((document, area)) if part(document) && part(area) => Ok(Self(text.to_owned())),
            _ => Err(IdError { kind: "requirement", text: text.to_owned() }),
        }
    }
}

macro_rules! text_id {
    ($type:ident, $name:literal, $pattern:literal, |$id:ident| $text:expr) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from($id: $type) -> Self {
                $text
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

text_id!(CheckId, "CheckId", "^[a-z]+/[a-z0-9]+(-[a-z0-9]+)*$", |id| id.text);
text_id!(RequirementId, "RequirementId", "^[A-Za-z0-9.-]+/[A-Za-z0-9.-]+$", |id| id.0);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_accept_their_form_and_nothing_else() {
        let id: CheckId = "messaging/bit-flips".parse().unwrap();
        assert_eq!((id.suite(), id.name()), (Suite::Messaging, "bit-flips"));
        for bad in ["replay", "mail/replay", "messaging/", "messaging/A", "messaging/a--b"] {
            assert!(bad.parse::<CheckId>().is_err(), "{bad}");
        }
        assert!("NHS-IM-2018/E2EE-2".parse::<RequirementId>().is_ok());
        for bad in ["E2EE", "/E2EE", "A/", "A/B/C", "A/<b>"] {
            assert!(bad.parse::<RequirementId>().is_err(), "{bad}");
        }
    }
}
