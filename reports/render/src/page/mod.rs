//! The report as one HTML file, without script and without network.
//!
//! Page one answers a buyer and prints on one sheet of A4; what follows lets a vendor reproduce
//! each finding. The same report always gives the same bytes.

mod answer;
mod evidence;
mod findings;
mod first;
mod method;

use askama::Template;
use hallmark_model::{Figure, Report, Suite, Verdict, report::Candidate};

use self::{
    evidence::EvidenceIndex,
    findings::{Requirement, requirements},
    first::FirstPage,
    method::Method,
};
use crate::{
    palette::{self, Colour},
    shown::Shown,
    svg::Plot,
    words,
};

/// A page that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("fill in the page: {0}")]
pub struct PageError(#[from] askama::Error);

/// Renders `report` with the figures that its suites derived from their facts.
///
/// Links in the page are relative to the bundle (`evidence/sha256/…`, `VERIFY.txt`); nothing is
/// loaded from anywhere.
///
/// # Errors
///
/// When the template cannot be filled in.
pub fn render_page(report: &Report, figures: &[(Suite, Figure)]) -> Result<String, PageError> {
    Ok(Page::of(report, figures).render()?)
}

#[derive(Template)]
#[template(path = "page.html", whitespace = "minimize")]
struct Page {
    colours: &'static [(&'static str, Colour)],
    candidate: Shown,
    complete: bool,
    first: FirstPage,
    words: [Word; Verdict::ALL.len()],
    requirements: Vec<Requirement>,
    figures: Vec<DrawnFigure>,
    method: Method,
    evidence: EvidenceIndex,
}

impl Page {
    fn of(report: &Report, figures: &[(Suite, Figure)]) -> Self {
        let Candidate { name, version, .. } = &report.candidate;
        Self {
            colours: &palette::NAMED,
            candidate: Shown::line(&format!("{name} {version}")),
            complete: report.run.complete,
            first: FirstPage::of(report),
            words: Verdict::ALL.map(Word::of),
            requirements: requirements(&report.requirements),
            figures: figures.iter().enumerate().map(DrawnFigure::of).collect(),
            method: Method::of(report),
            evidence: EvidenceIndex::of(&report.requirements),
        }
    }
}

/// A verdict as it stands in the page: sign, word, and the class that gives colour and border.
#[derive(Clone, Copy)]
pub(crate) struct Tag {
    pub(crate) sign: &'static str,
    pub(crate) word: &'static str,
    pub(crate) class: &'static str,
}

impl Tag {
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self { sign: words::sign(verdict), word: words::verdict(verdict), class: verdict.id() }
    }
}

/// A verdict word and its meaning.
pub(crate) struct Word {
    pub(crate) tag: Tag,
    pub(crate) meaning: &'static str,
}

impl Word {
    pub(crate) fn of(verdict: Verdict) -> Self {
        Self { tag: Tag::of(verdict), meaning: words::meaning(verdict) }
    }
}

struct DrawnFigure {
    id: String,
    suite: &'static str,
    plot: Plot,
}

impl DrawnFigure {
    fn of((index, (suite, figure)): (usize, &(Suite, Figure))) -> Self {
        let id = format!("figure-{}", index + 1);
        let plot = Plot::of(&id, figure);
        Self { id, suite: words::suite(*suite), plot }
    }
}

#[cfg(test)]
mod tests;
