//! The app keeps encrypting when its server hides that it must.

use super::{Check, app_attacks::nobody_reads_along};

pub(super) const CHECK: Check = Check {
    name: "app-marker",
    title: "The app keeps encrypting when its server hides that it must",
    experiment: "app-marker",
    expected: "what is written into an encrypted conversation stays encrypted, or is refused, also after a restart",
    judge: |experiment, _| {
        nobody_reads_along(
            experiment,
            "a conversation that is encrypted stays so, whatever the server says",
            "whoever runs the server switches encryption off, and reads along from then on",
        )
    },
};
