//! The app shows each message once.

use hallmark_model::Verdict;

use super::{Check, Conclusion, app_attacks::without_chance, measured};
use crate::probe::ReplayMeasured;

pub(super) const CHECK: Check = Check {
    name: "app-replay",
    title: "The app shows a message once, however often its server hands it over",
    experiment: "app-replay",
    expected: "a message that the server hands over twice is shown once",
    judge: |experiment, _| {
        measured(experiment, |m: ReplayMeasured| {
            let observed = format!(
                "of a message that the server hands over again, {} time(s) in all, the app shows {}",
                m.applied, m.shown
            );
            match (m.shown, m.applied) {
                (_, 0) => without_chance(observed),
                (2.., _) => Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "whoever runs the server repeats an old order as if it were given again",
                ),
                (0, _) => Conclusion::new(
                    Verdict::Inconclusive,
                    observed,
                    "the first copy was not shown either, so it does not matter what was made of the \
                     second",
                ),
                _ => Conclusion::new(Verdict::Pass, observed, "a message counts once"),
            }
        })
    },
};
