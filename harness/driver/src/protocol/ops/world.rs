//! What the harness chooses about the world in which a candidate runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Use these. What is absent stays as it is. Sent before `account.login`, and before each change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorldSet {
    /// Where the server is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerEndpoint>,
    /// File to which TLS secrets are to be written, in the format of SSLKEYLOGFILE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keylog: Option<String>,
    /// Folder in which the candidate is to keep what it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// URL to which push notifications are to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_sink: Option<String>,
    /// The present time, as the candidate is to believe it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
}

/// A server, as the harness offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerEndpoint {
    /// Address or name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name that its certificate must carry, where that is not `host`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The only root to trust, PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_anchor: Option<String>,
}
