//! After a member renews its keys, a copy of its old state is left behind.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupHealingMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-healing",
    title: "After a member renews its keys, a stolen copy of its state reads no more",
    experiment: "group-healing",
    expected: "from the victim's own rotation on, the copy opens no message of another member",
    judge: |experiment, _| {
        measured(experiment, |m: GroupHealingMeasured| {
            if m.groups.is_empty() || experiment.outcome.is_empty() {
                return Conclusion::unreadable("no group was tried");
            }
            if let Some(group) = m.groups.iter().find(|group| group.reads_after_own) {
                return Conclusion::new(
                    Verdict::Fail,
                    format!(
                        "in a group of {}, the copy still read after the victim's own rotation",
                        group.size
                    ),
                    "a phone that was copied once lets the thief read the whole group, whatever its \
                     owner does",
                );
            }
            let sizes: Vec<_> = m.groups.iter().map(|group| group.size.to_string()).collect();
            let others = match m.groups.iter().any(|group| group.reads_after_anothers) {
                true => "another member's rotation did not evict it",
                false => "another member's rotation evicted it too",
            };
            let heard = m.groups.iter().filter_map(|group| group.heard.as_ref());
            let heard = match heard.clone().any(crate::facts::Seen::is_delivered) {
                true => "; what it then sent passed for a late message of its victim",
                false => "; what it then sent was not shown",
            };
            Conclusion::new(
                Verdict::Pass,
                format!(
                    "in groups of {}, the victim's own rotation left the copy behind; {others}{heard}",
                    sizes.join(", ")
                ),
                "the group becomes private again without being founded anew",
            )
        })
    },
};
