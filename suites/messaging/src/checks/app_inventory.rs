//! For which devices messages are encrypted after one was removed, in numbers. Never judged: a server
//! that says nothing of a removal cannot be told from one that knows of none.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::InventoryMeasured;

pub(super) const CHECK: Check = Check {
    name: "app-inventory",
    title: "For which devices the app encrypts after one was removed",
    experiment: "app-inventory",
    expected: "measured, not judged",
    judge: |experiment, _| {
        measured(experiment, |m: InventoryMeasured| {
            let after = match (m.after, m.removed_among_them) {
                (0, _) => {
                    "no key was shared again: the removed one holds the key in use".to_owned()
                }
                (after, 0) => format!("{after}, and not the removed one"),
                (after, _) => format!("{after}, the removed one among them"),
            };
            let observed = format!(
                "devices of the reader for which messages were encrypted: {} at first, {} with a second \
                 device, after its removal {after}",
                m.first, m.both
            );
            let why =
                "measured, not judged: a device that was lost or sold should read nothing more";
            Conclusion::new(Verdict::NotApplicable, observed, why)
        })
    },
};
