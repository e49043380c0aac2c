//! A restart neither brings back what was read nor ends the erasing.

use super::{Check, all_refused};

pub(super) const CHECK: Check = Check {
    name: "rollback-after-restart",
    title: "Forward secrecy: nor messages read before or after a restart",
    experiment: "rollback-after-restart",
    expected: "a fresh process on the stored state refuses what was read before, and its own state \
               refuses what it read itself",
    judge: |experiment, _| {
        all_refused(
            experiment,
            "the stored state knows what was read, and the restarted device erases like the first; \
             all controls held",
            "what was read opens again after a restart, or stays in the state of a restarted device",
        )
    },
};
