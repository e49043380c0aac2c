//! A removed member reads nothing that is said afterwards.

use super::{Check, none_shown};

pub(super) const CHECK: Check = Check {
    name: "group-removed-member",
    title: "Who was removed from a group reads nothing that is said afterwards",
    experiment: "group-removed-member",
    expected: "the removed member opens no later message, although it is handed all that travels",
    judge: |experiment, _| {
        none_shown(
            experiment,
            "messages after the removal are closed to the one who was removed, and open to those who \
             stayed",
            "a colleague who left the team, or a phone that was struck off, goes on reading about \
             patients",
        )
    },
};
