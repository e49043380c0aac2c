//! In how many ways an envelope is refused: measured, not judged.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, NOT_AT_THIS_DEPTH, measured};
use crate::probe::OracleMeasured;

pub(super) const CHECK: Check = Check {
    name: "error-oracle",
    title: "How many kinds of refusal can be told apart",
    experiment: "error-oracle",
    expected: "nothing: the number is reported",
    judge: |experiment, _| {
        if experiment.measured.is_empty() {
            return Conclusion::new(Verdict::NotApplicable, NOT_AT_THIS_DEPTH, WHY);
        }
        measured(experiment, |m: OracleMeasured| {
            let told: Vec<_> = m
                .answers
                .iter()
                .map(|answer| {
                    let said = text::one_line(&answer.said);
                    format!(
                        "{said} ({} times, bytes {} to {})",
                        answer.count, answer.first, answer.last
                    )
                })
                .collect();
            let observed = format!(
                "{} envelopes with one changed bit were answered in {} ways: {}",
                m.tried,
                m.answers.len(),
                told.join("; ")
            );
            Conclusion::new(Verdict::NotApplicable, observed, WHY)
        })
    },
};

const WHY: &str = "measured, not judged: what a library tells its application is not what a stranger \
                   on the network sees; but what an application passes on of it, a stranger can use";
