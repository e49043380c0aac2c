//! Stolen state does not open a message that came late.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "rollback-out-of-order",
    title: "Forward secrecy: nor messages that came late",
    experiment: "rollback-out-of-order",
    expected: "the state from after a message that later ones overtook refuses that message",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the key that waited for the late message was erased when it was read; both controls \
             held",
            "keys that are stored for overtaken messages stay after use: who delays messages on the \
             network decides what a stolen device opens",
        )
    },
};
