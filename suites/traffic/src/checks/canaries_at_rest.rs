//! Planted texts do not lie readable where the candidate stores things.
//!
//! Where no storage was handed in nothing was tested: it is for the buyer to say which folder of a
//! server or a phone is to be looked at. The probe then leaves this check out of the plan, so that
//! it does not shut the gate of somebody who asked about a recording only.

use hallmark_model::{Verdict, text};

use super::{
    Check, Conclusion, Source,
    canaries_in_transit::{controls_found, nothing_to_look_for, without_control},
    places::{found, some},
};
use crate::facts::{Found, Storage, TrafficFacts};

pub(super) const CHECK: Check = Check {
    name: "canaries-at-rest",
    title: "What users wrote does not lie readable in storage",
    source: Source::Storage,
    expected: "no canary text, in any form searched, in stored files and their names, while a \
               control text is found in the same storage",
    judge: |facts, _| judge(facts),
};

/// Storages that a sentence lists.
const LISTED: usize = 3;

fn judge(facts: &TrafficFacts) -> Conclusion {
    if facts.storage.is_empty() {
        return Conclusion::new(
            Verdict::NotTested,
            "no storage was handed in",
            "there is nothing to search; name with --storage the folder in which a server or an \
             app keeps what it handles",
        );
    }
    if facts.canaries.is_empty() {
        return nothing_to_look_for();
    }
    let hits: Vec<_> = facts
        .canaries
        .iter()
        .flat_map(|canary| canary.at_rest().map(|found| (canary.name(), found)))
        .collect();
    if !hits.is_empty() {
        return Conclusion::new(
            Verdict::Fail,
            found(facts, hits.into_iter()),
            "whoever reads this disk, or a copy of it, reads what users wrote",
        );
    }
    let files = facts.storage.iter().map(|storage| storage.files).fold(0, u64::saturating_add);
    let skipped = facts.storage.iter().map(|storage| storage.skipped).fold(0, u64::saturating_add);
    unreadable(facts).or_else(|| a_storage_without_control(facts)).unwrap_or_else(|| {
        let links = match skipped {
            0 => String::new(),
            n => format!(", {n} link(s) or special file(s) left out"),
        };
        Conclusion::new(
            Verdict::Pass,
            format!(
                "{} canary text(s) not found in {files} file(s){links}; {}",
                facts.canaries.len(),
                controls_found(&facts.controls, Found::is_at_rest)
            ),
            "the search found its control in the same storage; what is compressed or encrypted \
                 there was not opened",
        )
    })
}

/// Each storage needs a control of its own: one may be encrypted as a whole, and another not.
fn a_storage_without_control(facts: &TrafficFacts) -> Option<Conclusion> {
    (0..).zip(&facts.storage).find_map(|(index, storage): (u64, &Storage)| {
        let what = match facts.storage.len() {
            1 => "storage".to_owned(),
            _ => format!("storage, {}", text::one_line(&storage.path)),
        };
        without_control(&facts.controls, |found| found.is_in_storage(index), &what)
    })
}

/// Why absence is not established: some files could not be read.
fn unreadable(facts: &TrafficFacts) -> Option<Conclusion> {
    let unreadable: Vec<_> =
        facts.storage.iter().filter(|s| s.unreadable > 0 || s.files == 0).collect();
    if unreadable.is_empty() {
        return None;
    }
    let one = |storage: &&Storage| {
        let path = text::one_line(&storage.path);
        match (storage.unreadable, storage.problems.first()) {
            (0, _) => format!("{path} holds no file"),
            (n, Some(problem)) => {
                format!("{path}: {n} file(s) or folder(s), {}", text::one_line(problem))
            }
            (n, None) => format!("{path}: {n} file(s) or folder(s)"),
        }
    };
    Some(Conclusion::new(
        Verdict::Inconclusive,
        format!("not searched: {}", some(unreadable.iter().map(one), LISTED)),
        "no canary text was found in what could be read; the rest may hold one",
    ))
}
