//! The app keeps encrypting when its server hides that it must.

use hallmark_model::Verdict;

use super::{
    Check,
    app_attacks::{Promise, nobody_reads_along},
};

pub(super) const CHECK: Check = Check {
    name: "app-marker",
    title: "The app keeps encrypting when its server hides that it must",
    experiment: "app-marker",
    expected: "what is written into an encrypted conversation stays encrypted, or is refused, also after a restart",
    judge: |experiment, _| {
        nobody_reads_along(
            experiment,
            &Promise {
                told: Verdict::Warn,
                good: "on a device that knows it, a conversation that is encrypted stays so, whatever the server says",
                bad: "whoever runs the server switches encryption off, and reads along from then on",
            },
        )
    },
};
