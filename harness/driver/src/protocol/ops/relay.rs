//! A malicious server, to an app's eyes: a process between the apps and their real server.
//!
//! It ends the apps' TLS with a certificate from a root of its own, and opens TLS of its own to the
//! real server. One malicious act at a time is in force. Users, groups and conversations are named as
//! in [`super::AccountLogin`] and [`super::MessageSend`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServerEndpoint;

/// Stand before this server. One process stands before one server, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayOpen {
    /// The real server: where it is, the name in its certificate, and the only root to trust.
    pub server: ServerEndpoint,
    /// Further endpoints that the apps talk to, `HOST:PORT`, by the setting that names them:
    /// `upload-endpoint`.
    #[serde(default)]
    pub further: BTreeMap<String, String>,
}

/// Where the apps find it. It listens on this machine's loopback only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayOpenAnswer {
    /// Address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Its own root, PEM, to be trusted by the apps. The name in its certificate is the server's.
    pub trust_anchor: String,
    /// Its own endpoints before the further ones, by the same settings.
    #[serde(default)]
    pub further: BTreeMap<String, String>,
}

/// Do this from now on, in the place of the act before. An act that the protocol does not know, or
/// that is not built, is `unsupported` with the reason.
///
/// `view` is the user whose app is lied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RelayTamper {
    /// Carry everything as it is.
    #[serde(rename = "none")]
    Nothing {},
    /// `user` has one device more, with real keys that the interceptor made and holds.
    GhostDevice {
        /// Whose app is shown it.
        view: String,
        /// Whose device it pretends to be.
        user: String,
    },
    /// `user`, a real one, is a member of the group, to which no member added him.
    AddedMember {
        /// Whose app is shown it.
        view: String,
        /// Which group.
        group: String,
        /// Who was not added.
        user: String,
    },
    /// What tells the app that a conversation is encrypted is hidden from it.
    StrippedMarker {
        /// From whose app.
        view: String,
        /// Which conversation.
        conversation: String,
    },
    /// The keys of the genuine devices of `user` are replaced by keys that the interceptor holds.
    DeviceKeys {
        /// In whose app.
        view: String,
        /// Whose keys.
        user: String,
    },
    /// Messages by `from` are handed over as if `to` had sent them.
    Sender {
        /// To whose app.
        view: String,
        /// Who sends them.
        from: String,
        /// Who is named instead.
        to: String,
    },
    /// Each message by `from` is handed over a second time, directly after the first, under a new
    /// outer id.
    Replay {
        /// To whose app.
        view: String,
        /// Whose messages.
        from: String,
    },
    /// An unencrypted message is handed over as if `from` had sent it into a conversation that is
    /// encrypted so far.
    Plaintext {
        /// To whose app.
        view: String,
        /// Who did not send it.
        from: String,
        /// What it says.
        text: String,
        /// Where, as `view` names it.
        conversation: String,
    },
}

/// What did you do and see since the last `relay.tamper`?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelaySeen {}

/// What the interceptor did and saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelaySeenAnswer {
    /// How often the act changed something that was then handed to an app. Zero: it had no chance.
    pub applied: u64,
    /// Texts of messages that it could read: in clear, or opened with keys that it holds.
    #[serde(default)]
    pub read: Vec<String>,
    /// Devices for which the view's user encrypted, or anybody where there is no view, each once:
    /// `user/device`.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// One line for each change.
    #[serde(default)]
    pub log: Vec<String>,
}

/// As a stranger with an account of your own, ask the server for this user's prekeys, so many times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayClaim {
    /// Whose.
    pub user: String,
    /// How many times.
    pub claims: u32,
}

/// What the stranger was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RelayClaimAnswer {
    /// Answers with a one-time key.
    pub handed: u64,
    /// Different one-time keys among them.
    pub distinct: u64,
    /// Answers with the fallback or signed prekey alone.
    pub last_resort: u64,
    /// Answers that the server refused: limits of rate.
    pub refused: u64,
}
