//! A Hallmark driver: reads one JSON object per line from stdin, answers with one on stdout.
//!
//! One process is one device. What is below the line "the candidate" is a TOY. It protects
//! nothing: it does not even encrypt. Replace it, one operation after the other, by calls of the
//! program that you want to have tested; README.md says in which order.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufRead, Write},
};

use serde_json::{Value, json};

const PROTOCOL: &str = "hallmark-driver/2";

/// Why an operation was not done.
enum Declined {
    /// The CANDIDATE decided against it. The class is one of bad-signature, bad-key, old-message,
    /// unknown-key, identity-changed, not-member, policy, malformed, other.
    Refused(&'static str, String),
    /// The candidate has no such thing, or this driver cannot reach it. What depends on it is
    /// reported as not tested.
    Unsupported(String),
    /// The DRIVER failed, and nothing is known of the candidate.
    Error(String),
}

type Reply = Result<Value, Declined>;

fn refused<T>(class: &'static str, detail: impl ToString) -> Result<T, Declined> {
    Err(Declined::Refused(class, detail.to_string()))
}

fn error(message: impl ToString) -> Declined {
    Declined::Error(message.to_string())
}

// ---- the protocol: nothing to change here ----

fn main() -> io::Result<()> {
    let mut device = Device::default();
    let mut input = io::stdin().lock();
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let (answer, last) = answer(&mut device, &line);
        let mut output = io::stdout().lock();
        writeln!(output, "{answer}")?;
        output.flush()?;
        if last {
            break;
        }
        line.clear();
    }
    Ok(())
}

/// The answer to one request, and whether it was the last.
fn answer(device: &mut Device, line: &str) -> (Value, bool) {
    let request: Value = match serde_json::from_str(line) {
        Ok(request) => request,
        Err(problem) => {
            let message = format!("not a request: {problem}");
            return (json!({ "id": 0, "error": { "message": message } }), false);
        }
    };
    let (id, op) = (&request["id"], request["op"].as_str().unwrap_or_default());
    let mut answer = match device.run(op, &request["args"]) {
        Ok(value) => json!({ "id": id, "ok": value }),
        Err(Declined::Refused(class, detail)) => {
            json!({ "id": id, "refused": { "class": class, "detail": detail } })
        }
        Err(Declined::Unsupported(reason)) => {
            json!({ "id": id, "unsupported": { "reason": reason } })
        }
        Err(Declined::Error(message)) => json!({ "id": id, "error": { "message": message } }),
    };
    let warnings = std::mem::take(&mut device.warnings);
    if !warnings.is_empty() {
        answer["warnings"] = Value::Array(warnings);
    }
    (answer, op == "shutdown")
}

/// An argument that is a text.
fn text(args: &Value, name: &str) -> Result<String, Declined> {
    let value = args[name].as_str().map(str::to_owned);
    value.ok_or_else(|| error(format!("argument `{name}` is missing or not a text")))
}

/// An argument that is binary.
fn bytes(args: &Value, name: &str) -> Result<Vec<u8>, Declined> {
    let decoded = decode(&text(args, name)?);
    decoded.ok_or_else(|| error(format!("argument `{name}` is not standard base64")))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding (RFC 4648, section 4).
fn encode(bytes: &[u8]) -> String {
    let mut written = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*chunk.get(at).unwrap_or(&0)));
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) as usize & 63;
            written.push(if place <= chunk.len() { ALPHABET[six] as char } else { '=' });
        }
    }
    written
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let padding = chunk.iter().filter(|c| **c == b'=').count();
        let digit = |c: &u8| match c {
            b'=' => Some(0),
            c => ALPHABET.iter().position(|known| known == c),
        };
        let bits = chunk.iter().try_fold(0, |bits, c| Some(bits << 6 | digit(c)?))?;
        let three = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        bytes.extend_from_slice(three.get(..3_usize.checked_sub(padding)?)?);
    }
    // Whatever is not written as we write it is not standard.
    (encode(&bytes) == text).then_some(bytes)
}

// ---- the candidate: a toy, to be replaced ----

/// Thirty-two bytes that depend on all of the input. TOY: not a secure digest.
fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let sum = |lane: u64| {
        let start = 0xcbf2_9ce4_8422_2325 ^ lane;
        let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        parts.iter().fold(start, |sum, part| part.iter().chain(&[0]).fold(sum, step))
    };
    (0..4).flat_map(|lane| sum(lane).to_be_bytes()).collect()
}

/// One device of the candidate, with all its state.
#[derive(Default)]
struct Device {
    name: Option<String>,
    /// Peers and their identity keys.
    peers: BTreeMap<String, Vec<u8>>,
    sent: u64,
    seen: BTreeSet<(String, u64)>,
    /// What the candidate showed its user during the operation under way.
    warnings: Vec<Value>,
}

