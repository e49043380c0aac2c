//! A replayed envelope is not shown again.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "replay",
    title: "A replayed envelope is not shown again",
    experiment: "replay",
    expected: "the second delivery of an envelope shows no message",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "each envelope is shown once",
            "whoever carries messages can make an old instruction appear as a new one",
        )
    },
};
