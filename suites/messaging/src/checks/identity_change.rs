//! A changed identity key is refused or told.

use super::{Check, reactions::none_silent};

pub(super) const CHECK: Check = Check {
    name: "identity-change",
    title: "A known person's new identity key is refused, or the user is told before it is used",
    experiment: "identity-change",
    expected: "refused, or the user is told before the next message is sent or as one is shown; the \
               fingerprint changes",
    judge: |experiment, _| {
        none_silent(
            experiment,
            "nobody can step into a conversation under a known name without being noticed",
            "whoever runs the server can take the place of a known person, and nobody notices",
        )
    },
};
