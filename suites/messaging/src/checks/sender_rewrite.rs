//! A message is never shown as somebody else's.

use super::{Check, nobody_misled};
use crate::facts::{Seen, Sender};

pub(super) const CHECK: Check = Check {
    name: "sender-rewrite",
    title: "A message is never shown as somebody else's",
    experiment: "sender-rewrite",
    expected: "a message handed over under another name is refused, shown under its real sender, or \
               shown with a warning that the names differ",
    judge: |experiment, _| {
        nobody_misled(
            experiment,
            |seen| matches!(seen, Seen::Delivered { sender: Sender::Wrong, .. }),
            "the sender that is shown is the one who was authenticated",
            "whoever runs the server can put one person's words under another person's name",
        )
    },
};
