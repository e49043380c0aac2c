//! No flipped bit changes what is shown.

use hallmark_model::Verdict;

use super::{Check, Conclusion, TOO_SLOW, measured};
use crate::probe::BitFlipsMeasured;

pub(super) const CHECK: Check = Check {
    name: "bit-flips",
    title: "No flipped bit changes what is shown",
    experiment: "bit-flips",
    expected: "every altered envelope is refused, or shown with unchanged text, sender and position",
    judge: |experiment, _| {
        measured(experiment, |m: BitFlipsMeasured| {
            let sweeps = [&m.first, &m.established];
            let sum = |count: fn(&crate::probe::Sweep) -> usize| -> usize {
                sweeps.iter().map(|sweep| count(sweep)).sum()
            };
            let tried: u64 = sweeps.iter().map(|sweep| sweep.tried).sum();
            let (other, same) = (sum(|s| s.other_meaning.len()), sum(|s| s.same_meaning.len()));
            let (silent, broken) = (sum(|s| s.nothing_shown.len()), sum(|s| s.broken.len()));
            let observed = format!(
                "{tried} flips: {other} changed the meaning, {same} were accepted without changing \
                 it, {silent} showed nothing, {broken} broke the driver"
            );
            if sweeps.iter().any(|sweep| sweep.tried == 0) {
                Conclusion::unreadable("no bit was flipped")
            } else if other > 0 {
                Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "whoever carries the message can change what the receiver reads",
                )
            } else if broken > 0 {
                Conclusion::new(
                    Verdict::Error,
                    observed,
                    "no answer is not a refusal: altered envelopes crashed, hung or confused the \
                     candidate or its driver",
                )
            } else if sweeps.iter().any(|sweep| sweep.cut_short) {
                Conclusion::new(Verdict::Inconclusive, observed, TOO_SLOW)
            } else if same > 0 {
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    "contents are authenticated; the accepted flips are malleable but harmless: \
                     text, sender and position stayed the same",
                )
            } else {
                Conclusion::new(Verdict::Pass, observed, "contents are authenticated")
            }
        })
    },
};
