//! The driver protocol, from both ends.
//!
//! A driver is a program that operates a candidate for Hallmark. [`protocol`] has the messages,
//! [`sdk`] is the driver's end in Rust, [`connection`] is ours. [`find`] turns what a user typed
//! into a driver, [`launch`] starts it under a [`guard`], and [`conformance`] tells its author
//! which field of which answer is wrong.

pub mod attach;
pub mod conformance;
pub mod connect;
pub mod connection;
pub mod console;
mod ending;
pub mod find;
pub mod guard;
pub mod launch;
pub mod manifest;
pub mod network;
pub mod outcome;
mod process;
pub mod protocol;
pub mod scaffold;
mod schema;
pub mod sdk;
pub mod secrets;

pub use attach::{Address, AddressError, Attach};
pub use conformance::{CheckReport, check, check_with};
pub use connect::{BoxFuture, Builtin, Connect};
pub use connection::{Connection, Deadlines, Ended, Farewell, Unreachable};
pub use ending::Ending;
pub use find::{FindError, Found, Places, find};
pub use launch::{Guard, Launch};
pub use manifest::Manifest;
pub use network::Network;
pub use outcome::{Breakage, Outcome};
pub use schema::schema;
pub use secrets::{SecretError, Secrets};
