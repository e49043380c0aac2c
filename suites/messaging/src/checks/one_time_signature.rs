//! One-time prekeys whose signature does not hold are refused.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "one-time-signature",
    title: "One-time prekeys whose signature does not hold are refused",
    experiment: "one-time-signature",
    expected: "where the protocol signs one-time or key-encapsulation prekeys, none is used whose \
               signature does not hold",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the server can add nothing of its own to the agreed secret",
            "the server can put in a key of its own, and takes from the first messages the \
             protection that this key was for",
        )
    },
};
