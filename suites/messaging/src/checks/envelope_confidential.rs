//! What a server sees does not contain the message.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::probe::EnvelopeMeasured;

pub(super) const CHECK: Check = Check {
    name: "envelope-confidential",
    title: "Envelopes do not contain the message they carry",
    experiment: "envelope-confidential",
    expected: "no message stands in its envelope, in any encoding searched",
    judge: |experiment, _| {
        measured(experiment, |m: EnvelopeMeasured| match (m.envelopes, &m.found[..]) {
            (0, _) => Conclusion::unreadable("no envelope was searched"),
            (n, []) => Conclusion::new(
                Verdict::Pass,
                format!("{n} envelopes searched in {} encodings: nothing found", m.encodings),
                "the search found a planted text in the same run; absence contradicts nothing, and \
                 is not by itself proof of encryption",
            ),
            (n, found) => Conclusion::new(
                Verdict::Fail,
                format!("{n} envelopes searched: messages found as {}", found.join(", ")),
                "the server, and whoever reads its disks, can read these messages",
            ),
        })
    },
};