/// Every operation that works, besides the control group. Delete what your candidate does not
/// have: what is not here answers `unsupported`, and is reported as not tested. It never counts as
/// passed. `hallmark driver run` with the line `ops` lists what there is besides.
const CAPABILITIES: &[&str] = &[
    // 1. who am I
    "identity.create",
    "identity.public",
    // 2. how can others reach me
    "prekeys.publish",
    "prekeys.import",
    // 3. talking
    "session.start",
    "message.encrypt",
    "message.decrypt",
    // 4. state, on which forward secrecy is tested
    "state.snapshot",
    "state.restore",
    // 5. the rest
    "session.info",
    "identity.fingerprint",
    "identity.sign",
];

impl Device {
    fn run(&mut self, op: &str, args: &Value) -> Reply {
        match op {
            "hello" => Self::hello(args),
            "ping" | "shutdown" => Ok(json!({})),
            "reset" => {
                *self = Self::default();
                Ok(json!({}))
            }
            "identity.create" => self.identity_create(args),
            "identity.public" => Ok(json!({ "identity_key": encode(&self.key()?) })),
            "prekeys.publish" => self.prekeys_publish(args),
            "prekeys.import" => self.prekeys_import(args),
            "session.start" => {
                self.known(&text(args, "peer")?)?;
                Ok(json!({ "envelopes": [] })) // or one of kind `setup`, if one must go first
            }
            "message.encrypt" => self.message_encrypt(args),
            "message.decrypt" => self.message_decrypt(args),
            "state.snapshot" => self.state_snapshot(),
            "state.restore" => self.state_restore(args),
            "session.info" => {
                self.known(&text(args, "peer")?)?;
                Ok(json!({
                    "protocol": "Toy 1",
                    "cipher": "none",
                    "mac": "none",
                    "mac_bits": 256,
                    "key_agreement": "none",
                }))
            }
            "identity.fingerprint" => {
                let mut keys = [self.key()?, self.known(&text(args, "peer")?)?.to_vec()];
                keys.sort();
                Ok(json!({ "fingerprint": encode(&digest(&[&keys[0], &keys[1]])) }))
            }
            "identity.sign" => {
                let message = bytes(args, "message")?;
                Ok(json!({ "signature": encode(&digest(&[&self.key()?, &message])) }))
            }
            _ => Err(Declined::Unsupported(format!("this driver does not offer `{op}`"))),
        }
    }

    fn hello(args: &Value) -> Reply {
        let offered = args["protocols"].as_array().map(Vec::as_slice).unwrap_or_default();
        if !offered.iter().any(|name| name == PROTOCOL) {
            return Err(error(format!("this driver speaks {PROTOCOL}")));
        }
        Ok(json!({
            "protocol": PROTOCOL,
            "driver": { "name": "example-messenger", "version": "1.0.0" },
            "candidate": { "name": "Toy", "version": "1" },
            // signal, olm, megolm, omemo, mls … or unknown
            "family": "unknown",
            // Which way of calling the candidate is driven: it can decide the verdict.
            "calling": "A toy that comes with the template. It protects nothing.",
            "capabilities": CAPABILITIES,
            "limits": { "plaintext-bytes": 65536 },
        }))
    }

    /// What the candidate shows its user. The class is one of identity-changed, new-device,
    /// new-session, member-added, sender-mismatch, unverified, unencrypted, undecryptable, other.
    fn warn(&mut self, class: &str, text: &str) {
        self.warnings.push(json!({ "class": class, "text": text }));
    }

    fn identity_create(&mut self, args: &Value) -> Reply {
        let name = text(args, "name")?;
        if self.name.is_some() {
            return Err(error("there is an identity already"));
        }
        self.name = Some(name);
        Ok(json!({}))
    }

    fn name(&self) -> Result<&str, Declined> {
        self.name.as_deref().ok_or_else(|| error("there is no identity yet"))
    }

    /// TOY: the key is no secret.
    fn key(&self) -> Result<Vec<u8>, Declined> {
        Ok(digest(&[b"identity", self.name()?.as_bytes()]))
    }

    fn known(&self, peer: &str) -> Result<&[u8], Declined> {
        match self.peers.get(peer) {
            Some(key) => Ok(key),
            None => refused("unknown-key", format!("{peer} is not known")),
        }
    }

