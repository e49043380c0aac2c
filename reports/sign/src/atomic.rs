//! Files that appear whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Writes `bytes` to a new file beside `path`, brings it to the disk and renames it.
///
/// The name of the new file begins with a dot, so that one left over by a killed process is
/// refused by [`crate::layout::check_name`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_file_name(format!(".partial-{}", std::process::id()));
    let result = write_new(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if result.is_err() {
        // The error is what matters; where this fails too, the leftover is refused by its name.
        let _ = fs::remove_file(&partial);
    }
    result?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn write_new(partial: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(partial)?;
    file.write_all(bytes)?;
    file.sync_all()
}
