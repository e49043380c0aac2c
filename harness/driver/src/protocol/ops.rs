//! The operations: arguments and answers.
//!
//! One process is one device. A device is made with [`IdentityCreate`] and lives until
//! [`Reset`]; its whole state is what [`StateSnapshot`] returns.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Bytes;

mod app;
mod group;
mod relay;
mod signed;
mod world;

pub use app::*;
pub use group::*;
pub use relay::*;
pub use signed::*;
pub use world::*;

/// An operation: its name, its arguments (the type itself) and its answer.
pub trait Operation: Serialize + DeserializeOwned {
    /// As on the line.
    const NAME: &'static str;
    /// What `ok` carries.
    type Answer: Serialize + DeserializeOwned;
}

/// Something to be done with an operation of which only the name is known.
pub(crate) trait ByName {
    /// What comes of it.
    type Output;

    /// Does it.
    fn with<O: Operation + 'static>(self) -> Self::Output;
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:literal $args:ident => $answer:ident;)*) => {
        $(impl Operation for $args {
            const NAME: &'static str = $name;
            type Answer = $answer;
        })*

        /// Every operation of this version, with the schemas of its arguments and answer.
        #[must_use]
        pub fn schemas() -> Vec<(&'static str, schemars::Schema, schemars::Schema)> {
            vec![$(($name, schemars::schema_for!($args), schemars::schema_for!($answer)),)*]
        }

        /// Has `what` done with the operation of this name, if there is one.
        pub(crate) fn by_name<W: ByName>(name: &str, what: W) -> Option<W::Output> {
            match name {
                $($name => Some(what.with::<$args>()),)*
                _ => None,
            }
        }

        /// The name of every operation of this version.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

operations! {
    "hello" Hello => HelloAnswer;
    "ping" Ping => Done;
    "reset" Reset => Done;
    "shutdown" Shutdown => Done;
    "identity.create" IdentityCreate => Done;
    "identity.public" IdentityPublic => IdentityPublicAnswer;
    "identity.fingerprint" IdentityFingerprint => FingerprintAnswer;
    "identity.sign" IdentitySign => SignAnswer;
    "prekeys.publish" PrekeysPublish => PrekeysAnswer;
    "prekeys.import" PrekeysImport => Done;
    "session.start" SessionStart => EnvelopesAnswer;
    "session.info" SessionInfo => SessionInfoAnswer;
    "message.encrypt" MessageEncrypt => EnvelopesAnswer;
    "message.decrypt" MessageDecrypt => MessagesAnswer;
    "state.snapshot" StateSnapshot => StateAnswer;
    "state.restore" StateRestore => Done;
    "state.paths" StatePaths => PathsAnswer;
    "process.pid" ProcessPid => PidAnswer;
    "session.delete" SessionDelete => Done;
    "attachment.encrypt" AttachmentEncrypt => AttachmentAnswer;
    "attachment.decrypt" AttachmentDecrypt => AttachmentTextAnswer;
    "signed.open" SignedOpen => SignedAnswer;
    "signed.seal" SignedSeal => EnvelopesAnswer;
    "device.import" DeviceImport => Done;
    "group.create" GroupCreate => GroupAnswer;
    "group.add" GroupAdd => GroupAnswer;
    "group.remove" GroupRemove => GroupAnswer;
    "group.join" GroupJoin => GroupAnswer;
    "group.process" GroupProcess => GroupAnswer;
    "group.encrypt" GroupEncrypt => GroupAnswer;
    "group.decrypt" GroupDecrypt => MessagesAnswer;
    "group.rotate" GroupRotate => GroupAnswer;
    "group.forward" GroupForward => GroupAnswer;
    "group.info" GroupInfo => GroupInfoAnswer;
    "account.login" AccountLogin => Done;
    "message.send" MessageSend => SentAnswer;
    "message.await" MessageAwait => ShownAnswer;
    "conversation.read" ConversationRead => ShownAnswer;
    "device.add" DeviceAdd => Done;
    "device.remove" DeviceRemove => Done;
    "device.list" DeviceList => DevicesAnswer;
    "verify.start" VerifyStart => FingerprintAnswer;
    "verify.confirm" VerifyConfirm => Done;
    "backup.export" BackupExport => BackupAnswer;
    "backup.import" BackupImport => Done;
    "settings.get" SettingsGet => SettingAnswer;
    "settings.set" SettingsSet => Done;
    "world.set" WorldSet => Done;
    "relay.open" RelayOpen => RelayOpenAnswer;
    "relay.tamper" RelayTamper => Done;
    "relay.seen" RelaySeen => RelaySeenAnswer;
    "relay.claim" RelayClaim => RelayClaimAnswer;
}

/// Done; there is nothing to say. Written `{}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Done {}

// ---- control ----

/// The first exchange: who are you, what can you do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Protocol versions that Hallmark speaks, best first.
    pub protocols: Vec<String>,
}

