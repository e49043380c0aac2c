//! No published key serves twice.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::KeyReuseMeasured;

pub(super) const CHECK: Check = Check {
    name: "key-reuse",
    title: "No published key serves in two roles, and no one-time key twice",
    experiment: "key-reuse",
    expected: "each published key stands in one field, at one device, and a one-time key once",
    judge: |experiment, _| {
        measured(experiment, |m: KeyReuseMeasured| {
            let observed = format!("{} keys published, {} one-time prekeys", m.keys, m.one_time);
            match m.reused.first() {
                _ if m.keys == 0 => Conclusion::unreadable("no key was published"),
                Some(reused) => Conclusion::new(
                    Verdict::Fail,
                    format!("{observed}; {} reused: {}", m.reused.len(), text::one_line(reused)),
                    "what one use of a key gives away, or deletes, concerns the other use too",
                ),
                None => Conclusion::new(
                    Verdict::Pass,
                    format!("{observed}; none reused"),
                    "each key has one role",
                ),
            }
        })
    },
};
