//! The app's backup of a conversation: a file on the phone, never sent.

use std::{fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::attachment;
use crate::faults::{Fault, Faults};

/// Writes the backup: a line that says what it is, then the texts, sealed under a key that the
/// phone's key store would hold, and that is forgotten here.
pub(super) fn write(
    folder: &Path,
    owner: &str,
    routing: &str,
    texts: &[String],
    faults: Faults,
) -> io::Result<()> {
    let texts = serde_json::to_vec(texts)?;
    let (how, body) = if faults.has(Fault::CanaryBase64InStore) {
        ("encoding=base64", STANDARD.encode(texts).into_bytes())
    } else {
        ("cipher=AES-256-GCM", attachment::seal(&texts)?.1)
    };
    let head = format!("backup of {owner} {how} routing={routing}\n").into_bytes();
    let folder = folder.join("phones");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{owner}.backup")), [head, body].concat())
}
