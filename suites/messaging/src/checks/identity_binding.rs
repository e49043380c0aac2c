//! One known person is not taken for another.

use super::{Check, reactions::none_silent};

pub(super) const CHECK: Check = Check {
    name: "identity-binding",
    title: "One known person is not taken for another",
    experiment: "identity-binding",
    expected: "a first message of one is never shown as the other's, and nothing is encrypted to \
               the one in the other's name, unless the user is told",
    judge: |experiment, _| {
        none_silent(
            experiment,
            "names are bound to identity keys in both directions",
            "whoever runs the server decides in whose name a message is shown, or who reads what \
             is meant for another",
        )
    },
};
