//! The long part: whole files, aside from the thread that listens to the user.

use std::{
    fs::File,
    io::{self, Read},
    panic,
    path::{Path, PathBuf},
    thread,
};

use hallmark_capture::{
    Canary, Hunter, Limits,
    read::{ReadError, read},
};
use hallmark_model::text;
use tokio::sync::oneshot;

use crate::facts::{self, Storage};

/// Bytes read of a key log: some hundred thousand sessions.
const LARGEST_KEYLOG: u64 = 256 << 20;

/// Does long work on a thread of its own, so that a signal is heard meanwhile. It is left behind
/// when nobody waits any more.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = oneshot::channel();
    let thread = thread::spawn(move || {
        // Nobody listens any more: the run was stopped.
        let _ = sender.send(work());
    });
    match (receiver.await, thread) {
        (Ok(done), _) => done,
        (Err(_), thread) => match thread.join() {
            Err(panicked) => panic::resume_unwind(panicked),
            Ok(()) => unreachable!("the thread sends before it ends"),
        },
    }
}

/// What capture files held.
pub(super) struct Captures {
    pub(super) files: Vec<facts::File>,
    pub(super) keylogs: Vec<facts::KeyLog>,
    pub(super) flows: Vec<hallmark_capture::Flow>,
    pub(super) hunter: Hunter,
}

/// Reads captures as parts of one recording, opens what the key logs open, and looks for texts.
pub(super) fn read_captures(
    captures: &[PathBuf],
    keylogs: &[PathBuf],
    texts: &[Canary],
) -> Result<Captures, ReadError> {
    let mut keys = hallmark_tls::KeyLog::default();
    let keylogs = keylogs.iter().map(|path| keylog(path, &mut keys)).collect();
    let mut hunter = Hunter::new(texts);
    let captured = read(captures, &keys, &Limits::default(), &mut hunter, &mut |_| {})?;
    let file = |file: hallmark_capture::CaptureFile| facts::File {
        path: shown(&file.path),
        sha256: file.sha256,
        packets: file.packets,
        problems: file.problems.iter().map(|line| text::one_line(line)).collect(),
    };
    let files = captured.files.into_iter().map(file).collect();
    Ok(Captures { files, keylogs, flows: captured.flows, hunter })
}

fn keylog(path: &Path, keys: &mut hallmark_tls::KeyLog) -> facts::KeyLog {
    let mut problems = Vec::new();
    let mut lines = hallmark_tls::keylog::Lines::default();
    match read_bounded(path) {
        Err(error) => problems.push(format!("not read: {error}")),
        Ok((bytes, whole)) => {
            lines = keys.read(&bytes);
            if !whole {
                problems.push(format!("only the first {LARGEST_KEYLOG} bytes were read"));
            }
        }
    }
    facts::KeyLog {
        path: shown(path),
        secrets: lines.secrets as u64,
        malformed: lines.malformed as u64,
        problems,
    }
}

/// The bytes of a file up to the bound, and whether these are all.
fn read_bounded(path: &Path) -> io::Result<(Vec<u8>, bool)> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(LARGEST_KEYLOG);
    file.read_to_end(&mut bytes)?;
    let whole = file.into_inner().read(&mut [0])? == 0;
    Ok((bytes, whole))
}

/// What a search of storage found.
pub(super) struct Searches {
    pub(super) storage: Vec<Storage>,
    /// One for each storage.
    pub(super) hunters: Vec<Hunter>,
}

/// Looks for texts in folders.
pub(super) fn search_storage(folders: &[PathBuf], texts: &[Canary]) -> Searches {
    let mut searches = Searches { storage: Vec::new(), hunters: Vec::new() };
    for folder in folders {
        let mut hunter = Hunter::new(texts);
        let searched = hunter.search_folder(folder);
        searches.storage.push(Storage {
            path: shown(folder),
            files: searched.files,
            unreadable: searched.unreadable,
            skipped: searched.skipped,
            problems: searched.problems.iter().map(|line| text::one_line(line)).collect(),
        });
        searches.hunters.push(hunter);
    }
    searches
}

fn shown(path: &Path) -> String {
    text::one_line(&path.to_string_lossy())
}
