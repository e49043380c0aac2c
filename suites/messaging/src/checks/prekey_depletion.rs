//! What the end of the one-time prekeys means, in numbers. Never judged.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::DepletionMeasured;

pub(super) const CHECK: Check = Check {
    name: "prekey-depletion",
    title: "Conversations that start after the one-time prekeys are used up",
    experiment: "prekey-depletion",
    expected: "measured, not judged",
    judge: |experiment, _| {
        measured(experiment, |m: DepletionMeasured| {
            let started = match &m.stopped {
                Some(seen) => format!(
                    "without one-time prekey {} of {} conversations were started and {} read, until: \
                     {seen}",
                    m.started, m.tried, m.read
                ),
                None => format!(
                    "{} of {} conversations were started and read without a one-time prekey",
                    m.read, m.tried
                ),
            };
            let shared = if m.signed_prekey {
                "all rest on the same signed prekey"
            } else {
                "there is no signed prekey"
            };
            let rotates = |name: &str, rotates: Option<bool>| match rotates {
                Some(true) => format!("; the {name} is another after the next publication"),
                Some(false) => format!("; the {name} is the same after the next publication"),
                None => String::new(),
            };
            let observed = format!(
                "{started}; {shared}{}{}",
                rotates("signed prekey", m.rotates),
                rotates("key-encapsulation prekey", m.rotates_kem)
            );
            let why = "measured, not judged: a first message without one-time prekey is only as \
                       secret as the signed prekey, until that is replaced and erased; whoever asks \
                       the server often enough uses the one-time prekeys up";
            Conclusion::new(Verdict::NotApplicable, observed, why)
        })
    },
};
