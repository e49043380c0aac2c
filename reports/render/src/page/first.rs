//! Page one: the answer, and what it does not say.

use hallmark_model::{
    Overlay, Provenance, Report, Verdict,
    report::{Row, Run},
};

use super::{
    Tag,
    answer::{Answer, halves},
    findings::anchor,
};
use crate::{shown::Shown, words};

/// Notes on how the product was operated that page one repeats.
const NOTES: usize = 4;

/// How much page one tells before it points at the sections behind it, so that it stays one sheet
/// of A4. No list is ever left out, and what is cut is counted.
#[derive(Clone, Copy)]
struct Room {
    /// Failures told with impact and remedy.
    failures: usize,
    /// Entries of each list.
    entries: usize,
}

impl Room {
    fn for_lists(filled: usize) -> Self {
        match filled {
            0..=2 => Self { failures: 3, entries: 5 },
            3 => Self { failures: 3, entries: 3 },
            _ => Self { failures: 2, entries: 2 },
        }
    }
}

/// Everything on page one.
pub(super) struct FirstPage {
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) halves: Vec<Answer>,
    pub(super) failures: Vec<Failure>,
    pub(super) other_failures: Listed<Entry>,
    pub(super) declared: Listed<Entry>,
    pub(super) waived: Listed<Entry>,
    pub(super) undetermined: Listed<Entry>,
    pub(super) limits: Vec<String>,
}

/// A requirement that is not met.
pub(super) struct Failure {
    pub(super) entry: Entry,
    pub(super) impact: Shown,
    pub(super) remedy: Shown,
    pub(super) by_design: Vec<Shown>,
    pub(super) waived: Option<String>,
}

/// A requirement in a list, with a note.
pub(super) struct Entry {
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) title: Shown,
    pub(super) tag: Tag,
    pub(super) note: Shown,
}

/// A list that is cut visibly.
pub(super) struct Listed<T> {
    pub(super) shown: Vec<T>,
    pub(super) more: usize,
}

impl<T> Listed<T> {
    fn of(mut all: Vec<T>, room: Room) -> Self {
        let more = all.len().saturating_sub(room.entries);
        all.truncate(room.entries);
        Self { shown: all, more }
    }
}

impl FirstPage {
    pub(super) fn of(report: &Report) -> Self {
        let rows = || report.requirements.iter().enumerate();
        let mut failed: Vec<_> = rows().filter(|(_, row)| row.verdict == Verdict::Fail).collect();
        // Those that decide come first; within each group the standard's order stays.
        failed.sort_by_key(|(_, row)| !row.blocks());
        let declared = overlaid(report, |overlay| match overlay {
            Overlay::Declared { by, document, expires, .. } => Some(format!(
                "declared until {} by {by}, resting on “{document}”",
                words::date(*expires)
            )),
            Overlay::Waived { .. } => None,
        });
        let waived = overlaid(report, |overlay| match overlay {
            Overlay::Waived { reason, owner, approved_by, expires } => Some(format!(
                "waived until {}: {reason}; risk owned by {owner}, approved by {approved_by}",
                words::date(*expires)
            )),
            Overlay::Declared { .. } => None,
        });
        let mut unknown: Vec<_> =
            rows().filter(|(_, row)| row.verdict.is_undetermined() && !is_answered(row)).collect();
        unknown.sort_by_key(|(_, row)| !row.blocks());
        let undetermined: Vec<_> = unknown.into_iter().map(|row| Entry::of(row, kind)).collect();
        let untold = failed.len().saturating_sub(Room::for_lists(0).failures);
        let lists = [declared.len(), waived.len(), undetermined.len(), untold];
        let room = Room::for_lists(lists.iter().filter(|entries| **entries > 0).count());
        let others = failed.split_off(failed.len().min(room.failures));
        Self {
            facts: facts(report),
            halves: halves(report),
            failures: failed.into_iter().map(Failure::of).collect(),
            other_failures: Listed::of(
                others.into_iter().map(|row| Entry::of(row, kind)).collect(),
                room,
            ),
            declared: Listed::of(declared, room),
            waived: Listed::of(waived, room),
            undetermined: Listed::of(undetermined, room),
            limits: limits(report),
        }
    }
}

fn is_answered(row: &Row) -> bool {
    row.overlays.iter().any(|overlay| overlay.answers(row.verdict))
}

