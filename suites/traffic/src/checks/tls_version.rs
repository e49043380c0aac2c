//! Sessions used a current version of TLS.

use super::{Check, Source, grading::grade};

pub(super) const CHECK: Check = Check {
    name: "tls-version",
    title: "Recorded sessions use a current version of TLS",
    source: Source::Captures,
    expected: "every recorded TLS session agreed a version that the standard recommends or accepts",
    judge: |facts, ground| grade(facts, ground, "tls-version", |handshake| &handshake.version),
};
