//! An encrypted file is one file, whichever key it is opened with.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::CommitmentMeasured;

pub(super) const CHECK: Check = Check {
    name: "key-commitment",
    title: "An encrypted file shows every recipient the same content",
    experiment: "key-commitment",
    expected: "a changed file and a wrong key are refused, and no file opens under two keys",
    judge: |experiment, _| {
        measured(experiment, |m: CommitmentMeasured| {
            if m.changed == 0 || m.keys == 0 {
                return Conclusion::unreadable("nothing was changed");
            }
            let made = match m.salamander {
                Some(true) => "a file made for two keys opened under both",
                Some(false) => "a file made for two keys did not open under both",
                None => "no file was made for two keys",
            };
            let observed = format!(
                "{}: of {} changed files {} opened with another content, of {} changed keys {}; {made}",
                m.cipher, m.changed, m.changed_opened, m.keys, m.keys_opened
            );
            if m.changed_opened > 0 {
                Conclusion::new(
                    Verdict::Warn,
                    observed,
                    "the server that keeps a file can change what is seen when it is opened",
                )
            } else if m.keys_opened > 0 || m.salamander == Some(true) {
                Conclusion::new(
                    Verdict::Warn,
                    observed,
                    "the cipher does not commit to its key: a malicious sender can make one file \
                     that shows two recipients, or a complaint and its inspector, different contents",
                )
            } else if m.salamander.is_none() && promises_no_commitment(&m.cipher) {
                Conclusion::new(
                    Verdict::Inconclusive,
                    observed,
                    "a cipher of this kind does not commit to its key by itself, and no file could \
                     be made that would show whether something around it does",
                )
            } else {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "a file opens under its own key, unchanged",
                )
            }
        })
    },
};

/// Whether the name says an AEAD with a polynomial tag and nothing else.
fn promises_no_commitment(cipher: &str) -> bool {
    let polynomial = ["GCM", "Poly1305", "OCB"].iter().any(|name| cipher.contains(name));
    polynomial && !cipher.contains("HMAC")
}
