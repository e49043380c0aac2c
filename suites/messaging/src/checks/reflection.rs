//! A message cannot be reflected to its sender.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "reflection",
    title: "A message cannot be reflected to its sender",
    experiment: "reflection",
    expected: "a device that is handed its own envelope shows no message",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "envelopes are bound to their direction",
            "whoever carries messages can put a person's own words into the mouth of the other",
        )
    },
};
