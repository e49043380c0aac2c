//! The app shows nothing as encrypted that was not.

use hallmark_model::Verdict;

use super::{Check, Conclusion, app_attacks::without_chance, measured};
use crate::probe::{Clear, PlaintextMeasured};

pub(super) const CHECK: Check = Check {
    name: "app-plaintext",
    title: "The app shows nothing that its server wrote as if it were encrypted",
    experiment: "app-plaintext",
    expected: "what arrives in clear in an encrypted conversation is dropped, or shown as not encrypted",
    judge: |experiment, _| {
        measured(experiment, |m: PlaintextMeasured| {
            let bad =
                "whoever runs the server writes in a colleague's name, and it looks like theirs";
            let good = "nobody takes it for what a colleague wrote";
            match m.shown {
                Some(Clear { encrypted: Some(true), .. }) => {
                    Conclusion::new(Verdict::Fail, "plaintext is shown as encrypted", bad)
                }
                Some(Clear { stands_out: false, .. }) => Conclusion::new(
                    Verdict::Fail,
                    "plaintext is shown without any difference to encrypted messages",
                    bad,
                ),
                _ if m.applied == 0 => without_chance("the server handed over nothing in clear"),
                Some(Clear { encrypted: Some(false), stands_out: true }) => {
                    Conclusion::new(Verdict::Pass, "plaintext is shown as not encrypted", good)
                }
                Some(Clear { encrypted: None, stands_out: true }) => Conclusion::new(
                    Verdict::Pass,
                    "plaintext is shown with a mark or a warning that encrypted messages lack",
                    good,
                ),
                None => Conclusion::new(Verdict::Pass, "plaintext is not shown", good),
            }
        })
    },
};