fn overlaid(report: &Report, told: impl Fn(&Overlay) -> Option<String>) -> Vec<Entry> {
    report
        .requirements
        .iter()
        .enumerate()
        .flat_map(|row| row.1.overlays.iter().map(move |overlay| (row, overlay)))
        .filter_map(|(row, overlay)| told(overlay).map(|note| Entry::of(row, |_| note)))
        .collect()
}

fn kind(row: &Row) -> String {
    let kind = if row.is_house_rule() { "house rule" } else { "clause" };
    if row.blocks() { kind.to_owned() } else { format!("{kind}, reported only") }
}

impl Entry {
    fn of((index, row): (usize, &Row), note: impl FnOnce(&Row) -> String) -> Self {
        Self {
            anchor: anchor(index),
            id: row.id.to_string(),
            title: Shown::line(&row.title),
            tag: Tag::of(row.verdict),
            note: Shown::line(&note(row)),
        }
    }
}

impl Failure {
    fn of((index, row): (usize, &Row)) -> Self {
        let failed = row.checks.iter().filter(|check| check.verdict == Verdict::Fail);
        let limits = failed.filter_map(|check| check.by_design.as_ref());
        let mut by_design: Vec<_> = limits
            .map(|l| {
                let words = l.matter.words();
                Shown::line(&format!("{words}: {} ({}; {})", l.reason, l.family, l.source))
            })
            .collect();
        by_design.dedup();
        let waived = row.overlays.iter().find(|o| matches!(o, Overlay::Waived { .. }));
        Self {
            entry: Entry::of((index, row), kind),
            impact: Shown::line(&row.why),
            remedy: Shown::line(&row.remedy),
            by_design,
            waived: waived.map(|overlay| words::date(overlay.expires())),
        }
    }
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run;
    let standard = &report.standard;
    let mut facts = Vec::new();
    if let Some(vendor) = &report.candidate.vendor {
        facts.push(("Made by", vendor.clone()));
    }
    facts.push(("When", words::time(run.started)));
    facts.push((
        "Who vouches",
        format!("{}: {}", words::assurance(run.assurance), words::assurance_meaning(run.assurance)),
    ));
    facts.push((
        "Standard",
        format!(
            "{} ({}, version {}). {}",
            standard.title, standard.id, standard.version, standard.note
        ),
    ));
    facts.extend(conditions(run));
    facts.push((
        "Signature",
        "Not verified by this page. Whether the report is signed, and by whom, is found with the \
         commands in VERIFY.txt."
            .to_owned(),
    ));
    facts.into_iter().map(|(label, text)| (label, Shown::passage(&text).to_string())).collect()
}

/// What the buyer asked for and what somebody allowed.
fn conditions(run: &Run) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    facts.push((
        "Buyer’s challenge",
        run.challenge.clone().unwrap_or_else(|| {
            "none: nothing shows that the run was made for a particular buyer".to_owned()
        }),
    ));
    facts.push((
        "Authorisation",
        run.authorisation.as_ref().map_or_else(
            || "none recorded".to_owned(),
            |a| format!("{}, for {}, until {}", a.by, a.scope, words::date(a.until)),
        ),
    ));
    let intrusive = if run.intrusive {
        "allowed for this run (--intrusive): attacks on test accounts may have been part of it"
    } else {
        "none: they run only with --intrusive"
    };
    facts.push(("Intrusive checks", intrusive.to_owned()));
    facts
}

/// What the report does not prove, besides what was not tested.
fn limits(report: &Report) -> Vec<String> {
    let mut limits = Vec::new();
    let selection = &report.run.selection;
    if !selection.is_everything() {
        limits
            .push("Only a part of the standard was selected for this run; see Method.".to_owned());
    }
    let unconfirmed =
        report.requirements.iter().filter(|row| row.provenance == Provenance::Unconfirmed).count();
    if unconfirmed > 0 {
        limits.push(format!(
            "{} known only from memory: reported, never decisive.",
            words::count(unconfirmed, "clause is", "clauses are")
        ));
    }
    let notes: Vec<_> = report
        .candidate
        .subjects
        .iter()
        .flat_map(|subject| {
            subject.notes.iter().map(move |note| format!("{}: {note}", words::suite(subject.suite)))
        })
        .collect();
    let more = notes.len().saturating_sub(NOTES);
    limits.extend(notes.into_iter().take(NOTES));
    if more > 0 {
        limits.push(format!("{more} more notes on how the product was operated: see Method."));
    }
    limits.push(
        "It holds for this version, in this configuration, on this day. Tests find defects; they \
         cannot prove that there are no others."
            .to_owned(),
    );
    limits.into_iter().map(|limit| Shown::line(&limit).to_string()).collect()
}
