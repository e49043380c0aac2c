//! What sessions agreed against a table of the standard.

use std::collections::BTreeMap;

use hallmark_model::{Grade, Verdict, text};

use super::{
    Conclusion, Ground,
    places::{flow, some},
    sessions::{LISTED, sessions},
};
use crate::facts::{Flow, Handshake, Observed, TrafficFacts};

/// Names that one sentence lists.
const NAMES: usize = 6;

/// A value that sessions agreed, and which.
struct Agreed<'a> {
    name: String,
    grade: Option<(Grade, &'a str)>,
    flows: Vec<&'a Flow>,
}

/// Grades what every session agreed: one forbidden value fails; a session of which it was not seen,
/// or a value that the table does not know, concludes nothing; one on its way out warns.
pub(super) fn grade(
    facts: &TrafficFacts,
    ground: &Ground<'_>,
    table: &str,
    value: fn(&Handshake) -> &Observed<String>,
) -> Conclusion {
    let sessions = sessions(facts);
    let mut agreed: BTreeMap<&str, Agreed<'_>> = BTreeMap::new();
    let mut unknown = None;
    for (flow, handshake) in &sessions.seen {
        match value(handshake) {
            Observed::Unknown(reason) => unknown = unknown.or(Some((*flow, &reason.unknown))),
            Observed::Known(name) => {
                let new = || {
                    let grade = ground.policy.grade(table, name, ground.on);
                    Agreed { name: text::one_line(name), grade, flows: Vec::new() }
                };
                agreed.entry(name).or_insert_with(new).flows.push(flow);
            }
        }
    }
    let all = sessions.seen.len();
    let with = |wanted: Option<Grade>| -> Vec<&Agreed<'_>> {
        agreed.values().filter(|agreed| agreed.grade.map(|(grade, _)| grade) == wanted).collect()
    };
    let (forbidden, unlisted) = (with(Some(Grade::Forbidden)), with(None));
    if !forbidden.is_empty() {
        let why = format!("forbidden – {}", bases(&forbidden));
        return Conclusion::new(Verdict::Fail, in_flows(&forbidden, all), why);
    }
    if let Some(prevented) = sessions.prevented(facts) {
        return prevented;
    }
    if let Some((unseen, reason)) = unknown {
        return Conclusion::new(
            Verdict::Inconclusive,
            format!("{}: {}", flow(unseen), text::one_line(reason)),
            "what this session agreed is unknown",
        );
    }
    if !unlisted.is_empty() {
        let why = format!("the standard's table `{table}` says nothing of it");
        return Conclusion::new(Verdict::Inconclusive, in_flows(&unlisted, all), why);
    }
    let legacy = with(Some(Grade::Legacy));
    if !legacy.is_empty() {
        let why = format!("on its way out – {}", bases(&legacy));
        return Conclusion::new(Verdict::Warn, in_flows(&legacy, all), why);
    }
    let agreed: Vec<_> = agreed.values().collect();
    let sums = agreed.iter().map(|agreed| format!("{} in {}", agreed.name, agreed.flows.len()));
    Conclusion::new(
        Verdict::Pass,
        format!("{all} TLS session(s): {}", some(sums, NAMES)),
        format!("every one is recommended or acceptable – {}", bases(&agreed)),
    )
}

/// `TLSv1.0 in 2 of 5 TLS sessions: flow 3 to …, flow 4 to …`.
fn in_flows(agreed: &[&Agreed<'_>], all: usize) -> String {
    let one = |a: &&Agreed<'_>| {
        let flows = some(a.flows.iter().map(|f| flow(f)), LISTED);
        format!("{} in {} of {all} TLS session(s): {flows}", a.name, a.flows.len())
    };
    let mut shown: Vec<_> = agreed.iter().take(NAMES).map(one).collect();
    if agreed.len() > NAMES {
        shown.push(format!("and {} more kinds", agreed.len() - NAMES));
    }
    shown.join("; ")
}

/// The reasons behind grades, each once, bounded.
fn bases(agreed: &[&Agreed<'_>]) -> String {
    let mut bases: Vec<&str> = Vec::new();
    for (_, basis) in agreed.iter().filter_map(|agreed| agreed.grade) {
        if !bases.contains(&basis) {
            bases.push(basis);
        }
    }
    some(bases.into_iter().map(str::to_owned), NAMES / 2)
}
