//! The app writes to no member whom its server adds.

use hallmark_model::Verdict;

use super::{
    Check,
    app_attacks::{Promise, nobody_reads_along},
};

pub(super) const CHECK: Check = Check {
    name: "app-added-member",
    title: "The app writes to no member whom its server adds",
    experiment: "app-added-member",
    expected: "a member whom nobody of the group added gets no message, or the user is told before one goes",
    judge: |experiment, _| {
        nobody_reads_along(
            experiment,
            &Promise {
                told: Verdict::Pass,
                good: "only members can add members",
                bad: "whoever runs the server adds anybody to a group, and reads along from then on",
            },
        )
    },
};
