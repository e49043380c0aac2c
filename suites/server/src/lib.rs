//! The server suite: what a TLS server accepts, seen from outside.
//!
//! Nothing is asked of the server but what any client may ask: hellos that offer much or little,
//! and one ordinary handshake where certificates are not visible in clear. Four rooms, as in every
//! suite:
//!
//! * [`facts`] – what was observed, as plain data;
//! * [`probe`] – the questions, which judge nothing;
//! * [`checks`] – pure functions from facts and policy to findings;
//! * `tests` – each check turned by hand-made facts, and the probe on servers of the test's own.

pub mod checks;
pub mod facts;
pub mod figure;
pub mod probe;

#[cfg(test)]
mod tests;

pub use checks::Server;
pub use probe::Probed;
