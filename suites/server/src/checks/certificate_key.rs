//! The keys of certificates are long enough.

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, Ground, no_certificate, place, unless_unknown};
use crate::facts::{Area, Certificate, Key};

pub(super) const CHECK: Check = Check {
    name: "certificate-key",
    title: "The keys of the certificates are long enough",
    area: Area::Certificates,
    expected: "every certificate of every chain has a key of the standard's least size or more",
    judge: |facts, ground| {
        if let Some(conclusion) = no_certificate(facts) {
            return conclusion;
        }
        let judged = |certificate: &Certificate| size(&certificate.key, ground);
        let first = |wanted: Verdict| {
            let of = |certificate: &&Certificate| judged(certificate).0 == wanted;
            let certificate = facts.certificates.iter().find(of)?;
            let observed =
                format!("{}: {}", place(facts, certificate), key_in_words(&certificate.key));
            let why = judged(certificate).1;
            Some(Conclusion::new(wanted, observed, why).about([certificate.subject.clone()]))
        };
        let conclusion = first(Verdict::Fail)
            .or_else(|| first(Verdict::Inconclusive))
            .or_else(|| first(Verdict::Warn))
            .unwrap_or_else(|| {
                let mut keys: Vec<String> = Vec::new();
                for key in facts.certificates.iter().map(|c| key_in_words(&c.key)) {
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
                let why = facts.certificates.first().map(judged).map_or_else(String::new, |j| j.1);
                Conclusion::new(Verdict::Pass, keys.join(", "), why)
            });
        unless_unknown(facts, Area::Certificates, conclusion)
    },
};

/// The verdict on one key, and its reason.
fn size(key: &Key, ground: &Ground<'_>) -> (Verdict, String) {
    let kind = match key.algorithm.as_str() {
        "RSA" | "RSASSA-PSS" => "rsa-bits",
        "EC" | "Ed25519" | "Ed448" => "ec-bits",
        other if other.starts_with("id-ml-dsa-") => {
            return (Verdict::Pass, "the size of the key is fixed by its algorithm".to_owned());
        }
        other => {
            let other = text::one_line(other);
            return (Verdict::Inconclusive, format!("the standard sets no size for {other} keys"));
        }
    };
    let (Some(floor), Some(bits)) = (ground.policy.floor(kind), key.bits) else {
        let reason = format!("the size of the key or the standard's floor `{kind}` is not known");
        return (Verdict::Inconclusive, reason);
    };
    let verdict = match u64::from(bits) {
        bits if bits >= floor.min => Verdict::Pass,
        bits if floor.warn.is_some_and(|warn| bits >= warn) => Verdict::Warn,
        _ => Verdict::Fail,
    };
    (verdict, format!("at least {} {} – {}", floor.min, floor.unit, floor.basis))
}

fn key_in_words(key: &Key) -> String {
    text::one_line(&key.to_string())
}
