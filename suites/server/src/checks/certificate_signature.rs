//! Certificates were signed with SHA-256 or stronger.

use super::{
    Check,
    grading::{Item, grade},
    no_certificate, place, unless_unknown,
};
use crate::facts::{Area, Certificate};
use hallmark_model::text;

pub(super) const CHECK: Check = Check {
    name: "certificate-signature",
    title: "The certificates were signed with SHA-256 or stronger",
    area: Area::Certificates,
    expected: "no certificate was signed with an algorithm that the standard forbids; a root's own signature does not count",
    judge: |facts, ground| {
        if let Some(conclusion) = no_certificate(facts) {
            return conclusion;
        }
        // Nobody relies on the signature that a root makes on itself.
        let is_root =
            |certificate: &&Certificate| certificate.self_signed && certificate.position > 0;
        let mut items: Vec<Item> = Vec::new();
        for certificate in facts.certificates.iter().filter(|certificate| !is_root(certificate)) {
            let name = text::one_line(&certificate.signature_algorithm);
            let at = place(facts, certificate);
            match items.iter_mut().find(|item| item.name == name) {
                Some(item) => item.places.push(at),
                None => items.push(Item { name, places: vec![at] }),
            }
        }
        let conclusion = grade("certificate-signature", "signature algorithms", &items, ground);
        unless_unknown(facts, Area::Certificates, conclusion)
    },
};
