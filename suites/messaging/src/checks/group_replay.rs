//! A group message is shown once.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "group-replay",
    title: "The same group message is not shown twice",
    experiment: "group-replay",
    expected: "a group message that arrives again is not shown again",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "what was read once does not come again",
            "whoever carries envelopes can repeat an order as often as they like",
        )
    },
};
