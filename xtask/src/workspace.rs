//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Folder of the driver for libsignal.
pub(crate) const LIBSIGNAL: &str = "harness/drivers/libsignal";

/// Folder of the driver for ts-mls.
pub(crate) const TS_MLS: &str = "harness/drivers/ts-mls";

/// Folder of old and new releases of servers.
pub(crate) const MUSEUM: &str = "harness/museum";

/// The root of the workspace. Cargo tells a program that it runs where its package is.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    match package.as_deref().and_then(Path::parent) {
        Some(root) => root.to_owned(),
        None => PathBuf::from("."),
    }
}

/// The cargo that runs us.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// The program under development, as `cargo build --release` leaves it.
pub(crate) fn hallmark() -> PathBuf {
    root().join("target/release/hallmark")
}
