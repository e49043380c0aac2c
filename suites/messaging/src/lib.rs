//! The messaging suite: what a messenger's end-to-end encryption does, seen from outside.
//!
//! The harness is the network and the server: it carries every envelope, and so can drop,
//! reorder, replay, alter and withhold them. Four rooms, as in every suite:
//!
//! * [`facts`] – what was observed, as plain data;
//! * [`probe`] – the experiments, which talk to devices and judge nothing;
//! * [`checks`] – pure functions from facts and policy to findings;
//! * `tests` – each check turned by hand-made facts.

pub mod checks;
pub mod facts;
pub mod figure;
pub mod probe;
mod world;

#[cfg(test)]
mod tests;

pub use checks::Messaging;
pub use probe::Driven;
pub use world::{Interception, World};
