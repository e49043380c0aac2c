//! A member's message is never shown as another's.

use super::{Check, nobody_misled};

pub(super) const CHECK: Check = Check {
    name: "group-impersonation",
    title: "In a group nobody's message is shown as another's",
    experiment: "group-impersonation",
    expected: "a message handed over under another name is refused, shown under its real author, or \
               shown with a warning that the names differ",
    judge: |experiment, _| {
        nobody_misled(
            experiment,
            |seen| seen.is_delivered() && !seen.is_as_meant(),
            "the author is authenticated, not taken from the envelope's label",
            "a member, or whoever runs the server, can put orders into a doctor's mouth",
        )
    },
};
