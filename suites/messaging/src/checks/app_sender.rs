//! The app shows no message under a name that its server chose.

use hallmark_model::Verdict;

use super::{Check, Conclusion, app_attacks::without_chance, measured};
use crate::probe::{Named, SenderMeasured};

pub(super) const CHECK: Check = Check {
    name: "app-sender",
    title: "The app shows no message under a name that its server chose",
    experiment: "app-sender",
    expected: "a message that the server hands over under another's name is dropped, or shown as its \
               real sender's",
    judge: |experiment, _| {
        measured(experiment, |m: SenderMeasured| {
            let (verdict, observed, why) = match m.shown {
                Named::Other => (
                    Verdict::Fail,
                    "the message is shown under the other's name, like the other's own messages",
                    "whoever runs the server chooses in whose name staff are told what to do",
                ),
                _ if m.applied == 0 => return without_chance("the server named nobody else"),
                Named::OtherMarked => (
                    Verdict::Warn,
                    "the message is shown under the other's name, and marked or with a warning",
                    "readers must notice the mark",
                ),
                Named::NotShown => (
                    Verdict::Pass,
                    "the message is not shown",
                    "who sent a message is authenticated",
                ),
                Named::Real => (
                    Verdict::Pass,
                    "the message is shown under its real sender's name",
                    "who sent a message is authenticated",
                ),
            };
            Conclusion::new(verdict, observed, why)
        })
    },
};
