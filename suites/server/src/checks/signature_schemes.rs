//! Handshakes are signed with SHA-256 or stronger.

use hallmark_model::Verdict;

use super::{
    Check, Conclusion,
    grading::{by_version, grade},
    unless_unknown,
};
use crate::facts::Area;

pub(super) const CHECK: Check = Check {
    name: "signature-schemes",
    title: "Handshakes are signed with SHA-256 or stronger",
    area: Area::SignatureSchemes,
    expected: "the server signs with no scheme that the standard forbids, whatever the client offers",
    judge: |facts, ground| {
        let schemes = by_version(&facts.signature_schemes);
        let conclusion = if schemes.is_empty() {
            Conclusion::new(
                Verdict::NotApplicable,
                "no accepted version and cipher suite has a signature that can be chosen",
                "TLS 1.1 and earlier fix how handshakes are signed, and static key exchange signs \
                 nothing; both are judged by other checks",
            )
        } else {
            grade("tls-signature-scheme", "signature schemes", &schemes, ground)
        };
        unless_unknown(facts, Area::SignatureSchemes, conclusion)
    },
};
