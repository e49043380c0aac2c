//! A sender that was restored from a copy does not give away what two messages have in common.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::SenderRollbackMeasured;

const LIMIT: &str = "sender-rollback-run";

pub(super) const CHECK: Check = Check {
    name: "sender-rollback",
    title: "A restored sender does not show what two of its messages share",
    experiment: "sender-rollback",
    expected: "two texts sealed from one restored state share no bytes that the texts explain",
    judge: |experiment, ground| {
        measured(experiment, |m: SenderRollbackMeasured| {
            let Some(limit) = ground.policy.limit(LIMIT) else {
                return Conclusion::unreadable(format!("the standard sets no limit `{LIMIT}`"));
            };
            if m.envelope == 0 {
                return Conclusion::unreadable("the envelopes are empty");
            }
            let observed = format!(
                "texts that share {} bytes gave envelopes of {} bytes with a run of {} bytes in \
                 common that only the texts explain ({} bytes in all)",
                m.shared_text, m.envelope, m.longest_run, m.shared_bytes
            );
            if m.longest_run <= limit.max {
                let why = "each sealing takes in fresh randomness, so that a key used twice does \
                           not show";
                return Conclusion::new(Verdict::Pass, observed, why);
            }
            Conclusion::new(
                Verdict::Warn,
                observed,
                format!(
                    "key and initialisation vector follow from the state alone: who restores a \
                     backup and writes on tells the network where two messages agree. Most \
                     protocols have this property; {}",
                    limit.basis
                ),
            )
        })
    },
};
