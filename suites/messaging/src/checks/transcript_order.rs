//! Whether the order of messages is vouched for, and a missing one shows: graded.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::TranscriptMeasured;

pub(super) const CHECK: Check = Check {
    name: "transcript-order",
    title: "A withheld message leaves a gap that shows",
    experiment: "transcript-order",
    expected: "the places of messages follow the order of sending, and a withheld message leaves a \
               gap, also across a reply",
    judge: |experiment, _| {
        measured(experiment, |m: TranscriptMeasured| {
            let [first, second] = m.together;
            let word = |place: Option<u64>| place.map_or("none".to_owned(), |p| p.to_string());
            let observed = format!(
                "places of two messages in a row: {}, {}; after a withheld one: {}; after a withheld \
                 one and a reply: {}",
                word(first),
                word(second),
                word(m.after_withheld),
                word(m.after_turn)
            );
            let warn = |why: &str| Conclusion::new(Verdict::Warn, observed.clone(), why);
            let (Some(first), Some(second), Some(third)) = (first, second, m.after_withheld) else {
                return warn(
                    "no place is vouched for: whoever carries messages can hold one back or change \
                     their order, and nobody sees it",
                );
            };
            let apart = |from: u64, to: u64| to.checked_sub(from);
            if apart(first, second) != Some(1) || !matches!(apart(second, third), Some(2..)) {
                return warn(
                    "the places do not follow the order of sending, or hide that one is missing",
                );
            }
            match m.after_turn.and_then(|last| apart(third, last)) {
                Some(2..) => Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "an application can show that a message is missing, and where",
                ),
                Some(_) => warn("the last message before a reply can be held back without a gap"),
                None => warn(
                    "within a chain a missing message shows; but places start again after a reply, \
                     so that the last message before it can be held back without a gap",
                ),
            }
        })
    },
};
