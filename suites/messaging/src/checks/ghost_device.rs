//! A device that the server adds to a person reads nothing.

use super::{Check, reactions::none_silent};

pub(super) const CHECK: Check = Check {
    name: "ghost-device",
    title: "A device that the server adds to a person reads nothing",
    experiment: "ghost-device",
    expected: "a device that the person never added is refused, or opens nothing, or the user is \
               told before a message goes to it",
    judge: |experiment, _| {
        none_silent(
            experiment,
            "only devices that a person added read what is written to that person",
            "whoever runs the server adds a device of their own and reads along from then on",
        )
    },
};
