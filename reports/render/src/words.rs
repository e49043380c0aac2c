//! The visible words for the types of the model: one catalogue, en-GB.

use hallmark_model::{EvidenceKind, Gate, Level, Provenance, Suite, Verdict, report::Assurance};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `21 November 2026`.
pub(crate) fn date(date: Date) -> String {
    let month = usize::try_from(date.month()).ok().and_then(|month| MONTHS.get(month - 1));
    format!("{} {} {}", date.day(), month.unwrap_or(&""), date.year())
}

/// `21 November 2026, 19:03:07 UTC`.
pub(crate) fn time(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC).datetime();
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{}, {hour:02}:{minute:02}:{second:02} UTC", date(at.date()))
}

/// The verdict in words.
pub(crate) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "Pass",
        Verdict::PassEquivalent => "Pass by equivalence",
        Verdict::Warn => "Pass with warning",
        Verdict::Fail => "Fail",
        Verdict::Inconclusive => "Inconclusive",
        Verdict::NotTested => "Not tested",
        Verdict::NotApplicable => "Not applicable",
        Verdict::Error => "Test error",
    }
}

/// A sign that stands before the word, so that colour is never the only difference.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::PassEquivalent => "≈",
        Verdict::Warn => "!",
        Verdict::Fail => "×",
        Verdict::Inconclusive => "?",
        Verdict::NotTested => "–",
        Verdict::NotApplicable => "/",
        Verdict::Error => "#",
    }
}

/// What the verdict means, in one sentence.
pub(crate) fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "The requirement is met, literally.",
        Verdict::PassEquivalent => {
            "The requirement is met by a documented equivalence, which the finding names."
        }
        Verdict::Warn => {
            "The requirement is met, with a weakness that the standard does not forbid."
        }
        Verdict::Fail => "The requirement is not met. At least one test showed it.",
        Verdict::Inconclusive => {
            "A test ran, but its control failed or what it saw cannot be trusted. Not a pass."
        }
        Verdict::NotTested => "Nothing was tried. Not a pass.",
        Verdict::NotApplicable => "The requirement does not concern this product.",
        Verdict::Error => {
            "The test equipment failed; nothing is known about the product. Not a pass."
        }
    }
}

/// How strongly the source asks.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "Must",
        Level::Should => "Should",
        Level::May => "May",
        Level::HouseRule => "House rule",
    }
}

/// What the row does to the answer.
pub(crate) fn gate(gate: Gate, blocks: bool) -> &'static str {
    match (gate, blocks) {
        (Gate::Block, true) => "Decides",
        (Gate::Block, false) => "Reported only: clause not confirmed",
        (Gate::Report, _) => "Reported only",
    }
}

/// How the text of the clause reached us.
pub(crate) fn provenance(provenance: Provenance) -> &'static str {
    match provenance {
        Provenance::Read => "Publisher's text, read",
        Provenance::Excerpt => "Publisher's page, read in part",
        Provenance::SecondHand => "Read through somebody else's copy",
        Provenance::Unconfirmed => "From memory, not confirmed",
        Provenance::HouseRule => "No clause: a rule of Hallmark",
    }
}

/// A kind of evidence.
pub(crate) fn evidence(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::ActiveTest => "a test that Hallmark runs",
        EvidenceKind::Capture => "captured traffic or a store that Hallmark reads",
        EvidenceKind::DeviceAudit => "a device configuration that Hallmark reads",
        EvidenceKind::VendorDeclaration => "a declaration by the vendor, with a document",
        EvidenceKind::TrustDeclaration => {
            "a declaration by the buying organisation, with a document"
        }
    }
}

/// Who stands behind the run, short.
pub(crate) fn assurance(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::SelfTest => "Self-tested",
        Assurance::Independent => "Independently assessed",
    }
}

/// Who stands behind the run, in a sentence.
pub(crate) fn assurance_meaning(assurance: Assurance) -> &'static str {
    match assurance {
        Assurance::SelfTest => "the vendor or operator of the product ran the tests",
        Assurance::Independent => "a party independent of the vendor ran the tests",
    }
}

/// The area of a suite.
pub(crate) fn suite(suite: Suite) -> &'static str {
    match suite {
        Suite::Server => "Server (TLS)",
        Suite::Client => "Client (TLS)",
        Suite::Traffic => "Captured traffic",
        Suite::Messaging => "Messaging",
        Suite::Primitives => "Cryptographic primitives",
        Suite::Device => "Device",
    }
}

/// `1 test`, `2 tests`.
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_people_write_them() {
        assert_eq!(date(jiff::civil::date(2026, 11, 21)), "21 November 2026");
        let at: Timestamp = "2026-11-21T19:03:07.25Z".parse().unwrap();
        assert_eq!(time(at), "21 November 2026, 19:03:07 UTC");
    }

    #[test]
    fn every_verdict_has_its_own_word_and_sign() {
        for (i, a) in Verdict::ALL.iter().enumerate() {
            for b in &Verdict::ALL[i + 1..] {
                assert_ne!(verdict(*a), verdict(*b));
                assert_ne!(sign(*a), sign(*b));
            }
        }
    }
}
