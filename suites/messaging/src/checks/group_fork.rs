//! Members who do not follow the same changes can tell, and do not read each other.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupForkMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-fork",
    title: "A group that was split in two can tell",
    experiment: "group-fork",
    expected: "authenticators are equal within a half and different across the fork; messages across \
               it are refused",
    judge: |experiment, _| {
        measured(experiment, |m: GroupForkMeasured| {
            let shown = experiment.outcome.iter().find(|step| step.seen.is_delivered());
            if experiment.outcome.is_empty() {
                Conclusion::unreadable("no message crossed the fork")
            } else if !m.equal_within {
                Conclusion::new(
                    Verdict::Fail,
                    "members who followed the same change have different authenticators",
                    "what never agrees cannot show that something is wrong",
                )
            } else if !m.different_across {
                Conclusion::new(
                    Verdict::Fail,
                    "members who followed different changes have the same authenticator",
                    "whoever runs the server can split a team in two, and nobody notices",
                )
            } else if let Some(step) = shown {
                Conclusion::new(
                    Verdict::Fail,
                    format!("{}: {}", step.what, step.seen),
                    "messages cross a fork as if the group were one",
                )
            } else {
                Conclusion::new(
                    Verdict::Pass,
                    "authenticators agree within each half and differ across the fork; no message \
                     crossed it",
                    "a group that was split cannot go on as if nothing had happened",
                )
            }
        })
    },
};
