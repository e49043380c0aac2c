//! An envelope of an earlier session is not shown again in a later one.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "replay-across-sessions",
    title: "A new session does not let old messages in again",
    experiment: "replay-across-sessions",
    expected: "once a second session is in use, the envelopes of the first show no message again",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "what was delivered stays delivered, whichever session is in use",
            "whoever recorded an earlier session can have its messages shown again as new ones, by \
             waiting for a reinstalled app or making the two start again",
        )
    },
};
