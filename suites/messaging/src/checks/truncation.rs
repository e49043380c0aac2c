//! A shortened envelope is refused.

use hallmark_model::Verdict;

use super::{Check, Conclusion, TOO_SLOW, measured};
use crate::probe::TruncationMeasured;

pub(super) const CHECK: Check = Check {
    name: "truncation",
    title: "A shortened envelope is refused",
    experiment: "truncation",
    expected: "no envelope that was cut at its end is shown",
    judge: |experiment, _| {
        measured(experiment, |m: TruncationMeasured| {
            let observed = format!(
                "{} lengths of an envelope of {} bytes: {} refused, {} shown, {} showed nothing, {} \
                 broke the driver",
                m.tried,
                m.bytes,
                m.refused,
                m.delivered.len(),
                m.nothing_shown.len(),
                m.broken.len()
            );
            if m.tried == 0 {
                Conclusion::unreadable("no length was tried")
            } else if !m.delivered.is_empty() {
                Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "a shortened authentication tag is accepted, which makes forging a matter of \
                     few tries",
                )
            } else if !m.broken.is_empty() {
                Conclusion::new(
                    Verdict::Error,
                    observed,
                    "no answer is not a refusal: shortened envelopes crashed, hung or confused the \
                     candidate or its driver",
                )
            } else if m.cut_short {
                Conclusion::new(Verdict::Inconclusive, observed, TOO_SLOW)
            } else {
                Conclusion::new(Verdict::Pass, observed, "authentication covers the whole envelope")
            }
        })
    },
};
