//! The chain is complete as sent, and in order (RFC 8446, 4.4.2; RFC 5246, 7.4.2).

use std::collections::BTreeMap;

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, no_certificate, place, unless_unknown};
use crate::facts::{Area, Certificate, ServerFacts, Told};

pub(super) const CHECK: Check = Check {
    name: "certificate-chain",
    title: "The chain of certificates is complete and in order",
    area: Area::Certificates,
    expected: "each certificate that the server sends was issued by the next one, and the last leads to \
               a root that was named, if roots were",
    judge: |facts, _| {
        if let Some(conclusion) = no_certificate(facts) {
            return conclusion;
        }
        let mut chains: BTreeMap<u32, Vec<&Certificate>> = BTreeMap::new();
        for certificate in &facts.certificates {
            chains.entry(certificate.chain).or_default().push(certificate);
        }
        let mut judged: Vec<_> =
            chains.into_values().map(|mut chain| one(facts, &mut chain)).collect();
        // The worst first; where several are as bad, the first of them.
        judged.sort_by_key(|conclusion| match conclusion.verdict {
            Verdict::Fail => 0,
            Verdict::Inconclusive => 1,
            Verdict::Warn => 2,
            _ => 3,
        });
        let worst = judged.into_iter().next();
        let none = || Conclusion::new(Verdict::Inconclusive, "no chain was read", "");
        unless_unknown(facts, Area::Certificates, worst.unwrap_or_else(none))
    },
};

/// One chain.
fn one(facts: &ServerFacts, chain: &mut [&Certificate]) -> Conclusion {
    chain.sort_by_key(|certificate| certificate.position);
    let gap = |(at, certificate): (usize, &&Certificate)| certificate.position as usize != at;
    if chain.iter().enumerate().any(gap) {
        return Conclusion::new(
            Verdict::Inconclusive,
            "not every certificate of the chain was read",
            "a chain with a gap can be neither complete nor in order",
        );
    }
    for (certificate, next) in chain.iter().zip(chain.iter().skip(1)) {
        let at = place(facts, certificate);
        match &certificate.issued_by_next {
            Some(Told::Known(true)) => {}
            Some(Told::Known(false)) | None => {
                let (issuer, follows) =
                    (text::one_line(&certificate.issuer), text::one_line(&next.subject));
                let observed = if issuer == follows {
                    format!("{at} does not verify under the key of {follows}, which follows it")
                } else {
                    format!("{at} was issued by {issuer}; what follows it is {follows}")
                };
                return Conclusion::new(
                    Verdict::Fail,
                    observed,
                    "a client that expects each certificate to be vouched for by the next one \
                     cannot follow the chain",
                )
                .about([certificate.subject.clone(), next.subject.clone()]);
            }
            Some(Told::Unknown(reason)) => {
                return Conclusion::new(
                    Verdict::Inconclusive,
                    format!("{at}: {}", text::one_line(&reason.unknown)),
                    "the signature on the certificate could not be verified",
                );
            }
        }
    }
    let sent = match chain.len() {
        1 => "one certificate".to_owned(),
        n => format!("{n} certificates, each issued by the next"),
    };
    if let Some(conclusion) = to_a_root(facts, chain, &sent) {
        return conclusion;
    }
    match chain.last() {
        Some(last) if last.self_signed && chain.len() == 1 => Conclusion::new(
            Verdict::Warn,
            format!("{} vouches for itself", place(facts, last)),
            "nobody else vouches for the server: clients can only trust it if they were given \
             this very certificate; trust was not tested, because no roots were named",
        ),
        Some(last) if last.self_signed => Conclusion::new(
            Verdict::Pass,
            format!("{sent}, to the root {}", text::one_line(&last.subject)),
            "the chain is complete and in order; trust in its root was not tested, because no \
             roots were named",
        ),
        Some(last) => Conclusion::new(
            Verdict::Pass,
            format!("{sent}, up to the issuer {}", text::one_line(&last.issuer)),
            "the chain is in order; whether that issuer is a root which clients have was not \
             tested, because no roots were named",
        ),
        None => Conclusion::new(Verdict::Inconclusive, "no chain was read", ""),
    }
}

/// What follows from the roots that were named; nothing where none were.
fn to_a_root(facts: &ServerFacts, chain: &[&Certificate], sent: &str) -> Option<Conclusion> {
    let trust = facts.trust.as_ref()?;
    let number = chain.first()?.chain;
    let anchored = number.checked_sub(1).and_then(|at| trust.chains.get(at as usize));
    Some(match anchored.map(|anchored| (&anchored.told, &anchored.reason)) {
        Some((Told::Known(true), _)) => Conclusion::new(
            Verdict::Pass,
            format!("{sent}, to one of {} root(s) that were named", trust.subjects.len()),
            "the chain is complete, in order, and leads to a root that its users have",
        ),
        Some((Told::Known(false), reason)) => Conclusion::new(
            Verdict::Fail,
            format!(
                "{sent}, to none of {} root(s) that were named: {}",
                trust.subjects.len(),
                text::one_line(reason.as_deref().unwrap_or("no reason was kept"))
            ),
            "a client that trusts these roots only cannot tell this server from an impostor",
        ),
        Some((Told::Unknown(reason), _)) => Conclusion::new(
            Verdict::Inconclusive,
            format!("{sent}; {}", text::one_line(&reason.unknown)),
            "whether the chain leads to a root could not be told",
        ),
        None => Conclusion::new(
            Verdict::Inconclusive,
            format!("{sent}; the facts do not say whether they lead to a root"),
            "roots were named, so the chain has to be held against them",
        ),
    })
}
