//! What belongs to a group is not taken for a message between two, nor the other way round.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured, none_shown};
use crate::probe::GroupChannelMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-channel",
    title: "Group messages and messages between two are not mixed up",
    experiment: "group-channel",
    expected: "an envelope of a group shows nothing between two people, and the other way round",
    judge: |experiment, _| {
        measured(experiment, |m: GroupChannelMeasured| {
            let concluded = none_shown(
                experiment,
                "each kind of envelope opens only where it belongs",
                "whoever carries envelopes can move words between the team and a private conversation",
            );
            match concluded.verdict {
                Verdict::Pass if m.key_shares_shown > 0 => Conclusion::new(
                    Verdict::Warn,
                    "a key share that was relabelled on the way is shown as a message",
                    "the key travels in a message between two, and nothing in it says that it is not \
                     for people; the application must mark it",
                ),
                _ => concluded,
            }
        })
    },
};
