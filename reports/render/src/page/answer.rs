//! The answer: each half as a sentence, in numbers and as a bar.

use hallmark_model::{Half, Headline, Report, report::Candidate};

use crate::{
    shown::Shown,
    svg::{Svg, bar},
    tally::Tally,
    words,
};

/// One half of the answer, as a sentence and in numbers.
pub(super) struct Answer {
    pub(super) title: &'static str,
    pub(super) class: &'static str,
    pub(super) before: Shown,
    pub(super) answer: &'static str,
    pub(super) after: Shown,
    pub(super) counts: Vec<(usize, String)>,
    pub(super) bar: Option<Svg>,
    pub(super) reported: Option<String>,
}

/// Both halves, the clauses first; an unfinished run determines neither.
pub(super) fn halves(report: &Report) -> Vec<Answer> {
    let headline = if report.run.complete { report.headline } else { Headline::UNDETERMINED };
    let clauses = format!("the clauses of {}", report.standard.title);
    [
        ("Clauses", headline.clauses, clauses.as_str(), false),
        ("House rules", headline.house_rules, "the house rules of Hallmark", true),
    ]
    .into_iter()
    .filter(|(.., house_rules)| {
        report.requirements.iter().any(|row| row.is_house_rule() == *house_rules) || !house_rules
    })
    .map(|(title, half, what, house_rules)| {
        let tally = Tally::of(&report.requirements, house_rules);
        Answer::of(title, half, &report.candidate, what, tally)
    })
    .collect()
}

impl Answer {
    fn of(
        title: &'static str,
        half: Half,
        candidate: &Candidate,
        what: &str,
        tally: Tally,
    ) -> Self {
        let name = format!("{} {}", candidate.name, candidate.version);
        let (class, before, answer, after) = match half {
            Half::Meets => ("meets", format!("{name} "), "meets", format!(" {what}.")),
            Half::DoesNotMeet => {
                ("does-not-meet", format!("{name} "), "does not meet", format!(" {what}."))
            }
            Half::NotDetermined => (
                "not-determined",
                format!("Whether {name} meets {what} is "),
                "not determined",
                ".".to_owned(),
            ),
        };
        let bar_id = if title == "Clauses" { "bar-clauses" } else { "bar-house-rules" };
        Self {
            title,
            class,
            before: Shown::line(&before),
            answer,
            after: Shown::line(&after),
            counts: counts(&tally),
            bar: bar::render(
                bar_id,
                &format!("{title}: results of the deciding requirements"),
                &tally,
            ),
            reported: reported(&tally),
        }
    }
}

fn counts(tally: &Tally) -> Vec<(usize, String)> {
    bar::parts(tally)
        .into_iter()
        .filter(|part| part.count > 0 || part.label != "not applicable")
        .map(|part| match (part.label, tally.warnings) {
            ("pass", 1..) => (part.count, format!("pass ({} with a warning)", tally.warnings)),
            (label, _) => (part.count, label.to_owned()),
        })
        .collect()
}

fn reported(tally: &Tally) -> Option<String> {
    let told = match (tally.reported, tally.reported_fail) {
        (0, _) => return None,
        (n, 0) => {
            let rows = words::count(n, "further requirement is", "further requirements are");
            format!("{rows} reported without deciding; none failed.")
        }
        (n, failed) => {
            let rows = words::count(n, "further requirement is", "further requirements are");
            format!("{rows} reported without deciding; {failed} failed.")
        }
    };
    Some(told)
}
