//! Where captures are.

use std::path::{Path, PathBuf};

/// The folder of captures: `HALLMARK_CAPTURES`, or `../shared/captures` beside the workspace.
pub(crate) fn folder() -> PathBuf {
    match std::env::var_os("HALLMARK_CAPTURES") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
    }
}
