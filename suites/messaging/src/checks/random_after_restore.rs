//! Copies of one state make keys of their own.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::RandomMeasured;

/// Equal bytes in a row that are no accident: half a key.
const RUN: u64 = 16;

pub(super) const CHECK: Check = Check {
    name: "random-after-restore",
    title: "Two copies of one state never make the same keys",
    experiment: "random-after-restore",
    expected: "new prekeys and ephemeral keys differ between copies of one state",
    judge: |experiment, _| {
        measured(experiment, |m: RandomMeasured| {
            if m.copies < 2 || m.published == 0 {
                return Conclusion::unreadable("fewer than two copies published new keys");
            }
            let observed = format!(
                "{} copies published {} new public keys each, of which {} were shared by two; the \
                 longest run of varying bytes that two new sessions had in common: {}",
                m.copies, m.published, m.repeated_keys, m.repeated_run
            );
            if m.repeated_keys == 0 && m.repeated_run < RUN {
                let why = "randomness does not come from the stored state";
                return Conclusion::new(Verdict::Pass, observed, why);
            }
            if m.repeated_run < RUN {
                let why = "the keys that the copies share may have been made before the state was \
                           copied: a store of prekeys is published again as it is";
                return Conclusion::new(Verdict::Inconclusive, observed, why);
            }
            let why = "randomness follows from the stored state: whoever holds an old copy, or a \
                       backup, computes the keys that the device makes afterwards";
            Conclusion::new(Verdict::Fail, observed, why)
        })
    },
};
