//! The app writes to no device that its server adds.

use hallmark_model::Verdict;

use super::{
    Check,
    app_attacks::{Promise, nobody_reads_along},
};

pub(super) const CHECK: Check = Check {
    name: "app-ghost-device",
    title: "The app writes to no device that its server adds",
    experiment: "app-ghost-device",
    expected: "a device that the server adds to a person gets no message, or the user is told before one goes",
    judge: |experiment, _| {
        nobody_reads_along(
            experiment,
            &Promise {
                told: Verdict::Pass,
                good: "a message goes only to devices that its reader added",
                bad: "whoever runs the server adds a device of their own to a person, and reads along from then on",
            },
        )
    },
};
