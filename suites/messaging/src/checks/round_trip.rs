//! Messages arrive as sent, from whom they say.

use hallmark_model::Verdict;

use super::{Check, Conclusion};

pub(super) const CHECK: Check = Check {
    name: "round-trip",
    title: "Messages arrive as sent, from whom they say",
    experiment: "round-trip",
    expected: "every message is delivered with its text, under its sender, in both directions",
    judge: |experiment, _| match experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
        _ if experiment.outcome.is_empty() => Conclusion::unreadable("no message was tried"),
        None => Conclusion::new(
            Verdict::Pass,
            format!("{} messages of five shapes were delivered as sent", experiment.outcome.len()),
            "the candidate carries messages; every other test stands on this",
        ),
        Some(step) => Conclusion::new(
            Verdict::Fail,
            format!("{}: {}", step.what, step.seen),
            "a message that is lost or changed on its way can harm a patient by itself",
        ),
    },
};
