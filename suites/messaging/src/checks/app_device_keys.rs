//! The app takes no other keys for a person whom it knows.

use hallmark_model::Verdict;

use super::{
    Check,
    app_attacks::{Promise, nobody_reads_along},
};

pub(super) const CHECK: Check = Check {
    name: "app-device-keys",
    title: "The app takes no other keys for a person whom it knows",
    experiment: "app-device-keys",
    expected: "keys that the server puts in the place of a known person's are refused, or the user is told",
    judge: |experiment, _| {
        nobody_reads_along(
            experiment,
            &Promise {
                told: Verdict::Pass,
                good: "a person's keys change only with the knowledge of those who write to them",
                bad: "whoever runs the server puts their own keys in a person's place, and reads what is written",
            },
        )
    },
};
