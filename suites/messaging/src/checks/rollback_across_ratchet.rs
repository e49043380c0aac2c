//! Stolen state does not open messages of a chain that ended.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "rollback-across-ratchet",
    title: "Forward secrecy: nor messages from before the keys changed",
    experiment: "rollback-across-ratchet",
    expected: "the state from after a change of keys in each direction refuses every message read \
               before it",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "no message of the chain that ended opens again; both controls held",
            "something from which the keys of the old chain follow is kept beyond the change",
        )
    },
};
