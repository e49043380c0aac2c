//! `hallmark.toml`: what is under test, and how the run is gated.

use std::{collections::BTreeMap, fmt};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Declaration, Waiver,
    document::{self, DocumentError},
    overlay,
};

/// The description of a candidate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Configuration {
    /// Version of this format: 1.
    pub schema: u32,
    /// Id of the standard to judge against.
    #[serde(default = "default_standard")]
    pub standard: String,
    /// What is under test.
    pub candidate: Described,
    /// Servers to probe, one per entry.
    #[serde(default)]
    pub server: Vec<Server>,
    /// Recordings to examine, one per entry.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// Messengers to drive, one per entry.
    #[serde(default)]
    pub messaging: Vec<Messaging>,
    /// Who allowed intrusive checks.
    #[serde(default)]
    pub authorisation: Option<Authorisation>,
    /// What decides the exit code.
    #[serde(default)]
    pub gate: GateSettings,
    /// What to sign the bundle with.
    #[serde(default)]
    pub sign: Option<Sign>,
    /// Failures whose risk somebody accepted.
    #[serde(default)]
    pub waiver: Vec<Waiver>,
    /// Answers that only a person can give.
    #[serde(default)]
    pub declaration: Vec<Declaration>,
}

/// What is under test, in the words of whoever describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Described {
    /// Name for people.
    pub name: String,
    /// Version.
    pub version: String,
    /// Who makes it.
    #[serde(default)]
    pub vendor: Option<String>,
}

/// A server to probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Server {
    /// `HOST:PORT`.
    pub endpoint: String,
    /// The protocol in which TLS is asked for first: `xmpp`.
    #[serde(default)]
    pub starttls: Option<String>,
    /// The name that the certificate must be for. The host of the endpoint where absent.
    #[serde(default)]
    pub name: Option<String>,
    /// PEM file with the roots that the server's clients trust, relative to the description. Without it
    /// trust is not tested.
    #[serde(default)]
    pub roots: Option<String>,
}

/// What was recorded of the candidate, and what was planted in it. Paths are relative to the
/// description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Traffic {
    /// Capture files, in the order in which they were recorded.
    pub captures: Vec<String>,
    /// Key logs (`SSLKEYLOGFILE`) that open recorded sessions.
    #[serde(default)]
    pub keylogs: Vec<String>,
    /// Texts that were sent as messages and must not be found anywhere.
    #[serde(default)]
    pub canaries: Vec<String>,
    /// Texts that must be found, or the absence of canaries means nothing.
    #[serde(default)]
    pub controls: Vec<String>,
    /// Folders with what the server or the app stores.
    #[serde(default)]
    pub storage: Vec<String>,
}

/// A messenger to drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Messaging {
    /// Path of a `driver.toml`, or the name of a driver.
    pub driver: String,
    /// The server that its live app talks to. With it, users talk to each other while a relay records,
    /// and the traffic suite looks for what they wrote.
    #[serde(default)]
    pub product: Option<Product>,
}

/// The server side of a live app. Paths are relative to the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Product {
    /// Where the app finds its server: `HOST:PORT`.
    pub server: String,
    /// The name that the server's certificate must carry. The host of the server where absent.
    #[serde(default)]
    pub name: Option<String>,
    /// PEM file with the only root that the app is to trust. The app's own choice where absent.
    #[serde(default)]
    pub roots: Option<String>,
    /// Folders in which the server keeps what it handles.
    #[serde(default)]
    pub storage: Vec<String>,
    /// Further endpoints that the app talks to, `HOST:PORT`, by the setting of the driver that names
    /// them: `{ upload-endpoint = "127.0.0.1:5281" }`.
    #[serde(default)]
    pub relay: BTreeMap<String, String>,
    /// How users set the app, by the app's own names: `{ trust = "verified-only" }`. Part of what is
    /// tested.
    #[serde(default)]
    pub settings: BTreeMap<String, AppSetting>,
    /// Driver of an interceptor, which stands between app and server as a malicious server: path of a
    /// `driver.toml`, or a name. It is used only with `--intrusive`, and where the server is not on
    /// this machine's loopback only with an authorisation.
    #[serde(default)]
    pub interceptor: Option<String>,
}

/// What a user chose in an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AppSetting {
    /// On or off.
    Switch(bool),
    /// A number.
    Number(i64),
    /// A word or a text.
    Text(String),
}

impl fmt::Display for AppSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => on.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// Who allowed intrusive checks, for what, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Authorisation {
    /// Name and role.
    pub by: String,
    /// What they allowed.
    pub scope: String,
    /// Last day, `YYYY-MM-DD`.
    #[serde(deserialize_with = "overlay::any_date")]
    pub until: Date,
}

/// Why an authorisation allows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorised {
    /// There is none.
    #[error(
        "--intrusive attacks apps on their way to {server}, which is not on this machine: say in \
         [authorisation] who allowed it (by, scope, until)"
    )]
    Absent {
        /// What would be attacked.
        server: String,
    },
    /// It does not say who or what.
    #[error("`{field}` of [authorisation] is empty: say who allowed what")]
    Empty {
        /// Which field.
        field: &'static str,
    },
    /// Its last day is over.
    #[error("the authorisation by {by} ended on {until}: ask for another or leave out --intrusive")]
    Expired {
        /// Who gave it.
        by: String,
        /// Its last day.
        until: Date,
    },
}

impl Authorisation {
    /// Whether intrusive checks are allowed on this day.
    ///
    /// # Errors
    ///
    /// When it says not who or what, or its last day is over.
    pub fn check(&self, today: Date) -> Result<(), NotAuthorised> {
        for (field, text) in [("by", &self.by), ("scope", &self.scope)] {
            if text.trim().is_empty() {
                return Err(NotAuthorised::Empty { field });
            }
        }
        if self.until < today {
            return Err(NotAuthorised::Expired { by: self.by.clone(), until: self.until });
        }
        Ok(())
    }
}

/// A kind of verdict that keeps the gate shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// A demand is not met. This keeps the gate shut in any case; alone it lets everything else
    /// through.
    Fail,
    /// A demand is met with a weakness.
    Warn,
    /// A test could not tell.
    Inconclusive,
    /// A demand was not tested, and nobody declared it.
    NotTested,
}

/// What decides the exit code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct GateSettings {
    /// Which verdicts keep the gate shut, besides `fail`, which always does.
    pub fail_on: Vec<FailOn>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { fail_on: vec![FailOn::Fail, FailOn::Inconclusive, FailOn::NotTested] }
    }
}

/// What to sign with. Keys are named by path, never given in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sign {
    /// PEM file of the private key, PKCS#8.
    pub key: String,
    /// PEM file of the signer's certificate and its intermediates, without the root.
    pub certificate: String,
}

impl Configuration {
    /// Reads a description.
    ///
    /// # Errors
    ///
    /// When it is not TOML, has an unknown or missing key, or is of another version; the error
    /// points at the place.
    pub fn parse(name: &str, text: &str) -> Result<Self, DocumentError> {
        let configuration: Self = document::parse(name, text)?;
        if configuration.schema != 1 {
            return Err(DocumentError::at_key(
                name,
                text,
                "schema",
                &format!("schema {} is not known; this version reads 1", configuration.schema),
            ));
        }
        Ok(configuration)
    }
}

fn default_standard() -> String {
    "nhs-im".to_owned()
}
