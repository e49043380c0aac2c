//! Messages that arrive out of order are shown for what they are.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::ReorderingMeasured;

pub(super) const CHECK: Check = Check {
    name: "reordering",
    title: "Messages out of order are neither lost nor confused",
    experiment: "reordering",
    expected: "each of five messages out of order is shown with its own text, sender and place",
    judge: |experiment, _| {
        if let Some(step) = experiment.outcome.iter().find(|step| !step.seen.is_as_meant()) {
            return Conclusion::new(
                Verdict::Fail,
                format!("{}: {}", step.what, step.seen),
                "a network that reorders, as all do, loses or garbles messages",
            );
        }
        measured(experiment, |m: ReorderingMeasured| {
            let known: Vec<u64> = m.positions.iter().flatten().copied().collect();
            if m.positions.is_empty() {
                Conclusion::unreadable("no message was tried")
            } else if known.len() == m.positions.len() && !known.is_sorted_by(|a, b| a < b) {
                Conclusion::new(
                    Verdict::Fail,
                    format!("places shown, in the order of sending: {known:?}"),
                    "the order that the candidate vouches for is not the order of sending",
                )
            } else {
                let order = if known.len() == m.positions.len() {
                    "places follow the order of sending"
                } else {
                    "the protocol vouches for no order"
                };
                Conclusion::new(
                    Verdict::Pass,
                    format!("all {} delivered as sent; {order}", m.positions.len()),
                    "a network that reorders neither loses nor confuses messages",
                )
            }
        })
    },
};
