//! SHA-256.

use std::io::{self, Read};

use hallmark_model::Sha256;
use ring::digest::{Context, Digest, SHA256, digest};

/// The digest of bytes in memory.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256 {
    wrap(&digest(&SHA256, bytes))
}

/// The digest and the length of what `reader` gives, without holding it in memory.
///
/// Stops with an error once there are more than `limit` bytes: a file may grow while it is read.
pub(crate) fn sha256_of(reader: impl Read, limit: u64) -> io::Result<(Sha256, u64)> {
    let mut reader = reader.take(limit.saturating_add(1));
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                context.update(&buffer[..n]);
                size += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if size > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
    }
    Ok((wrap(&context.finish()), size))
}

fn wrap(digest: &Digest) -> Sha256 {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    Sha256::from_bytes(bytes)
}
