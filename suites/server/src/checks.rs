//! Pure functions from facts and policy to findings.

mod certificate_chain;
mod certificate_dates;
mod certificate_key;
mod certificate_name;
mod certificate_signature;
mod cipher_suites;
mod forward_secrecy;
mod grading;
mod groups;
mod signature_schemes;
mod tls_version;

use std::collections::BTreeSet;

use hallmark_model::{
    CheckId, EvidenceRef, Figure, Finding, Policy, Suite as SuiteName, Verdict, report::Subject,
    text,
};
use hallmark_runner::{CheckInfo, FactsError, Suite};
use hallmark_tls::CipherSuite;
use jiff::civil::Date;
use serde_json::Value;

use crate::{
    facts::{Area, Certificate, ServerFacts},
    figure,
};

#[cfg(test)]
pub(crate) use certificate_name::covers;

/// A check: what it is called, which part of the facts it reads, what it wants, how it judges.
struct Check {
    name: &'static str,
    title: &'static str,
    area: Area,
    expected: &'static str,
    judge: fn(&ServerFacts, &Ground<'_>) -> Conclusion,
}

/// Every check, in the order in which reports show them.
const CHECKS: &[Check] = &[
    tls_version::CHECK,
    cipher_suites::CHECK,
    forward_secrecy::CHECK,
    groups::CHECK,
    signature_schemes::CHECK,
    certificate_key::CHECK,
    certificate_signature::CHECK,
    certificate_dates::CHECK,
    certificate_name::CHECK,
    certificate_chain::CHECK,
];

/// How much evidence one finding points to.
const SHOWN: usize = 8;

/// What facts are judged on.
struct Ground<'a> {
    policy: &'a Policy,
    on: Date,
}

/// What a check makes of the facts.
struct Conclusion {
    verdict: Verdict,
    observed: String,
    why: String,
    /// What the finding is about, as evidence names it; empty: everything of the area.
    about: Vec<String>,
}

impl Conclusion {
    fn new(verdict: Verdict, observed: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, observed: observed.into(), why: why.into(), about: Vec::new() }
    }

    fn about(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { about: names.into_iter().map(Into::into).collect(), ..self }
    }
}

/// The server suite's pure half.
pub struct Server;

impl Suite for Server {
    fn name(&self) -> SuiteName {
        SuiteName::Server
    }

    fn checks(&self) -> Vec<CheckInfo> {
        CHECKS.iter().map(|check| CheckInfo { id: check.id(), title: check.title }).collect()
    }

    fn judge(
        &self,
        facts: &Value,
        checks: &[CheckId],
        policy: &Policy,
        on: Date,
    ) -> Result<Vec<Finding>, FactsError> {
        let facts = read(facts)?;
        let ground = Ground { policy, on };
        let judged = CHECKS.iter().filter(|check| checks.contains(&check.id()));
        Ok(judged.map(|check| check.find(&facts, &ground)).collect())
    }

    fn subject(&self, facts: &Value) -> Result<Subject, FactsError> {
        let facts = read(facts)?;
        let mut notes = vec![format!("asked for the name {}", text::one_line(&facts.server_name))];
        if facts.starttls.is_some() {
            notes.push("TLS begins with STARTTLS of XMPP".to_owned());
        }
        notes.push(format!("{} connections were made", facts.connections));
        notes.push(match &facts.trust {
            Some(trust) => {
                format!("{} root(s) were named; revocation was not tested", trust.subjects.len())
            }
            None => "trust in a root and revocation were not tested".to_owned(),
        });
        Ok(Subject { suite: SuiteName::Server, name: text::one_line(&facts.endpoint), notes })
    }

    fn figures(&self, facts: &Value) -> Result<Vec<Figure>, FactsError> {
        Ok(figure::figures(&read(facts)?))
    }
}

/// The parts of the facts that these checks read.
#[must_use]
pub fn areas_for(checks: &[CheckId]) -> BTreeSet<Area> {
    CHECKS.iter().filter(|check| checks.contains(&check.id())).map(|check| check.area).collect()
}

