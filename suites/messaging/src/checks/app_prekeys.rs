//! What a stranger gets who asks for somebody's prekeys again and again, in numbers. Never judged: how
//! often a server hands them out is the server's to limit.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::PrekeysMeasured;

pub(super) const CHECK: Check = Check {
    name: "app-prekeys",
    title: "What a stranger uses up who asks for prekeys",
    experiment: "app-prekeys",
    expected: "measured, not judged",
    judge: |experiment, _| {
        measured(experiment, |m: PrekeysMeasured| {
            let after = match m.newcomer {
                Some(true) => "; somebody new can still write to the owner",
                Some(false) => "; nobody new can write to the owner afterwards",
                None => "",
            };
            let observed = format!(
                "of {} requests by a stranger, {} were answered with a one-time key ({} different ones), \
                 {} with the last resort alone, and {} were refused{after}",
                m.asked, m.handed, m.distinct, m.last_resort, m.refused
            );
            let why = "measured, not judged: without one-time keys, the first messages of a conversation \
                       lose some of their forward secrecy; who may use them up is the server's choice";
            Conclusion::new(Verdict::NotApplicable, observed, why)
        })
    },
};
