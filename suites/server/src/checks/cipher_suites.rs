//! Every accepted cipher suite encrypts, authenticates and is strong. How keys are agreed is
//! judged by `forward-secrecy` alone, so that one defect shows once.

use hallmark_model::Verdict;

use super::{
    Check, Conclusion,
    grading::{by_version, grade},
    unless_unknown,
};
use crate::facts::Area;

pub(super) const CHECK: Check = Check {
    name: "cipher-suites",
    title: "Every accepted cipher suite encrypts and authenticates properly",
    area: Area::CipherSuites,
    expected: "no cipher suite is accepted whose cipher, MAC or authentication the standard forbids",
    judge: |facts, ground| {
        let suites = by_version(&facts.cipher_suites);
        let conclusion = if suites.is_empty() {
            Conclusion::new(
                Verdict::Inconclusive,
                "no cipher suite was established",
                "a version was accepted, but with which cipher suites was not seen",
            )
        } else {
            grade("tls-cipher-suite", "cipher suites", &suites, ground)
        };
        unless_unknown(facts, Area::CipherSuites, conclusion)
    },
};
