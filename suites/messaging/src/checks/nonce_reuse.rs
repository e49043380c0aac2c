//! No two messages are encrypted with the same key and nonce.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::NonceMeasured;

/// A block and a half: more than chance, padding or a constant field explains.
const EXCESS: u64 = 24;

pub(super) const CHECK: Check = Check {
    name: "nonce-reuse",
    title: "Equal texts do not look equal on the wire",
    experiment: "nonce-reuse",
    expected: "envelopes of one text share no more bytes than envelopes of different texts",
    judge: |experiment, _| {
        measured(experiment, |m: NonceMeasured| {
            if m.envelopes < 2 {
                return Conclusion::unreadable("fewer than two envelopes were compared");
            }
            let (same, other) = (m.equal, m.different);
            let observed = format!(
                "{} envelopes of one text of {} bytes, every pair compared byte by byte: the longest \
                 run of equal bytes is {} (places counted from the start) and {} (from the end); \
                 among {} envelopes of texts that differ in their second half, {} and {}",
                m.envelopes,
                m.plaintext_bytes,
                same.from_start,
                same.from_end,
                m.envelopes,
                other.from_start,
                other.from_end
            );
            let exceeds = |same: u64, other: u64| same.saturating_sub(other) >= EXCESS;
            if exceeds(same.from_start, other.from_start) || exceeds(same.from_end, other.from_end)
            {
                Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "a key was used again with the same nonce: whoever listens sees that a message \
                     was repeated, and with many ciphers reads what messages differ in",
                )
            } else {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "nothing in the ciphertext tells that two texts are equal",
                )
            }
        })
    },
};
