//! Drivers for the crate `vodozemac`: Olm sessions between two devices, and Megolm sessions whose
//! keys travel over Olm.
//!
//! The drivers call the library as plainly as it can be called. Whatever the Matrix specification
//! leaves to the application – checking signatures over one-time keys, noticing replayed Megolm
//! messages, verifying people – is not done here, so that a verdict is about the library and not
//! about the driver. [`OlmDevice`] and [`MegolmDevice`] say so in their `hello`.

mod megolm;
mod olm;
mod pairwise;
mod refusal;
mod room_key;
mod state;

pub use megolm::MegolmDevice;
pub use olm::OlmDevice;

use hallmark_driver::protocol::ops::{HelloAnswer, Program};

/// The library discards the oldest one-time keys past this number of published ones.
const MOST_ONE_TIME_PREKEYS: u32 = 50;

/// What both drivers say in `hello`, but for the protocol family and the way of calling.
fn hello(driver: &str, family: &str, calling: &str) -> HelloAnswer {
    let program = |name: &str, version: &str| Program {
        name: name.to_owned(),
        version: version.to_owned(),
        sha256: None,
    };
    HelloAnswer {
        protocol: String::new(),
        driver: program(driver, env!("CARGO_PKG_VERSION")),
        candidate: program("vodozemac", vodozemac::VERSION),
        family: family.to_owned(),
        calling: calling.to_owned(),
        capabilities: Vec::new(),
        limits: [("one-time-prekeys".to_owned(), MOST_ONE_TIME_PREKEYS.into())].into(),
    }
}
