//! Certificates are valid on the day of the run.

use hallmark_model::Verdict;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Check, Conclusion, no_certificate, place, unless_unknown};
use crate::facts::{Area, Certificate};

pub(super) const CHECK: Check = Check {
    name: "certificate-dates",
    title: "The certificates are in date",
    area: Area::Certificates,
    expected: "every certificate of every chain is valid on the day of the run",
    judge: |facts, ground| {
        if let Some(conclusion) = no_certificate(facts) {
            return conclusion;
        }
        let on = ground.on;
        let outside = |c: &&Certificate| on < day(c.not_before) || on > day(c.not_after);
        let conclusion = match facts.certificates.iter().find(outside) {
            Some(certificate) => {
                let why = if on < day(certificate.not_before) {
                    format!("the run was on {on}, before the certificate begins to be valid")
                } else {
                    format!("the run was on {on}, after the certificate expired")
                };
                let at = place(facts, certificate);
                Conclusion::new(Verdict::Fail, format!("{at}: {}", span(certificate)), why)
                    .about([certificate.subject.clone()])
            }
            None => {
                let ends = facts.certificates.iter().map(|c| day(c.not_after)).min();
                let observed = match facts.certificates.first() {
                    Some(certificate) => format!("the server's own: {}", span(certificate)),
                    None => String::new(),
                };
                let first = ends.map(|ends| format!("; the first to expire does so on {ends}"));
                Conclusion::new(
                    Verdict::Pass,
                    observed,
                    format!("all are valid on {on}{}", first.unwrap_or_default()),
                )
            }
        };
        unless_unknown(facts, Area::Certificates, conclusion)
    },
};

/// The day in universal time.
fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn span(certificate: &Certificate) -> String {
    format!("valid from {} to {}", day(certificate.not_before), day(certificate.not_after))
}
