//! Two users who compare fingerprints notice a substituted key.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::FingerprintMeasured;

pub(super) const CHECK: Check = Check {
    name: "fingerprint",
    title: "Comparing fingerprints exposes a substituted key",
    experiment: "fingerprint",
    expected: "an honest pair reads the same; a pair with a substituted key does not",
    judge: |experiment, _| {
        measured(experiment, |m: FingerprintMeasured| {
            match (m.honest_equal, m.substituted_differs) {
                (true, true) if !m.blind_to.is_empty() => Conclusion::new(
                    Verdict::Fail,
                    format!("does not change with {} of the peer", m.blind_to.join(" or ")),
                    "an attacker who substitutes that key alone would be confirmed",
                ),
                (true, true) => Conclusion::new(
                    Verdict::Pass,
                    "equal for the honest pair, different with a substituted key",
                    "users who compare can confirm whom they are talking to",
                ),
                (true, false) => Conclusion::new(
                    Verdict::Fail,
                    "equal for the honest pair, and equal with a substituted key",
                    "an attacker in the middle would be confirmed as the right person",
                ),
                (false, _) => Conclusion::new(
                    Verdict::Fail,
                    "different on the two sides of an honest pair",
                    "users who compare would see a warning where there is none to heed, and learn \
                     to ignore it",
                ),
            }
        })
    },
};
