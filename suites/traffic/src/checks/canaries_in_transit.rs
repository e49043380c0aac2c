//! Planted texts are seen neither on the line nor, once TLS is opened, by the server.

use hallmark_model::Verdict;

use super::{
    Check, Conclusion, Source, nothing_captured,
    places::{flow, found, some},
    sessions::is_session,
};
use crate::facts::{Content, Flow, Found, Layer, Place, Planted, TrafficFacts};

pub(super) const CHECK: Check = Check {
    name: "canaries-in-transit",
    title: "What users wrote is seen neither on the line nor by the server",
    source: Source::Captures,
    expected: "no canary text in the bytes on the wire nor, in any form searched, under TLS, while \
               a control text is found in the same recording and every TLS session is opened",
    judge: |facts, _| judge(facts),
};

/// Flows that a sentence lists.
const LISTED: usize = 4;

fn judge(facts: &TrafficFacts) -> Conclusion {
    if facts.canaries.is_empty() {
        return nothing_to_look_for();
    }
    let hits: Vec<_> = facts
        .canaries
        .iter()
        .flat_map(|canary| canary.in_transit().map(|found| (canary.name(), found)))
        .collect();
    if !hits.is_empty() {
        let in_clear = |(_, found): &(String, &Found)| {
            matches!(found.place, Place::Flow { layer: Layer::Raw, .. })
        };
        let why = if hits.iter().any(in_clear) {
            "anyone on the way can read what users wrote"
        } else {
            "TLS ends at the server: whoever runs it, or breaks into it, reads what users wrote"
        };
        return Conclusion::new(Verdict::Fail, found(facts, hits.into_iter()), why);
    }
    nothing_captured(facts)
        .or_else(|| without_control(&facts.controls, Found::is_in_transit, "recording"))
        .or_else(|| closed(facts))
        .unwrap_or_else(|| {
            let opened = facts.flows.iter().filter(|flow| is_session(flow)).count();
            Conclusion::new(
                Verdict::Pass,
                format!(
                    "{} canary text(s) not found in {} flow(s), {opened} of them TLS and opened; \
                     {}",
                    facts.canaries.len(),
                    facts.flows.len(),
                    controls_found(&facts.controls, Found::is_in_transit)
                ),
                "the search found its control in the same recording; absence contradicts nothing, \
                 and is not by itself proof of encryption from end to end",
            )
        })
}

/// Without a canary there is nothing that could be found.
pub(super) fn nothing_to_look_for() -> Conclusion {
    Conclusion::new(
        Verdict::NotTested,
        "no canary text was given",
        "there was nothing to look for: send a text of your own through the candidate and name it \
         with --canary",
    )
}

/// Why absence means nothing: no control was given, or none was found here. `what` is searched:
/// `recording`.
pub(super) fn without_control(
    controls: &[Planted],
    is_here: impl Fn(&Found) -> bool,
    what: &str,
) -> Option<Conclusion> {
    let (observed, why) = if controls.is_empty() {
        (
            "no canary text was found, and no control text was given".to_owned(),
            format!(
                "a search that finds nothing proves nothing: name with --control a text that must \
                 be in this {what}"
            ),
        )
    } else if !controls.iter().any(|control| control.found.iter().any(&is_here)) {
        (
            format!("neither a canary text nor a control text was found in this {what}"),
            "the search did not find what must be there, so that it finds no canary either means \
             nothing"
                .to_owned(),
        )
    } else {
        return None;
    };
    Some(Conclusion::new(Verdict::Inconclusive, observed, why))
}

/// `control-1 found 4 time(s)`.
pub(super) fn controls_found(controls: &[Planted], is_here: fn(&Found) -> bool) -> String {
    let times = |control: &Planted| {
        let times = control.found.iter().filter(|found| is_here(found)).count();
        (control.name(), times)
    };
    let found = controls.iter().map(times).filter(|(_, times)| *times > 0);
    some(found.map(|(id, times)| format!("{id} found {times} time(s)")), LISTED)
}

/// Why absence is not established: some of the recording could not be looked into.
fn closed(facts: &TrafficFacts) -> Option<Conclusion> {
    let list = |flows: &[&Flow]| some(flows.iter().map(|f| flow(f)), LISTED);
    let sessions: Vec<_> = facts.flows.iter().filter(|flow| is_session(flow)).collect();
    let shut: Vec<_> = sessions.iter().copied().filter(|flow| !flow.is_open()).collect();
    let sealed = |flow: &&Flow| matches!(flow.content, Content::OtherEncryption | Content::Opaque);
    let sealed: Vec<_> = facts.flows.iter().filter(sealed).collect();
    let (observed, why) = if !shut.is_empty() {
        (
            format!(
                "{} of {} TLS session(s) stayed closed, in whole or in part: {}",
                shut.len(),
                sessions.len(),
                list(&shut)
            ),
            "no canary text was found in what could be read; give the key log of these sessions \
             with --keylog",
        )
    } else if !sealed.is_empty() {
        (
            format!("{} flow(s) could not be looked into: {}", sealed.len(), list(&sealed)),
            "no canary text was found in what could be read; QUIC, DTLS and what was not \
             recognised are not opened",
        )
    } else if facts.left_out.unlike_others > 0 {
        (
            format!("{} flow(s) are left out of the facts", facts.left_out.unlike_others),
            "whether these were opened is not known; judge the recording in parts",
        )
    } else {
        return None;
    };
    Some(Conclusion::new(Verdict::Inconclusive, observed, why))
}
