//! `hallmark-driver/2` and `/1`: one JSON object per line, an integer id echoed, binary as base64.
//!
//! A request is `{"id": 7, "op": "message.encrypt", "args": {…}}`. Its answer carries the same id
//! and exactly one of `ok`, `refused`, `unsupported` and `error`, and may add `warnings` and
//! `log`:
//!
//! * `ok` – the candidate did it; the value is the operation's [`Operation::Answer`];
//! * `refused` – the *candidate* decided against it, with a [`Class`];
//! * `unsupported` – the candidate has no such thing, or the driver cannot reach it;
//! * `error` – the driver itself failed; nothing is known about the candidate.
//!
//! Operations return outgoing envelopes instead of sending them: the harness is the network and
//! the server. Fault names never cross this protocol.

mod answer;
mod bytes;
pub mod ops;
mod version;
mod warning;

pub use answer::{Answer, Class, Fault, Refusal, Request, Said, Unsupported, WrongAnswer};
pub use bytes::Bytes;
pub use ops::Operation;
pub use version::Version;
pub use warning::{Warning, WarningClass, WarningLine};

/// Longest line that either side may send, in bytes, without the line break.
pub const MAX_LINE: usize = 16 * 1024 * 1024;
