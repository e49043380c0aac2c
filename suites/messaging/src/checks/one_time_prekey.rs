//! A one-time prekey serves once.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "one-time-prekey",
    title: "A one-time prekey serves once",
    experiment: "one-time-prekey",
    expected: "a second session from the same one-time prekey is refused",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the private half is deleted on first use",
            "the private half survives its use: stolen state opens the first messages of past \
             sessions",
        )
    },
};
