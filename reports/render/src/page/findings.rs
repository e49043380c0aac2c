//! Every requirement: its line in the table, its passage, and what its checks found.

use hallmark_model::{
    ByDesign, EvidenceRef, Overlay, Verdict,
    report::{Check, Row},
};

use super::Tag;
use crate::{shown::Shown, words};

/// Evidence listed with one check; the index has the rest.
const EVIDENCE: usize = 12;

/// A requirement as the page shows it.
pub(super) struct Requirement {
    pub(super) anchor: String,
    pub(super) id: String,
    pub(super) title: Shown,
    pub(super) level: &'static str,
    pub(super) gate: &'static str,
    pub(super) provenance: &'static str,
    pub(super) tag: Tag,
    pub(super) document: Shown,
    pub(super) published: Shown,
    pub(super) reference: Shown,
    pub(super) paraphrase: Shown,
    pub(super) url: Option<Shown>,
    pub(super) why: Shown,
    /// Only where something is to be mended.
    pub(super) remedy: Option<Shown>,
    pub(super) decided_by: String,
    pub(super) overlays: Vec<Laid>,
    pub(super) findings: Vec<Finding>,
}

/// An overlay as the page shows it.
pub(super) struct Laid {
    pub(super) kind: &'static str,
    pub(super) short: String,
    pub(super) fields: Vec<(&'static str, Shown)>,
}

/// A check as the page shows it.
pub(super) struct Finding {
    pub(super) id: String,
    pub(super) title: Shown,
    pub(super) tag: Tag,
    /// Where the same finding stands in full, if it already did.
    pub(super) told_at: Option<(String, String)>,
    pub(super) expected: Shown,
    pub(super) observed: Shown,
    pub(super) why: Shown,
    pub(super) by_design: Option<Limit>,
    pub(super) reproduce: Option<Shown>,
    pub(super) evidence: Vec<Kept>,
    pub(super) more_evidence: usize,
}

/// What the protocol itself says of the matter.
pub(super) struct Limit {
    pub(super) matter: &'static str,
    pub(super) family: Shown,
    pub(super) reason: Shown,
    pub(super) source: Shown,
}

/// A piece of evidence.
pub(super) struct Kept {
    pub(super) path: String,
    pub(super) label: Shown,
    pub(super) bytes: u64,
}

/// The fragment of the row at `index`.
pub(super) fn anchor(index: usize) -> String {
    format!("requirement-{}", index + 1)
}

/// All rows, in the order of the standard.
pub(super) fn requirements(rows: &[Row]) -> Vec<Requirement> {
    let mut told: Vec<(&Check, usize)> = Vec::new();
    rows.iter()
        .enumerate()
        .map(|(index, row)| {
            let findings = row
                .checks
                .iter()
                .map(|check| {
                    let before = told.iter().find(|(other, _)| *other == check).map(|(_, at)| *at);
                    if before.is_none() {
                        told.push((check, index));
                    }
                    Finding::of(check, before.map(|at| (anchor(at), rows[at].id.to_string())))
                })
                .collect();
            Requirement::of(index, row, findings)
        })
        .collect()
}

impl Requirement {
    fn of(index: usize, row: &Row, findings: Vec<Finding>) -> Self {
        let kinds: Vec<_> = row.evidence.iter().map(|kind| words::evidence(*kind)).collect();
        let to_mend = !matches!(row.verdict, Verdict::Pass | Verdict::NotApplicable);
        Self {
            anchor: anchor(index),
            id: row.id.to_string(),
            title: Shown::line(&row.title),
            level: words::level(row.level),
            gate: words::gate(row.gate, row.blocks()),
            provenance: words::provenance(row.provenance),
            tag: Tag::of(row.verdict),
            document: Shown::line(&row.clause.document),
            published: Shown::line(&row.clause.published),
            reference: Shown::line(&row.clause.reference),
            paraphrase: Shown::passage(&row.clause.paraphrase),
            url: row.clause.url.as_deref().and_then(link),
            why: Shown::passage(&row.why),
            remedy: to_mend.then(|| Shown::passage(&row.remedy)),
            decided_by: kinds.join("; or "),
            overlays: row.overlays.iter().map(Laid::of).collect(),
            findings,
        }
    }
}

/// A link that a reader may follow: nothing but `https`, and nothing that was altered for show.
fn link(url: &str) -> Option<Shown> {
    let shown = Shown::line(url);
    let plain = url.bytes().all(|b| b.is_ascii_graphic());
    (url.starts_with("https://") && plain && shown.as_str() == url).then_some(shown)
}

impl Laid {
    fn of(overlay: &Overlay) -> Self {
        let until = words::date(overlay.expires());
        match overlay {
            Overlay::Declared { by, document, sha256, .. } => Self {
                kind: "Declared, not tested",
                short: format!("Declared, not tested; until {until}"),
                fields: vec![
                    ("Declared by", Shown::line(by)),
                    ("Document", Shown::line(document)),
                    ("Digest (SHA-256)", Shown::line(&sha256.to_string())),
                    ("Holds until", Shown::line(&until)),
                ],
            },
            Overlay::Waived { reason, owner, approved_by, .. } => Self {
                kind: "Waived; the verdict stands",
                short: format!("Waived; until {until}"),
                fields: vec![
                    ("Reason", Shown::passage(reason)),
                    ("Owner of the risk", Shown::line(owner)),
                    ("Approved by", Shown::line(approved_by)),
                    ("Holds until", Shown::line(&until)),
                ],
            },
        }
    }
}

impl Finding {
    fn of(check: &Check, told_at: Option<(String, String)>) -> Self {
        Self {
            id: check.id.to_string(),
            title: Shown::line(&check.title),
            tag: Tag::of(check.verdict),
            told_at,
            expected: Shown::passage(&check.expected),
            observed: Shown::passage(&check.observed),
            why: Shown::passage(&check.why),
            by_design: check.by_design.as_ref().map(Limit::of),
            reproduce: check.reproduce.as_deref().map(Shown::passage),
            evidence: check.evidence.iter().take(EVIDENCE).map(Kept::of).collect(),
            more_evidence: check.evidence.len().saturating_sub(EVIDENCE),
        }
    }
}

impl Limit {
    fn of(limit: &ByDesign) -> Self {
        Self {
            matter: limit.matter.words(),
            family: Shown::line(&limit.family),
            reason: Shown::passage(&limit.reason),
            source: Shown::line(&limit.source),
        }
    }
}

impl Kept {
    fn of(kept: &EvidenceRef) -> Self {
        Self { path: kept.path(), label: Shown::line(&kept.label), bytes: kept.bytes }
    }
}
