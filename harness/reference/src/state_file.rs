//! The state of a device that is a process of its own, in a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::store::Store;

/// Room for a state, in bytes, so that what is written need not move: what moved would stay behind.
const ROOM: usize = 1 << 20;

/// Where the state is kept, and how.
pub(crate) struct StateFile {
    path: PathBuf,
    /// With the fault that keeps old states: after them instead of in their place.
    keeps_old: bool,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf, keeps_old: bool) -> Self {
        Self { path, keeps_old }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the state of now. Without a state there is no file.
    pub(crate) fn write(&self, store: Option<&Store>) -> io::Result<()> {
        let Some(store) = store else {
            return match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        let mut state = Zeroizing::new(Vec::with_capacity(ROOM));
        serde_json::to_writer(&mut *state, store)?;
        state.push(b'\n');
        if self.keeps_old {
            return OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.path)?
                .write_all(&state);
        }
        // Whole or not at all, whenever the device ends.
        let fresh = self.path.with_extension("new");
        File::create(&fresh)?.write_all(&state)?;
        fs::rename(fresh, &self.path)
    }
}
