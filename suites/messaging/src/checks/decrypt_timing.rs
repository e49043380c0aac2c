//! Whether the time of a refusal tells what was wrong: measured, not judged.

use hallmark_model::Verdict;

use super::{Check, Conclusion, NOT_AT_THIS_DEPTH, measured};
use crate::probe::TimingMeasured;

pub(super) const CHECK: Check = Check {
    name: "decrypt-timing",
    title: "Whether the time of a refusal tells what was wrong",
    experiment: "decrypt-timing",
    expected: "nothing: the difference is reported with its interval",
    judge: |experiment, _| {
        if experiment.measured.is_empty() {
            return Conclusion::new(Verdict::NotApplicable, NOT_AT_THIS_DEPTH, WHY);
        }
        measured(experiment, |m: TimingMeasured| {
            let micros = |nanos: f64| nanos / 1000.0;
            let observed = format!(
                "{} refusals of each kind: {:.2} µs for a changed tag, {:.2} µs for a changed \
                 ciphertext; difference {:.2} ± {:.2} µs (95 %), Welch's t = {:.1}",
                m.samples,
                micros(m.tag),
                micros(m.ciphertext),
                micros(m.tag - m.ciphertext),
                micros(m.half_interval),
                m.t
            );
            Conclusion::new(Verdict::NotApplicable, observed, WHY)
        })
    },
};

const WHY: &str = "measured, not judged: the time is that of the whole call through the driver on \
                   this machine; |t| above 4.5 deserves a look, and a small one proves nothing";
