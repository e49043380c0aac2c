//! A key log: in one piece, and cut between lines.

#![no_main]

use hallmark_tls::KeyLog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut whole = KeyLog::default();
    let lines = whole.read(text);
    assert!(whole.len() <= lines.secrets);
    // Only the first piece may begin with a byte order mark.
    if text.windows(3).skip(1).any(|bytes| bytes == b"\xef\xbb\xbf") {
        return;
    }
    let mut pieces = KeyLog::default();
    let mut secrets = 0;
    for line in text.split(|&byte| byte == b'\n') {
        secrets += pieces.read(line).secrets;
    }
    assert_eq!((whole.len(), lines.secrets), (pieces.len(), secrets));
});
