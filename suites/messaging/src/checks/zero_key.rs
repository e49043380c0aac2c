//! Prekeys of small order are refused.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "zero-key",
    title: "Prekeys of small order are refused",
    experiment: "zero-key",
    expected: "no message is encrypted to a prekey of small order",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "every key agreement contributes a secret",
            "the agreed secret is known to everybody, because the key of the peer contributes \
             nothing (RFC 7748, section 6.1)",
        )
    },
};
