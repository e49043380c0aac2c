//! A replayed envelope is not shown again.

use hallmark_model::Verdict;

use super::{Check, Conclusion};

pub(super) const CHECK: Check = Check {
    name: "replay",
    title: "A replayed envelope is not shown again",
    experiment: "replay",
    expected: "the second delivery of an envelope shows no message",
    judge: |experiment, _| match experiment.outcome.iter().find(|step| step.seen.is_delivered()) {
        _ if experiment.outcome.is_empty() => Conclusion::unreadable("no replay was tried"),
        Some(step) => Conclusion::new(
            Verdict::Fail,
            format!("{}: {}", step.what, step.seen),
            "whoever carries messages can make an old instruction appear as a new one",
        ),
        None => Conclusion::new(
            Verdict::Pass,
            experiment
                .outcome
                .iter()
                .map(|step| format!("{}: {}", step.what, step.seen))
                .collect::<Vec<_>>()
                .join("; "),
            "each envelope is shown once",
        ),
    },
};
