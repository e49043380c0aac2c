//! A scene, played once.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hallmark_reference::{
    Fault, Faults, ReferenceServer,
    scene::{Played, play},
};
use tempfile::TempDir;

/// A played scene and the folder it lies in.
pub(crate) struct World {
    pub(crate) server: ReferenceServer,
    pub(crate) played: Played,
    _folder: TempDir,
}

/// Plays the scene with these faults.
pub(crate) fn scene(faults: &[Fault]) -> World {
    let folder = tempfile::tempdir().unwrap();
    let faults: Faults = faults.iter().copied().collect();
    let server = ReferenceServer::start(&faults, folder.path()).unwrap();
    let played = play(&server, &faults, folder.path(), 0x7f3a).unwrap();
    World { server, played, _folder: folder }
}

impl World {
    /// Stored files, by path within the storage.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.played.storage, &mut files);
        files.sort();
        files
            .into_iter()
            .map(|(path, bytes)| {
                (path.strip_prefix(&self.played.storage).unwrap().to_owned(), bytes)
            })
            .collect()
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), fs::read(path).unwrap()));
        }
    }
}

/// Whether one stands in the other.
pub(crate) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Whether base64 of the text stands in these bytes, at any alignment.
pub(crate) fn holds_base64(bytes: &[u8], text: &str) -> bool {
    use base64::{Engine, engine::general_purpose::STANDARD};
    (0..3).any(|before| {
        let padded = [&[0; 3][..before], text.as_bytes()].concat();
        let encoded = STANDARD.encode(padded);
        // The first and the last character depend on what stands around.
        let inner = &encoded[(before * 8).div_ceil(6)..encoded.trim_end_matches('=').len() - 1];
        holds(bytes, inner.as_bytes())
    })
}
