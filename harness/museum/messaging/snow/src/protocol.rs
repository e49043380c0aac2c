//! The end of the protocol `hallmark-driver/2` that this driver needs: frames, and binary fields.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

use crate::device::Device;

/// The version that this driver speaks.
pub(crate) const PROTOCOL: &str = "hallmark-driver/2";

/// Longest line that the protocol allows, without the line break.
pub(crate) const MAX_LINE: u64 = 16 * 1024 * 1024;

/// Why an operation was not done.
#[derive(Debug)]
pub(crate) enum Declined {
    /// The candidate decided against it: a class of the protocol, and why in words.
    Refused(&'static str, String),
    /// There is no such thing behind this driver.
    Unsupported(String),
    /// The driver failed.
    Error(String),
}

impl Declined {
    pub(crate) fn refused(class: &'static str, detail: impl ToString) -> Self {
        Self::Refused(class, detail.to_string())
    }

    pub(crate) fn error(message: impl ToString) -> Self {
        Self::Error(message.to_string())
    }
}

/// What an operation came to.
pub(crate) type Reply<T> = Result<T, Declined>;

/// Bytes that travel as standard base64 with padding (RFC 4648, section 4).
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text.as_bytes());
        bytes.map(Self).map_err(|error| de::Error::custom(format!("not standard base64: {error}")))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    id: u64,
    op: String,
    args: Value,
}

/// Answers one request line; the flag says that the request was `shutdown`.
pub(crate) fn answer(device: &mut Device, line: &[u8]) -> (Value, bool) {
    let Request { id, op, args } = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => {
            let message = format!("the request is not of the protocol: {error}");
            return (json!({ "id": 0, "error": { "message": message } }), false);
        }
    };
    match device.run(&op, args) {
        Ok(value) => (json!({ "id": id, "ok": value }), op == "shutdown"),
        Err(Declined::Refused(class, detail)) => {
            (json!({ "id": id, "refused": { "class": class, "detail": detail } }), false)
        }
        Err(Declined::Unsupported(reason)) => {
            (json!({ "id": id, "unsupported": { "reason": reason } }), false)
        }
        Err(Declined::Error(message)) => {
            (json!({ "id": id, "error": { "message": message } }), false)
        }
    }
}
