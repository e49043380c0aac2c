//! How long a stolen copy reads on in a group where nobody renews keys. Measured, not judged.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::GroupCloneMeasured;

pub(super) const CHECK: Check = Check {
    name: "group-clone",
    title: "How long a stolen copy reads on in a group",
    experiment: "group-clone",
    expected: "a number of messages: no current protocol locks a copy out of a group in which nobody \
               renews keys",
    judge: |experiment, _| {
        measured(experiment, |m: GroupCloneMeasured| {
            if m.tried == 0 {
                return Conclusion::unreadable("no message was sent");
            }
            let observed = match m.read == m.tried {
                true => format!("the copy read all of {} messages", m.tried),
                false => format!("the copy read {} messages and not the next", m.read),
            };
            let why = "measured, not judged: senders renew keys with changes of the group, or after \
                       many messages, not with every message";
            Conclusion::new(Verdict::NotApplicable, observed, why)
        })
    },
};
