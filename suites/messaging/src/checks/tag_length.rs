//! The authentication tag is long enough.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::AlgorithmsMeasured;

const FLOOR: &str = "message-tag-bits";

pub(super) const CHECK: Check = Check {
    name: "tag-length",
    title: "The authentication tag of a message is long enough",
    experiment: "algorithms",
    expected: "the tag has at least as many bits as the standard asks for",
    judge: |experiment, ground| {
        measured(experiment, |m: AlgorithmsMeasured| {
            let Some(floor) = ground.policy.floor(FLOOR) else {
                return Conclusion::unreadable(format!("the standard sets no floor `{FLOOR}`"));
            };
            // The first envelope carries one byte of text.
            let Some(overhead) = m.envelope_bytes.iter().min().map(|least| least.saturating_sub(1))
            else {
                return Conclusion::unreadable("no envelope was measured");
            };
            let bits = u64::from(m.stated.mac_bits);
            let observed = format!(
                "the driver states {} with a tag of {bits} bits; the shortest envelope is {overhead} \
                 bytes longer than its text",
                text::one_line(&m.stated.mac)
            );
            if overhead < bits.div_ceil(8) {
                return Conclusion::new(
                    Verdict::Inconclusive,
                    observed,
                    "there is no room for such a tag: the statement and the wire disagree",
                );
            }
            let verdict = match bits {
                n if n >= floor.min => Verdict::Pass,
                n if n >= floor.warn.unwrap_or(floor.min) => Verdict::Warn,
                _ => Verdict::Fail,
            };
            Conclusion::new(
                verdict,
                observed,
                format!(
                    "the standard asks for {} {} ({}); the length rests on the driver's word, and \
                     the envelope has room for it",
                    floor.min, floor.unit, floor.basis
                ),
            )
        })
    },
};