    fn prekeys_publish(&self, args: &Value) -> Reply {
        let count = args["one_time"].as_u64().ok_or_else(|| error("argument `one_time`"))?;
        let key = self.key()?;
        let prekey = digest(&[b"prekey", &key]);
        let one_time: Vec<_> = (1..=count)
            .map(|id| json!({ "id": id, "public": encode(&digest(&[&id.to_be_bytes()])) }))
            .collect();
        Ok(json!({ "prekeys": {
            "identity_key": encode(&key),
            "signed_prekey": {
                "id": 1,
                "public": encode(&prekey),
                "signature": encode(&digest(&[&key, &prekey])),
            },
            "one_time_prekeys": one_time,
        } }))
    }

    fn prekeys_import(&mut self, args: &Value) -> Reply {
        let (peer, prekeys) = (text(args, "peer")?, &args["prekeys"]);
        let key = bytes(prekeys, "identity_key")?;
        let signed = &prekeys["signed_prekey"];
        if digest(&[&key, &bytes(signed, "public")?]) != bytes(signed, "signature")? {
            return refused("bad-signature", "the signed prekey is not the owner's");
        }
        self.meet(peer, key)?;
        Ok(json!({}))
    }

    /// A peer shows this identity key.
    fn meet(&mut self, peer: String, key: Vec<u8>) -> Result<(), Declined> {
        if self.peers.get(&peer).is_some_and(|known| *known != key) {
            let words = format!("{peer} has another identity key now");
            self.warn("identity-changed", &words);
            return refused("identity-changed", words);
        }
        self.peers.insert(peer, key);
        Ok(())
    }

    fn message_encrypt(&mut self, args: &Value) -> Reply {
        let (peer, plaintext) = (text(args, "peer")?, bytes(args, "plaintext")?);
        self.known(&peer)?;
        self.sent += 1;
        let sum = digest(&[
            self.name()?.as_bytes(),
            peer.as_bytes(),
            &self.sent.to_be_bytes(),
            &self.key()?,
            &plaintext,
        ]);
        // TOY: the text travels as it is.
        let carried = json!({
            "from": self.name()?,
            "to": peer,
            "count": self.sent,
            "identity": encode(&self.key()?),
            "text": encode(&plaintext),
            "sum": encode(&sum),
        });
        let body = encode(carried.to_string().as_bytes());
        Ok(json!({ "envelopes": [{ "kind": "message", "tag": "toy", "body": body }] }))
    }

    fn message_decrypt(&mut self, args: &Value) -> Reply {
        let (from, body) = (text(args, "from")?, bytes(&args["envelope"], "body")?);
        let malformed = || Declined::Refused("malformed", "not an envelope".to_owned());
        let carried: Value = serde_json::from_slice(&body).map_err(|_| malformed())?;
        let field = |name: &str| carried[name].as_str().and_then(decode).ok_or_else(malformed);
        let (identity, plaintext, sum) = (field("identity")?, field("text")?, field("sum")?);
        let count = carried["count"].as_u64().ok_or_else(malformed)?;
        let me = self.name()?.to_owned();
        let wanted =
            digest(&[from.as_bytes(), me.as_bytes(), &count.to_be_bytes(), &identity, &plaintext]);
        if sum != wanted || carried["from"] != *from || carried["to"] != *me {
            return refused("bad-signature", "altered, or from or for somebody else");
        }
        self.meet(from.clone(), identity)?;
        if !self.seen.insert((from.clone(), count)) {
            return refused("old-message", format!("message {count} came before"));
        }
        let message = json!({ "plaintext": encode(&plaintext), "sender": from, "position": count });
        Ok(json!({ "messages": [message] }))
    }

    fn state_snapshot(&self) -> Reply {
        let peers: BTreeMap<_, _> =
            self.peers.iter().map(|(name, key)| (name, encode(key))).collect();
        let state = json!({
            "name": self.name,
            "peers": peers,
            "sent": self.sent,
            "seen": self.seen,
        });
        Ok(json!({ "state": encode(state.to_string().as_bytes()) }))
    }

    fn state_restore(&mut self, args: &Value) -> Reply {
        let state: Value = serde_json::from_slice(&bytes(args, "state")?).map_err(error)?;
        let wrong = || error("not a state of this device");
        let peers = state["peers"].as_object().ok_or_else(wrong)?;
        let peer = |(name, key): (&String, &Value)| Some((name.clone(), decode(key.as_str()?)?));
        *self = Self {
            name: state["name"].as_str().map(str::to_owned),
            peers: peers.iter().map(peer).collect::<Option<_>>().ok_or_else(wrong)?,
            sent: state["sent"].as_u64().ok_or_else(wrong)?,
            seen: serde_json::from_value(state["seen"].clone()).map_err(error)?,
            warnings: Vec::new(),
        };
        Ok(json!({}))
    }
}