/// Who the driver and the candidate are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HelloAnswer {
    /// The protocol version chosen, one of those offered: `hallmark-driver/2`.
    pub protocol: String,
    /// The driver itself.
    pub driver: Program,
    /// The candidate that it operates.
    pub candidate: Program,
    /// Protocol family, lower case: `signal`, `olm`, `megolm`, `omemo`, `mls`, `unknown` …
    pub family: String,
    /// Which way of calling the candidate is driven, in a sentence: it can decide the verdict.
    pub calling: String,
    /// Names of the operations that work, besides the control group.
    pub capabilities: Vec<String>,
    /// Limits, in bytes or counts, by name: `plaintext-bytes`.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

/// A program, by name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of what was driven, hexadecimal, where the driver can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Are you alive?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

/// Forget everything; be as after start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Seed for a candidate that can be made repeatable, below 2^53; all others ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// End. The driver answers, then exits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {}

// ---- identity ----

/// Make this device's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityCreate {
    /// The name under which peers will address it.
    pub name: String,
}

/// What is your identity key?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityPublic {}

/// The long-term public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityPublicAnswer {
    /// As the candidate serialises it.
    pub identity_key: Bytes,
}

/// What do you show a user who wants to verify this peer?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityFingerprint {
    /// The peer, whose prekeys were imported or whose message was received.
    pub peer: String,
}

/// The safety number, emoji or fingerprint, in one canonical text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FingerprintAnswer {
    /// Equal on both sides of an honest pair.
    pub fingerprint: String,
}

/// Sign these bytes with your identity key.
///
/// Only used on a device that plays a hostile peer, to publish prekeys that are bad but
/// correctly signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentitySign {
    /// What to sign: the `public` field of a prekey, or what [`DeviceImport`] says.
    pub message: Bytes,
}

/// A signature, as a prekey carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignAnswer {
    /// As in [`SignedPrekey::signature`].
    pub signature: Bytes,
}

/// Make new prekeys and hand them to the server, which is the harness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrekeysPublish {
    /// How many one-time prekeys.
    pub one_time: u32,
}

/// What a device published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrekeysAnswer {
    /// The prekeys.
    pub prekeys: Prekeys,
}

/// The public keys from which a peer can start a session without the owner being there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prekeys {
    /// The owner's identity key, as in `identity.public`.
    pub identity_key: Bytes,
    /// The key that signs, where it is another than the identity key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<Bytes>,
    /// The medium-term prekey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_prekey: Option<SignedPrekey>,
    /// One-time prekeys. The server hands out at most one per import.
    #[serde(default)]
    pub one_time_prekeys: Vec<OneTimePrekey>,
    /// The key-encapsulation prekey, where the protocol is hybrid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kem_prekey: Option<SignedPrekey>,
    /// Whatever else the candidate needs; carried, never read.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

/// A prekey with the owner's signature over exactly the bytes of `public`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedPrekey {
    /// Its number.
    pub id: u64,
    /// The public key; its last 32 bytes are the curve point where it is a Curve25519 key.
    pub public: Bytes,
    /// The signature.
    pub signature: Bytes,
}

/// A prekey that serves one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTimePrekey {
    /// Its number.
    pub id: u64,
    /// The public key.
    pub public: Bytes,
    /// The signature, where the protocol signs these too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Bytes>,
}

/// Here are a peer's prekeys, as the server gave them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrekeysImport {
    /// The peer's name.
    pub peer: String,
    /// Its prekeys, with at most one one-time prekey.
    pub prekeys: Prekeys,
}

// ---- pairwise ----

/// Start a session from the imported prekeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionStart {
    /// With whom.
    pub peer: String,
}

/// Envelopes to be carried, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopesAnswer {
    /// May be empty.
    pub envelopes: Vec<Envelope>,
}

