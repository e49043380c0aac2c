//! Keys are agreed in groups that are large enough.

use hallmark_model::Verdict;

use super::{
    Check, Conclusion,
    grading::{Item, by_version, grade},
    unless_unknown,
};
use crate::facts::{Area, DhParameters};

/// The row of `tls-group` for a finite field of the server's own.
const OWN_FIELD: &str = "dhe";

pub(super) const CHECK: Check = Check {
    name: "groups",
    title: "Keys are agreed in groups that are large enough",
    area: Area::Groups,
    expected: "elliptic curves of at least 256 bits and finite fields of at least 2048 bits, none that the standard forbids",
    judge: |facts, ground| {
        let Some(floor) = ground.policy.floor("dh-bits") else {
            return Conclusion::new(
                Verdict::Inconclusive,
                "the standard sets no size for finite fields",
                "without the floor `dh-bits` groups cannot be judged",
            );
        };
        let least = floor.warn.unwrap_or(floor.min);
        let (small, large): (Vec<_>, Vec<_>) =
            facts.dh_parameters.iter().partition(|dh| u64::from(dh.prime_bits) < least);
        if !small.is_empty() {
            let shown: Vec<_> = small.iter().map(|dh| in_words(dh)).collect();
            let why = format!("below {least} {} – {}", floor.unit, floor.basis);
            return Conclusion::new(Verdict::Fail, shown.join("; "), why)
                .about(small.iter().map(|dh| format!("dhe {} bits", dh.prime_bits)));
        }
        let mut groups = by_version(&facts.groups);
        if !large.is_empty() {
            let places = large.iter().map(|dh| in_words(dh)).collect();
            groups.push(Item { name: OWN_FIELD.to_owned(), places });
        }
        let conclusion = if groups.is_empty() {
            Conclusion::new(
                Verdict::NotApplicable,
                "no accepted cipher suite agrees on keys in a group",
                "there is no ephemeral key exchange whose group could be judged; its absence is \
                 judged by server/forward-secrecy",
            )
        } else {
            grade("tls-group", "groups", &groups, ground)
        };
        unless_unknown(facts, Area::Groups, conclusion)
    },
};

/// `a prime of 1024 bits (RFC 2409, group 2; TLSv1.2)`
fn in_words(dh: &DhParameters) -> String {
    let versions: Vec<_> = dh.versions.iter().map(ToString::to_string).collect();
    let known = dh.known.as_deref().unwrap_or("no published group");
    format!("a prime of {} bits ({known}; {})", dh.prime_bits, versions.join(", "))
}
