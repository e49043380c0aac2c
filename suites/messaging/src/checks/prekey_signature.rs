//! Prekeys whose signature does not hold are refused.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "prekey-signature",
    title: "Prekeys whose signature does not hold are refused",
    experiment: "prekey-signature",
    expected: "no message is encrypted to a prekey whose signature does not hold",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the server cannot put its own key in the place of the receiver's",
            "the server can put its own key in the place of the receiver's, and read",
        )
    },
};
