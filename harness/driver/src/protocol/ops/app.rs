//! An application as its user has it: accounts, conversations, devices, verification, backups.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bytes;

/// Log in, and make the account where that is part of logging in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountLogin {
    /// The account's name, without its server.
    pub user: String,
    /// Its password; `secret:NAME` stands for the secret of this name in the driver's manifest,
    /// which the driver puts in its place.
    pub password: String,
    /// The name that other users are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Send a text or a file, as a user would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageSend {
    /// A peer's name or a group's.
    pub conversation: String,
    /// What.
    pub content: Content,
}

/// What a user sends or sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// A text.
    Text {
        /// As written.
        text: String,
    },
    /// A file.
    File {
        /// Its name.
        name: String,
        /// Its media type: `image/png`.
        media_type: String,
        /// Its bytes.
        body: Bytes,
    },
}

/// It was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SentAnswer {
    /// The application's own id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Wait until a message that contains this text is shown. A wait that ends without it is `ok`, with what
/// is shown instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageAwait {
    /// Where.
    pub conversation: String,
    /// What its text or file name contains.
    pub contains: String,
    /// For how long, in milliseconds.
    pub millis: u64,
}

/// What does the user see in this conversation?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationRead {
    /// Where.
    pub conversation: String,
}

/// What a user sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownAnswer {
    /// Oldest first.
    pub messages: Vec<Shown>,
}

/// A message as a user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The application's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// From whom.
    pub sender: String,
    /// What.
    pub content: Content,
    /// Whether it is shown as encrypted end to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<bool>,
    /// Whether its sender is shown as verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// What is shown beside it: shields, marks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<String>,
}

/// Add a device to one's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceAdd {
    /// Its name.
    pub device: String,
}

/// Remove a device from one's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceRemove {
    /// Its name.
    pub device: String,
}

/// To which devices of this user would a message go?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceList {
    /// Whose.
    pub user: String,
}

/// Devices of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicesAnswer {
    /// Names.
    pub devices: Vec<String>,
}

/// Begin to verify a peer; answers what is shown to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyStart {
    /// Whom.
    pub peer: String,
}

/// The user compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyConfirm {
    /// Whom.
    pub peer: String,
    /// What the user found.
    pub matches: bool,
}

/// Make a backup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupExport {}

/// A backup as it would be stored elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupAnswer {
    /// Its bytes.
    pub backup: Bytes,
}

/// Restore a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupImport {
    /// From `backup.export`.
    pub backup: Bytes,
}

/// How is this set?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsGet {
    /// The candidate's own name of the setting.
    pub name: String,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingAnswer {
    /// Its value.
    pub value: Value,
}

/// Change a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsSet {
    /// The candidate's own name of the setting.
    pub name: String,
    /// Its new value.
    pub value: Value,
}
