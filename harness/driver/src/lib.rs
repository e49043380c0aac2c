//! The driver protocol, from both ends.
//!
//! A driver is a program that operates a candidate for Hallmark. [`protocol`] has the messages,
//! [`sdk`] is the driver's end in Rust, [`connection`] is ours.

pub mod connection;
pub mod outcome;
mod process;
pub mod protocol;
pub mod sdk;

pub use connection::{Connection, Deadlines, Unreachable};
pub use outcome::{Breakage, Outcome};
