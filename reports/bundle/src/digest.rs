//! SHA-256 over bytes in memory.

use hallmark_model::Sha256;

/// The digest of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    Sha256::from_bytes(out)
}
