//! A member's message is never shown as another's.

use hallmark_model::Verdict;

use super::{Check, Conclusion, in_words};

pub(super) const CHECK: Check = Check {
    name: "group-impersonation",
    title: "In a group nobody's message is shown as another's",
    experiment: "group-impersonation",
    expected: "a message handed over under another name is refused, or shown under its real author",
    judge: |experiment, _| {
        let steps = &experiment.outcome;
        let shown = |seen: &crate::facts::Seen| seen.is_delivered() && !seen.is_as_meant();
        match steps.iter().find(|step| shown(&step.seen)) {
            _ if steps.is_empty() => Conclusion::unreadable("no step under test was recorded"),
            Some(step) => Conclusion::new(
                Verdict::Fail,
                format!("{}: {}", step.what, step.seen),
                "a member, or whoever runs the server, can put orders into a doctor's mouth",
            ),
            None => Conclusion::new(
                Verdict::Pass,
                in_words(steps),
                "the author is authenticated, not taken from the envelope's label",
            ),
        }
    },
};
