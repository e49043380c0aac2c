//! Old versions are refused, TLS 1.3 is offered.

use hallmark_model::Verdict;
use hallmark_tls::ProtocolVersion;

use super::{
    Check, Conclusion,
    grading::{Item, grade},
    unless_unknown,
};
use crate::facts::Area;

pub(super) const CHECK: Check = Check {
    name: "tls-version",
    title: "Only current versions of TLS are accepted",
    area: Area::Versions,
    expected: "SSLv2, SSLv3, TLS 1.0 and TLS 1.1 are refused, and TLS 1.3 is accepted",
    judge: |facts, ground| {
        let accepted: Vec<_> = facts
            .accepted()
            .map(|version| Item { name: version.to_string(), places: Vec::new() })
            .collect();
        let conclusion = grade("tls-version", "accepted versions", &accepted, ground);
        if conclusion.verdict == Verdict::Fail {
            return conclusion;
        }
        let unknown = facts
            .versions
            .iter()
            .find_map(|(version, told)| Some(format!("{version}: {}", told.reason()?)));
        if let Some(unknown) = unknown {
            return Conclusion::new(
                Verdict::Inconclusive,
                format!("accepted: {}; could not be told – {unknown}", conclusion.observed),
                "the server answered other versions, but whether it refuses this one was not seen",
            );
        }
        let conclusion = unless_unknown(facts, Area::Versions, conclusion);
        let missing = !facts.accepted().any(|version| version == ProtocolVersion::Tls13);
        if missing && conclusion.verdict == Verdict::Pass {
            return Conclusion::new(
                Verdict::Warn,
                format!("accepted: {}; TLSv1.3 is refused", conclusion.observed),
                "TLS 1.2 is the minimum; TLS 1.3 ought to be offered beside it",
            );
        }
        conclusion
    },
};
