//! One device: the operations of the driver protocol on snow.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    noise,
    peers::{Account, Text},
    protocol::{Bytes, Declined, PROTOCOL, Reply},
};

const CALLING: &str = "A sender begins a one-way session (Noise_X) with the receiver's static key, \
    and its first message sets the session up; each direction has a session of its own, in snow's \
    TransportState, which counts nonces by itself. What Noise leaves to the application is done \
    by the driver: static keys are trusted on first use and belong to one name, an ephemeral key \
    begins one session only, and a session begun anew takes the place of the one before. The \
    position of a message is its nonce in its session, where the first message has 0.";

/// Operations besides the control group.
const CAPABILITIES: [&str; 8] = [
    "identity.create",
    "identity.public",
    "prekeys.publish",
    "prekeys.import",
    "session.start",
    "session.info",
    "message.encrypt",
    "message.decrypt",
];

/// Outer types: whether a message sets a session up. Noise leaves it to the application to say so.
const FIRST: &str = "noise-first";
const LATER: &str = "noise-transport";

/// The lock file of the package that was built, which says what was built.
const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    protocols: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset {
    #[serde(rename = "seed")]
    _seed: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    #[serde(rename = "name")]
    _name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publish {
    #[serde(rename = "one_time")]
    _one_time: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    peer: String,
    prekeys: Prekeys,
}

/// Noise knows static keys only; what else a server hands out is carried and not used.
#[derive(Deserialize)]
struct Prekeys {
    identity_key: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    peer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Encrypt {
    peer: String,
    plaintext: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decrypt {
    from: String,
    envelope: Envelope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "kind")]
    _kind: Kind,
    #[serde(default)]
    tag: String,
    body: Bytes,
}

/// What the harness carries an envelope for; the message itself is asked what it is.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Setup,
    Message,
}

/// A device, with or without an identity.
#[derive(Default)]
pub(crate) struct Device {
    account: Option<Account>,
}

impl Device {
    /// Runs one operation.
    pub(crate) fn run(&mut self, op: &str, args: Value) -> Reply<Value> {
        match op {
            "hello" => hello(&read::<Hello>(args)?.protocols),
            "ping" | "shutdown" => read::<Nothing>(args).map(done),
            "reset" => {
                read::<Reset>(args)?;
                *self = Self::default();
                Ok(json!({}))
            }
            "identity.create" => read::<Create>(args).and_then(|_| self.create()),
            "identity.public" => {
                read::<Nothing>(args)?;
                Ok(json!({ "identity_key": Bytes(self.account()?.public()) }))
            }
            "prekeys.publish" => {
                read::<Publish>(args)?;
                let identity_key = Bytes(self.account()?.public());
                Ok(json!({ "prekeys": { "identity_key": identity_key, "one_time_prekeys": [] } }))
            }
            "prekeys.import" => {
                let Import { peer, prekeys } = read(args)?;
                self.account()?.learn(peer, &prekeys.identity_key.0).map(done)
            }
            "session.start" => {
                self.account()?.start(&read::<Peer>(args)?.peer)?;
                Ok(json!({ "envelopes": [] }))
            }
            "session.info" => {
                self.account()?.session(&read::<Peer>(args)?.peer)?;
                Ok(json!({
                    "protocol": noise::PATTERN,
                    "cipher": "AES-256-GCM",
                    "mac": "AES-256-GCM",
                    "mac_bits": 128,
                    "key_agreement": "X25519",
                }))
            }
            "message.encrypt" => self.encrypt(read(args)?),
            "message.decrypt" => self.decrypt(read(args)?),
            other => Err(Declined::Unsupported(missing(other))),
        }
    }

    fn create(&mut self) -> Reply<Value> {
        if self.account.is_some() {
            let message = "the device has an identity already: `reset` comes first";
            return Err(Declined::error(message));
        }
        self.account = Some(Account::new()?);
        Ok(json!({}))
    }

    fn encrypt(&mut self, Encrypt { peer, plaintext }: Encrypt) -> Reply<Value> {
        let (body, first) = self.account()?.seal(&peer, &plaintext.0)?;
        let tag = if first { FIRST } else { LATER };
        Ok(json!({ "envelopes": [{ "kind": "message", "tag": tag, "body": Bytes(body) }] }))
    }

    fn decrypt(&mut self, Decrypt { from, envelope }: Decrypt) -> Reply<Value> {
        let account = self.account()?;
        let body = &envelope.body.0;
        let Text { plaintext, position } = match envelope.tag.as_str() {
            FIRST => account.open_first(&from, body)?,
            LATER => account.open(&from, body)?,
            _ => return Err(Declined::refused("malformed", "not a type of message of ours")),
        };
        let plaintext = Bytes(plaintext);
        let message = json!({ "plaintext": plaintext, "sender": from, "position": position });
        Ok(json!({ "messages": [message] }))
    }

    fn account(&mut self) -> Reply<&mut Account> {
        self.account.as_mut().ok_or_else(|| {
            Declined::error("there is no identity yet: `identity.create` comes first")
        })
    }
}

fn hello(protocols: &[String]) -> Reply<Value> {
    if !protocols.iter().any(|offered| offered == PROTOCOL) {
        return Err(Declined::error(format!("this driver speaks {PROTOCOL} only")));
    }
    let version = locked("snow").ok_or_else(|| Declined::error("the lock file names no snow"))?;
    Ok(json!({
        "protocol": PROTOCOL,
        "driver": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "candidate": { "name": "snow", "version": version },
        "family": "noise",
        "calling": CALLING,
        "capabilities": CAPABILITIES,
        "limits": { "plaintext-bytes": noise::LONGEST_TEXT },
    }))
}

/// The version of this package in the lock file.
fn locked(package: &str) -> Option<&'static str> {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn missing(op: &str) -> String {
    match op {
        "state.snapshot" | "state.restore" | "state.paths" => {
            "snow's states can neither be copied nor be written out".to_owned()
        }
        other => format!("this driver does not offer `{other}`"),
    }
}

fn done<T>(_: T) -> Value {
    json!({})
}

fn read<A: DeserializeOwned>(args: Value) -> Reply<A> {
    serde_json::from_value(args).map_err(|error| Declined::error(format!("bad arguments: {error}")))
}
