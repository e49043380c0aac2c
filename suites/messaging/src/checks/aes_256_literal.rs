//! AES 256, to the letter.

use super::{Check, aes_256_equivalent::judge_cipher};

pub(super) const CHECK: Check = Check {
    name: "aes-256-literal",
    title: "Messages are encrypted with AES 256, to the letter",
    experiment: "algorithms",
    expected: "the cipher of message contents is AES with a key of 256 bits",
    judge: |experiment, ground| judge_cipher(experiment, ground, "message-cipher-literal"),
};
