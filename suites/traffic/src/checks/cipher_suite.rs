//! Sessions used a strong cipher suite. How keys were agreed is judged apart.

use super::{Check, Source, grading::grade};

pub(super) const CHECK: Check = Check {
    name: "cipher-suite",
    title: "Recorded sessions use a strong cipher suite",
    source: Source::Captures,
    expected: "every recorded TLS session agreed a cipher suite that the standard recommends or \
               accepts",
    judge: |facts, ground| {
        grade(facts, ground, "tls-cipher-suite", |handshake| &handshake.cipher_suite)
    },
};