/// What travels over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// What it is for.
    pub kind: EnvelopeKind,
    /// The candidate's own outer type, which a server can see and change: `prekey`, `whisper`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// The bytes.
    pub body: Bytes,
}

/// What an envelope is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnvelopeKind {
    /// Shares keys; decrypting it yields no message.
    Setup,
    /// Carries a message.
    Message,
}

/// Which algorithms protect messages with this peer?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionInfo {
    /// The peer.
    pub peer: String,
}

/// The algorithms in force. The report prints these as the driver's statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionInfoAnswer {
    /// Protocol and version: `Olm v1`.
    pub protocol: String,
    /// Cipher of message contents: `AES-256-CBC`, `AES-256-GCM`, `ChaCha20-Poly1305` …
    pub cipher: String,
    /// Authentication of contents: `HMAC-SHA-256`; the cipher's own name where it is an AEAD.
    pub mac: String,
    /// Length of the authentication tag on the wire, in bits.
    pub mac_bits: u32,
    /// Key agreement: `X25519`, `X25519 + ML-KEM-1024`.
    pub key_agreement: String,
}

/// Encrypt one message. Without a session this is `refused` as `unknown-key`: no session, no
/// message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageEncrypt {
    /// For whom.
    pub peer: String,
    /// What.
    pub plaintext: Bytes,
}

/// Here is an envelope from the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageDecrypt {
    /// Whom the server names as its sender.
    pub from: String,
    /// The envelope.
    pub envelope: Envelope,
}

/// What the candidate would show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagesAnswer {
    /// Usually one; none for a setup envelope.
    pub messages: Vec<Message>,
}

/// A message as the candidate would show it: this is its *meaning*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The text.
    pub plaintext: Bytes,
    /// The sender that the candidate authenticated, by name.
    pub sender: String,
    /// Place in the sender's order, where the protocol authenticates one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The conversation in which it is shown, where that is another than the one it was handed
    /// over for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// Forget the session with this peer, as after a reinstall of the peer; keep its identity and our
/// prekeys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionDelete {
    /// With whom.
    pub peer: String,
}

/// Encrypt a file for sending. What a server would store is `body`; `key` travels in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentEncrypt {
    /// The file.
    pub plaintext: Bytes,
}

/// An encrypted file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentAnswer {
    /// All that a recipient needs to open and check it, as one message would carry it. Where the
    /// cipher is an AEAD without more: nothing but its key.
    pub key: Bytes,
    /// What the server stores. Where the cipher is an AEAD without more: nonce, ciphertext, tag.
    pub body: Bytes,
    /// Its cipher: `AES-256-GCM`, `AES-256-CBC + HMAC-SHA-256`.
    pub cipher: String,
}

/// Open a file that a server handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentDecrypt {
    /// From the message.
    pub key: Bytes,
    /// From the server.
    pub body: Bytes,
}

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentTextAnswer {
    /// As it would be shown.
    pub plaintext: Bytes,
}

/// The server says that a peer you know has one more device, with these prekeys.
///
/// A candidate for which such a device needs a proof from the peer refuses one without it. One
/// that sends to it returns an envelope more for each message to this peer.
///
/// Where the peer itself added the device, `prekeys.extra` holds `device_signature`, base64: what
/// `identity.sign` of the peer's first device made of the new device's name, a zero byte, its
/// `identity_key` and, where there is one, its `signing_key`, one after the other. The driver turns
/// that into the proof that its candidate wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceImport {
    /// The peer's name.
    pub peer: String,
    /// The device's.
    pub device: String,
    /// Its prekeys, with at most one one-time prekey.
    pub prekeys: Prekeys,
}

// ---- state ----

/// Give me your whole state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateSnapshot {}

/// A device's whole state, opaque.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateAnswer {
    /// The bytes.
    pub state: Bytes,
}

/// Become the device whose state this is, also in another process, and forget everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateRestore {
    /// From `state.snapshot`.
    pub state: Bytes,
}

/// Where do you keep state?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatePaths {}

/// Paths of files and folders that hold state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathsAnswer {
    /// Absolute paths.
    pub paths: Vec<String>,
}

/// Which process holds the keys?
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProcessPid {}

/// A process id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PidAnswer {
    /// On this machine.
    pub pid: u32,
}
