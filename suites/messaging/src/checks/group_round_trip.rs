//! In a group everybody hears everybody, and all agree who is in it.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupRoundTripMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-round-trip",
    title: "In a group everybody hears everybody, and all agree who is in it",
    experiment: "group-round-trip",
    expected: "every message is delivered with its text, under its sender, to every member; members, \
               epochs and authenticators agree",
    judge: |experiment, _| {
        measured(experiment, |m: GroupRoundTripMeasured| {
            if m.groups.is_empty() || experiment.outcome.is_empty() {
                return Conclusion::unreadable("no group was tried");
            }
            if let Some(step) = experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
                return Conclusion::new(
                    Verdict::Fail,
                    format!("{}: {}", step.what, step.seen),
                    "a message that some of the team do not get, or get changed, can harm a patient",
                );
            }
            let at_odds = m.groups.iter().find(|g| !(g.members && g.epochs && g.authenticators));
            if let Some(group) = at_odds {
                let about = match group {
                    g if !g.members => "who is in the group",
                    g if !g.epochs => "how often it changed",
                    _ => "the state that it is in",
                };
                return Conclusion::new(
                    Verdict::Fail,
                    format!("in a group of {}, members disagree about {about}", group.size),
                    "staff who see different groups do not know who reads what they write",
                );
            }
            let sizes: Vec<_> = m.groups.iter().map(|group| group.size.to_string()).collect();
            Conclusion::new(
                Verdict::Pass,
                format!(
                    "{} messages in groups of {} were delivered as sent; all views agree",
                    experiment.outcome.len(),
                    sizes.join(", ")
                ),
                "the candidate carries group messages; every other group test stands on this",
            )
        })
    },
};
