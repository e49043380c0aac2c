//! Files that appear whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{BundleError, layout::PARTIAL};

/// Whether the bytes must be on the disk before the file gets its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Yes: a loss of power cannot leave an empty or half-written file under the name.
    Synced,
    /// No: the file is known by its digest, so that a loss is noticed.
    Unsynced,
}

/// Writes `bytes` to a new file beside `path` and renames it, replacing what was there.
pub(crate) fn write(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), BundleError> {
    // A draft owns its folder, so a number is enough to keep concurrent writers apart.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let partial = path.with_file_name(format!("{PARTIAL}{}", NEXT.fetch_add(1, Ordering::Relaxed)));
    let result = write_new(&partial, bytes, durability)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(BundleError::io("write", path));
    if result.is_err() {
        // The error is what matters; where this fails too, the leftover is refused by its name.
        let _ = fs::remove_file(&partial);
    } else if let (Durability::Synced, Some(folder)) = (durability, path.parent()) {
        sync_folder(folder)?;
    }
    result
}

fn write_new(partial: &Path, bytes: &[u8], durability: Durability) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(partial)?;
    file.write_all(bytes)?;
    if durability == Durability::Synced {
        file.sync_all()?;
    }
    Ok(())
}

/// Makes renames in `folder` survive a loss of power.
fn sync_folder(folder: &Path) -> Result<(), BundleError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(BundleError::io("write", folder))
}
