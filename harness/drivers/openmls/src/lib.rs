//! Driver for the crate `openmls`, with the cryptography of RustCrypto below it.

mod client;
mod crypto;
mod refusal;
mod signer;
mod storage;

use hallmark_driver_mls::MlsDevice;

/// A device with one OpenMLS client.
pub type OpenMlsDevice = MlsDevice<client::Client>;
