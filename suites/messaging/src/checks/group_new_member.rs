//! A newcomer reads nothing that was said before.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "group-new-member",
    title: "Who joins a group does not read what was said before",
    experiment: "group-new-member",
    expected: "neither the newcomer nor a copy of its state opens an earlier message",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "what was said before stays closed to the newcomer, who reads what is said after",
            "whoever joins a group, or steals a phone that joined today, reads what was said about \
             earlier patients",
        )
    },
};
