//! A message cannot be reflected to its sender.

use super::{Check, nobody_misled};
use crate::facts::Seen;

pub(super) const CHECK: Check = Check {
    name: "reflection",
    title: "A message cannot be reflected to its sender",
    experiment: "reflection",
    expected: "a device that is handed its own envelope shows no message, or shows it with a warning \
               that the names differ",
    judge: |experiment, _| {
        nobody_misled(
            experiment,
            Seen::is_delivered,
            "envelopes are bound to their direction",
            "whoever carries messages can put a person's own words into the mouth of the other",
        )
    },
};
