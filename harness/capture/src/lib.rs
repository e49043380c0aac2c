//! Capture files to packets, flows, handshakes, plaintext and canaries.
//!
//! [`read`] takes files apart from the outside in: containers, link layers, IP and its tunnels, TCP
//! streams, TLS sessions; what it finds becomes [`Flow`]s, and the bytes go to a [`Listener`].
//!
//! Buffered passes over each file, no memory map; memory is bounded whatever the file says.

pub mod canary;
pub mod flow;
pub mod read;

mod container;
mod conversation;
mod decode;
mod problems;
mod recognise;
mod session;
mod tcp;
mod track;

pub use canary::{Canary, CanaryError, Hit, Hunter, Place, Searched};
pub use flow::{Flow, Handshake, Protocol, Transport};
pub use hallmark_tls::opener::Side;
pub use read::{CaptureFile, Captured, Layer, Limits, Listener, NO_FLOW, ReadError, read};
