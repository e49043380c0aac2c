//! Driver for the crate `mls-rs`, with `mls-rs-crypto-rustcrypto` below it.

mod client;
mod refusal;
mod rosters;
mod storage;

use hallmark_driver_mls::MlsDevice;

/// A device with one mls-rs client.
pub type MlsRsDevice = MlsDevice<client::Client>;
