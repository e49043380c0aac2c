//! Stolen state of a member does not open group messages that were already read.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "group-rollback",
    title: "Forward secrecy in groups: stolen state does not open messages already read",
    experiment: "group-rollback",
    expected: "the state from after a group message refuses that message",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the key of a read group message is gone; both controls held: the state from before opens \
             the message, the state from after opens the next one",
            "whoever takes one member's device reads what the whole team said in the past",
        )
    },
};
