//! Every accepted cipher suite agrees on keys ephemerally. This check alone judges key exchange.

use hallmark_model::Verdict;

use super::{
    Check, Conclusion,
    grading::{Item, by_version, list},
    is_ephemeral, unless_unknown,
};
use crate::facts::Area;

pub(super) const CHECK: Check = Check {
    name: "forward-secrecy",
    title: "Every accepted cipher suite has forward secrecy",
    area: Area::CipherSuites,
    expected: "only cipher suites with an ephemeral key exchange are accepted",
    judge: |facts, _| {
        let suites = by_version(&facts.cipher_suites);
        let with = |wanted: Option<bool>| -> Vec<&Item> {
            suites.iter().filter(|suite| is_ephemeral(&suite.name) == wanted).collect()
        };
        let (fixed, unclear) = (with(Some(false)), with(None));
        let names = |items: &[&Item]| items.iter().map(|i| i.name.clone()).collect::<Vec<_>>();
        let conclusion = if !fixed.is_empty() {
            Conclusion::new(
                Verdict::Fail,
                format!("{} of {} cipher suites: {}", fixed.len(), suites.len(), list(&fixed)),
                "with these, keys follow from a secret that the server keeps: whoever steals it \
                 later opens every connection recorded before",
            )
            .about(names(&fixed))
        } else if !unclear.is_empty() {
            Conclusion::new(
                Verdict::Inconclusive,
                list(&unclear),
                "how these agree on keys does not follow from their registered names",
            )
            .about(names(&unclear))
        } else if suites.is_empty() {
            Conclusion::new(
                Verdict::Inconclusive,
                "no cipher suite was established",
                "a version was accepted, but with which cipher suites was not seen",
            )
        } else {
            Conclusion::new(
                Verdict::Pass,
                format!("all {} cipher suites are ephemeral", suites.len()),
                "a key stolen later does not open what was recorded before; how long tickets and \
                 sessions can be resumed was not measured",
            )
        };
        unless_unknown(facts, Area::CipherSuites, conclusion)
    },
};