fn read(facts: &Value) -> Result<ServerFacts, FactsError> {
    serde_json::from_value(facts.clone())
        .map_err(|error| FactsError { suite: SuiteName::Server, reason: error.to_string() })
}

impl Check {
    fn id(&self) -> CheckId {
        CheckId::of(SuiteName::Server, self.name)
    }

    /// What may be concluded at all comes before what is concluded.
    fn find(&self, facts: &ServerFacts, ground: &Ground<'_>) -> Finding {
        let conclusion = silent(facts).unwrap_or_else(|| (self.judge)(facts, ground));
        Finding {
            check: self.id(),
            verdict: conclusion.verdict,
            expected: self.expected.to_owned(),
            evidence: shown_by(facts, self.area, &conclusion.about),
            observed: conclusion.observed,
            why: conclusion.why,
            by_design: None,
        }
    }
}

/// Why nothing may be concluded: no version was answered, so that no refusal means anything.
fn silent(facts: &ServerFacts) -> Option<Conclusion> {
    if facts.accepted().next().is_some() {
        return None;
    }
    let reason = facts
        .versions
        .iter()
        .rev()
        .find_map(|(version, told)| Some(format!("{version}: {}", told.reason()?)));
    Some(Conclusion::new(
        Verdict::Inconclusive,
        reason.unwrap_or_else(|| "no version of SSL or TLS was accepted".to_owned()),
        "the server answered no hello of any version, so its refusals say nothing about what it \
         accepts from others",
    ))
}

/// Whether a key stolen later leaves recordings closed that were made with this cipher suite;
/// nothing where its name does not say. SSLv2 knows nothing but RSA key transport.
pub(crate) fn is_ephemeral(suite: &str) -> Option<bool> {
    if suite.starts_with("SSL_CK_") {
        return Some(false);
    }
    CipherSuite::from_name(suite)?.is_ephemeral()
}

/// The bytes that show what the finding is about, or something of the area where none do.
fn shown_by(facts: &ServerFacts, area: Area, about: &[String]) -> Vec<EvidenceRef> {
    let of_area = || facts.evidence.iter().filter(|kept| kept.area == area);
    let of_it = of_area().filter(|kept| about.contains(&kept.shows));
    let mut shown: Vec<_> = of_it.map(|kept| kept.evidence.clone()).take(SHOWN).collect();
    if shown.is_empty() {
        shown = of_area().map(|kept| kept.evidence.clone()).take(SHOWN).collect();
    }
    shown
}

/// `certificate 0 (CN=chat.example)`; with its chain where there are several.
fn place(facts: &ServerFacts, certificate: &Certificate) -> String {
    let several = facts.certificates.iter().any(|other| other.chain != certificate.chain);
    let chain = if several { format!(" of chain {}", certificate.chain) } else { String::new() };
    let subject = text::one_line(&certificate.subject);
    match certificate.position {
        0 => format!("the server's certificate{chain} ({subject})"),
        position => format!("certificate {position}{chain} ({subject})"),
    }
}

/// Why certificates cannot be judged: there is none.
fn no_certificate(facts: &ServerFacts) -> Option<Conclusion> {
    if !facts.certificates.is_empty() {
        return None;
    }
    let reason = facts.unknown_in(Area::Certificates).next();
    Some(Conclusion::new(
        Verdict::Inconclusive,
        reason.map_or_else(|| "no certificate was seen".to_owned(), ToString::to_string),
        "without a certificate nothing can be concluded about it",
    ))
}

/// Softens nothing and hides nothing: what would pass or warn is inconclusive while something of
/// the area could not be told.
fn unless_unknown(facts: &ServerFacts, area: Area, conclusion: Conclusion) -> Conclusion {
    let passing = !conclusion.verdict.is_undetermined() && conclusion.verdict != Verdict::Fail;
    match facts.unknown_in(area).next() {
        Some(unknown) if passing => Conclusion::new(
            Verdict::Inconclusive,
            format!("{}; could not be told – {unknown}", conclusion.observed),
            "what was seen is in order, but not everything was seen; a time-out or a broken answer \
             is not a refusal",
        ),
        _ => conclusion,
    }
}
