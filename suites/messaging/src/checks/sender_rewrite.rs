//! A message is never shown as somebody else's.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words};
use crate::facts::{Seen, Sender, Step};

pub(super) const CHECK: Check = Check {
    name: "sender-rewrite",
    title: "A message is never shown as somebody else's",
    experiment: "sender-rewrite",
    expected: "a message handed over under another name is refused, shown under its real sender, or \
               shown with a warning that the names differ",
    judge: |experiment, _| {
        let steps = &experiment.outcome;
        let misled = |step: &&Step| {
            matches!(step.seen, Seen::Delivered { sender: Sender::Wrong, .. })
                && !warned_of(step, "sender-mismatch")
        };
        let bad = "whoever runs the server can put one person's words under another person's name";
        match steps.iter().find(misled) {
            _ if steps.is_empty() => Conclusion::unreadable("no step was recorded"),
            // A driver of the first protocol version cannot say what a warning is about.
            Some(step) if warned_of(step, "other") => Conclusion::new(
                Verdict::Warn,
                format!("{}: {}, with a warning", step.what, step.seen),
                "the candidate warned of something, and its driver cannot say of what",
            ),
            Some(step) => {
                Conclusion::new(Verdict::Fail, format!("{}: {}", step.what, step.seen), bad)
            }
            None => Conclusion::new(
                Verdict::Pass,
                in_words(steps),
                "the sender that is shown is the one who was authenticated",
            ),
        }
    },
};

fn warned_of(step: &Step, class: &str) -> bool {
    step.warnings.iter().any(|warning| warning.class.to_string() == class)
}
