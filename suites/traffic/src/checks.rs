//! Pure functions from facts and policy to findings.

mod canaries_at_rest;
mod canaries_in_transit;
mod cipher_suite;
mod forward_secrecy;
mod grading;
mod places;
pub(crate) mod plaintext_flows;
pub(crate) mod sessions;
mod tls_version;

use hallmark_model::{
    CheckId, Figure, Finding, Policy, Suite as SuiteName, Verdict, report::Subject, text,
};
use hallmark_runner::{CheckInfo, FactsError, Suite};
use jiff::civil::Date;
use serde_json::Value;

use crate::{facts::TrafficFacts, figure};
use plaintext_flows::is_refused_offer;

/// A check: what it is called, what it needs, what it wants, how it judges.
struct Check {
    name: &'static str,
    title: &'static str,
    source: Source,
    expected: &'static str,
    judge: fn(&TrafficFacts, &Ground<'_>) -> Conclusion,
}

/// Where the facts of a check come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Captures,
    Storage,
}

/// Every check, in the order in which reports show them.
const CHECKS: &[Check] = &[
    plaintext_flows::CHECK,
    tls_version::CHECK,
    cipher_suite::CHECK,
    forward_secrecy::CHECK,
    canaries_in_transit::CHECK,
    canaries_at_rest::CHECK,
];

/// Faults of files, and of flows, that a finding names.
const NOTED: usize = 2;

/// What facts are judged on.
struct Ground<'a> {
    policy: &'a Policy,
    on: Date,
}

/// What a check makes of the facts.
#[derive(Debug)]
struct Conclusion {
    verdict: Verdict,
    observed: String,
    why: String,
}

impl Conclusion {
    fn new(verdict: Verdict, observed: impl Into<String>, why: impl Into<String>) -> Self {
        Self { verdict, observed: observed.into(), why: why.into() }
    }
}

/// The traffic suite's pure half.
pub struct Traffic;

impl Suite for Traffic {
    fn name(&self) -> SuiteName {
        SuiteName::Traffic
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
        let paths = facts.files.iter().map(|file| text::one_line(&file.path));
        let mut names: Vec<_> = paths.take(3).collect();
        if facts.files.len() > names.len() {
            names.push(format!("and {} more", facts.files.len() - names.len()));
        }
        let packets = facts.files.iter().map(|file| file.packets).fold(0, u64::saturating_add);
        let flows = facts.flows.len();
        let mut notes = vec![format!("{packets} packets, {flows} flows listed")];
        if !facts.keylogs.is_empty() {
            let secrets = facts.keylogs.iter().map(|log| log.secrets).fold(0, u64::saturating_add);
            notes.push(format!("opened with {secrets} logged secrets"));
        }
        notes.push(format!(
            "{} canary text(s) and {} control text(s) were looked for",
            facts.canaries.len(),
            facts.controls.len()
        ));
        if !facts.storage.is_empty() {
            let files = facts.storage.iter().map(|s| s.files).fold(0, u64::saturating_add);
            notes.push(format!("{files} stored file(s) were searched"));
        }
        notes.push("what was not recorded was not judged".to_owned());
        Ok(Subject {
            suite: SuiteName::Traffic,
            name: if names.is_empty() { "nothing recorded".to_owned() } else { names.join(", ") },
            notes,
        })
    }

    fn figures(&self, facts: &Value) -> Result<Vec<Figure>, FactsError> {
        Ok(figure::figures(&read(facts)?))
    }
}

/// Whether any of these checks needs captures.
#[must_use]
pub fn read_captures(checks: &[CheckId]) -> bool {
    needs(Source::Captures, checks)
}

/// Whether any of these checks needs storage.
#[must_use]
pub fn search_storage(checks: &[CheckId]) -> bool {
    needs(Source::Storage, checks)
}

/// Whether this check looks for planted texts.
#[must_use]
pub fn look_for_canaries(check: &CheckId) -> bool {
    [canaries_in_transit::CHECK.id(), canaries_at_rest::CHECK.id()].contains(check)
}

fn needs(source: Source, checks: &[CheckId]) -> bool {
    CHECKS.iter().any(|check| check.source == source && checks.contains(&check.id()))
}

fn read(facts: &Value) -> Result<TrafficFacts, FactsError> {
    serde_json::from_value(facts.clone())
        .map_err(|error| FactsError { suite: SuiteName::Traffic, reason: error.to_string() })
}

impl Check {
    fn id(&self) -> CheckId {
        CheckId::of(SuiteName::Traffic, self.name)
    }

    fn find(&self, facts: &TrafficFacts, ground: &Ground<'_>) -> Finding {
        let Conclusion { verdict, mut observed, why } = (self.judge)(facts, ground);
        if self.source == Source::Captures
            && let Some(noted) = noted(facts)
        {
            observed = format!("{observed}; noted in the recording – {noted}");
        }
        Finding {
            check: self.id(),
            verdict,
            expected: self.expected.to_owned(),
            observed,
            why,
            by_design: None,
            evidence: Vec::new(),
        }
    }
}

/// Why nothing can be said of captures: there are none, or nothing could be read of them.
fn nothing_captured(facts: &TrafficFacts) -> Option<Conclusion> {
    let observed = if facts.files.is_empty() {
        "no capture was handed in".to_owned()
    } else if facts.files.iter().all(|file| file.packets == 0) {
        format!("{} capture file(s) without a single packet", facts.files.len())
    } else if facts.flows.iter().all(|flow| flow.bytes.client == 0 && flow.bytes.server == 0) {
        "no payload of TCP or UDP was captured".to_owned()
    } else {
        return None;
    };
    let why = "what was not recorded cannot be judged";
    Some(Conclusion::new(Verdict::Inconclusive, observed, why))
}

/// What is wrong or missing in captures: no verdict covers what they lost.
fn noted(facts: &TrafficFacts) -> Option<String> {
    let of_files = facts.files.iter().filter_map(|file| {
        let problem = text::one_line(file.problems.first()?);
        Some(format!("{}: {problem}", text::one_line(&file.path)))
    });
    // A refusal in clear is no TLS; that is no fault of the recording.
    let of_flows = facts.flows.iter().filter(|flow| !is_refused_offer(flow)).filter_map(|flow| {
        let problem = text::one_line(flow.problems.first()?);
        Some(format!("{}: {problem}", places::flow(flow)))
    });
    let noted = [places::some(of_files, NOTED), places::some(of_flows, NOTED)];
    let noted: Vec<_> = noted.into_iter().filter(|noted| !noted.is_empty()).collect();
    (!noted.is_empty()).then(|| noted.join("; "))
}
