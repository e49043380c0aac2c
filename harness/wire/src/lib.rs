//! TLS on sockets: probes that no library would send, STARTTLS, and a relay that records.
//!
//! * [`Line`] – puts questions to one server, counted, paced and timed;
//! * [`exclude`], [`preference`], [`merge`] – what a server accepts, and in which order, from its
//!   picks;
//! * [`Relay`] – passes connections on and records them;
//! * [`Acceptor`] – a listener that bounds and ends its connections.
//!
//! A server is an attacker: what it may make us read, keep and wait for is bounded.

pub mod acceptor;
mod connect;
pub mod exclude;
mod flight;
pub mod handshake;
pub mod line;
mod pace;
pub mod patience;
mod preamble;
pub mod relay;
pub mod reply;
pub mod roots;
mod slots;
mod standing;
pub mod target;
mod together;
mod xml;

pub use acceptor::{Accepted, Acceptor};
pub use exclude::{Excluded, Preference, exclude, merge, preference};
pub use handshake::Handshaken;
pub use line::Line;
pub use patience::Patience;
pub use relay::Relay;
pub use reply::{Flight, Hello, Refusal, Reply};
pub use roots::Roots;
pub use target::{Budget, StartTls, Target};
pub use together::together;
