//! Stolen state does not open messages that were already read.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "rollback",
    title: "Forward secrecy: stolen state does not open messages already read",
    experiment: "rollback",
    expected: "the state from after a message refuses that message",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the key of a read message is gone; both controls held: the state from before opens the \
             message, the state from after opens the next one",
            "whoever takes the device, or a copy of its state, reads messages of the past",
        )
    },
};
