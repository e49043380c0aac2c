//! Group keys are renewed by themselves. Graded: some protocols leave that to the application.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupRotationMeasured;

const LIMIT: &str = "group-rotation-messages";

pub(super) const CHECK: Check = Check {
    name: "group-rotation",
    title: "The keys of a group are renewed after a bounded number of messages",
    experiment: "group-rotation",
    expected: "within the standard's number of messages the sender's key changes by itself, and who \
               misses the new key cannot read on",
    judge: |experiment, ground| {
        measured(experiment, |m: GroupRotationMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            let allowed =
                format!("the standard asks for {} {} ({})", limit.max, limit.unit, limit.basis);
            let declared = m.declared.map_or_else(
                || "the candidate declares no number".to_owned(),
                |declared| format!("the candidate declares {declared}"),
            );
            match m.rotated_after {
                None if m.tried <= limit.max.min(m.declared.unwrap_or(limit.max)) => {
                    Conclusion::unreadable("too few messages were sent to tell; raise --depth")
                }
                None => Conclusion::new(
                    Verdict::Warn,
                    format!("no new key within {} messages; {declared}", m.tried),
                    format!(
                        "a key once stolen opens whatever is said until the application renews the \
                         keys; {allowed}"
                    ),
                ),
                Some(after) if !m.locked_out => Conclusion::new(
                    Verdict::Warn,
                    format!("key material travelled after {after} messages, without effect"),
                    "one who missed what travelled reads on all the same",
                ),
                Some(after) if after > limit.max => Conclusion::new(
                    Verdict::Warn,
                    format!("a new key after {after} messages; {declared}"),
                    allowed,
                ),
                Some(after) => Conclusion::new(
                    Verdict::Pass,
                    format!("a new key after {after} messages; {declared}"),
                    allowed,
                ),
            }
        })
    },
};
