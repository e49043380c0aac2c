//! No flipped bit of a version or type changes the session.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, measured};
use crate::probe::VersionMeasured;

pub(super) const CHECK: Check = Check {
    name: "version-field",
    title: "Nobody on the way changes the version that a message claims",
    experiment: "version-field",
    expected: "an envelope with a flipped bit in its first bytes is refused, or means the same in \
               the same session",
    judge: |experiment, _| {
        measured(experiment, |m: VersionMeasured| {
            let observed = format!(
                "{} bits flipped: {} refused, {} showed nothing, {} accepted as the same message \
                 of the same session, {} changed something",
                m.tried,
                m.refused,
                m.nothing_shown,
                m.same.len(),
                m.changed.len()
            );
            if m.tried == 0 {
                return Conclusion::unreadable("no bit was flipped");
            }
            if let Some(changed) = m.changed.first() {
                return Conclusion::new(
                    Verdict::Fail,
                    format!("{observed}; the first of these: {}", text::one_line(changed)),
                    "whoever carries the message chooses by which rules it is read",
                );
            }
            let why = match (m.same.is_empty(), m.session_stated) {
                (true, _) => "versions and types are authenticated",
                (false, true) => {
                    "the accepted flips are malleable but harmless: neither the message nor what \
                     the session states changed"
                }
                (false, false) => {
                    "the accepted flips changed nothing that is shown; the session cannot be asked"
                }
            };
            Conclusion::new(Verdict::Pass, observed, why)
        })
    },
};
