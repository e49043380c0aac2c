//! Public captures whose keys are known.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::tshark;

/// A capture and a key log. Secrets inside the file come on top.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) keys: Vec<u8>,
}

/// The pre-shared key of a family of Wireshark's test captures, published with them.
const PSK: &str = "ca19e028a8a372ad2d325f950fcaceed";
const PSK_FAMILY: &str = "wireshark/test/captures/tls12-aes";

/// Every one: by the manifest, by the pre-shared key, and beside the capture.
pub(crate) fn all() -> Vec<Case> {
    let folder = match std::env::var_os("HALLMARK_CAPTURES") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
    };
    let mut cases = of_manifest(&folder.join("real"));
    cases.extend(beside(&folder.join("messaging")));
    cases
}

fn of_manifest(root: &Path) -> Vec<Case> {
    let Ok(text) = fs::read_to_string(root.join("manifest.json")) else { return Vec::new() };
    let manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
    let files = manifest["files"].as_array().expect("files");
    files.iter().filter_map(|entry| of_entry(root, entry)).collect()
}

fn of_entry(root: &Path, entry: &Value) -> Option<Case> {
    let name = entry["path"].as_str().expect("path").to_owned();
    let file = root.join(&name);
    let versions = entry["facts"]["tls_by_version"].as_object().expect("versions");
    let has_tls = versions.keys().any(|version| version.starts_with("TCP "));
    let has_secrets = entry["dsb_blocks"].as_u64() > Some(0);
    let keys = if let Some(log) = entry["keylog"].as_str() {
        fs::read(root.join(log)).expect("the key log of the manifest")
    } else if name.starts_with(PSK_FAMILY) {
        tshark::keys_of_psk(&file, PSK)
    } else if has_tls && has_secrets {
        Vec::new()
    } else {
        return None;
    };
    Some(Case { name, file, keys })
}

/// `NAME.pcap` with `NAME.keylog`.
fn beside(folder: &Path) -> Vec<Case> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let captures = files.into_iter().filter(|path| path.extension().is_some_and(|e| e == "pcap"));
    captures
        .filter_map(|file| {
            let keys = fs::read(file.with_extension("keylog")).ok()?;
            let name = file.file_name()?.to_string_lossy().into_owned();
            Some(Case { name, file, keys })
        })
        .collect()
}
