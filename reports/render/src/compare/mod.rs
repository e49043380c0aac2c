//! A comparison as people read it: [`comparison_page`] for the buyer, [`comparison_text`] for the
//! terminal. Both show the same words, which are here; the order is that of the comparison.

mod page;
mod terminal;

use hallmark_bundle::compare::{
    Compared, ComparedRow, Comparison, Group, Laid, NotDetermined, Tally,
};
use hallmark_model::Half;

pub use page::comparison_page;
pub use terminal::comparison_text;

use crate::words;

/// The letter that stands for a candidate: names are too long for the head of a column.
fn letter(column: usize) -> char {
    u8::try_from(column).ok().and_then(|n| b'A'.checked_add(n)).map_or('?', char::from)
}

/// One half of a headline, as it stands beside a name.
fn half(half: Half) -> &'static str {
    match half {
        Half::Meets => "Meets",
        Half::DoesNotMeet => "Does not meet",
        Half::NotDetermined => "Not determined",
    }
}

/// `29 met, 1 failed, 4 declared`, of the rows that decide.
fn tally(tally: Tally) -> String {
    let parts = [
        (tally.met, "met"),
        (tally.failed, "failed"),
        (tally.declared, "declared but not tested"),
        (tally.not_determined, "not determined"),
        (tally.not_applicable, "not applicable"),
    ];
    let told: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, label)| format!("{count} {label}"))
        .collect();
    if told.is_empty() { "no requirement of this kind decides".to_owned() } else { told.join(", ") }
}

/// Title of a group, with how many rows it has.
fn title(comparison: &Comparison, group: Group) -> String {
    let rows = comparison.group(group).count();
    let deciding = comparison.group(group).filter(|row| row.decides).count();
    match (group, rows) {
        (Group::Differ, 0) => "They differ in no requirement".to_owned(),
        (Group::Differ, _) => format!("They differ in {}", requirements(rows, deciding)),
        (Group::NobodyDetermined, 0) => "Nothing that decides is open for all of them".to_owned(),
        (Group::NobodyDetermined, _) => {
            let rows = words::count(rows, "requirement", "requirements");
            format!("Deciding, but not determined for any of them: {rows}")
        }
        (Group::Alike, 0) => "No other requirement".to_owned(),
        (Group::Alike, _) => {
            let rows = words::count(rows, "requirement", "requirements");
            format!("The same for all, or open without deciding: {rows}")
        }
    }
}

/// `27 requirements, 17 of which decide`.
fn requirements(rows: usize, deciding: usize) -> String {
    let rows_in_words = words::count(rows, "requirement", "requirements");
    match deciding {
        0 if rows == 1 => format!("{rows_in_words}, which is reported only"),
        0 => format!("{rows_in_words}, reported only"),
        1 if rows == 1 => format!("{rows_in_words}, which decides"),
        _ if deciding == rows => format!("{rows_in_words}, all of which decide"),
        1 => format!("{rows_in_words}, 1 of which decides"),
        _ => format!("{rows_in_words}, {deciding} of which decide"),
    }
}

/// `Must, decides`, and whether the columns were asked for different things.
fn demand(row: &ComparedRow) -> String {
    let part = if row.decides { "decides" } else { "reported only" };
    let differs =
        if row.same_demand { "" } else { "; worded or weighed differently by the standards" };
    format!("{}, {part}{differs}", words::level(row.level))
}

/// What people say beside a verdict.
fn laid(laid: &Laid) -> String {
    match laid {
        Laid::Declared { answers: true, expires } => {
            format!("declared until {}", words::date(*expires))
        }
        Laid::Declared { answers: false, expires } => {
            format!("also declared until {}, which changes nothing", words::date(*expires))
        }
        Laid::Waived { expires } => {
            format!("waived until {}; the verdict stands", words::date(*expires))
        }
    }
}

/// How many rows are open for one reason.
fn left_open(open: &NotDetermined) -> String {
    let deciding = open.requirements.iter().filter(|row| row.decides).count();
    requirements(open.requirements.len(), deciding)
}

/// Everything about a column that is no verdict.
fn facts(candidate: &Compared) -> Vec<(&'static str, String)> {
    let or_none =
        |text: &Option<String>, none: &str| text.clone().unwrap_or_else(|| none.to_owned());
    let suites: Vec<_> = candidate.suites.iter().map(|suite| words::suite(*suite)).collect();
    vec![
        ("Made by", or_none(&candidate.vendor, "not said")),
        ("Tested", words::time(candidate.tested)),
        ("Who vouches", words::assurance(candidate.assurance).to_owned()),
        ("Buyer’s challenge", or_none(&candidate.challenge, "none")),
        ("Signed", signed(candidate)),
        (
            "Standard",
            format!(
                "{}, version {}, digest {}…",
                candidate.standard.id,
                candidate.standard.version,
                candidate.standard.digest.to_string().get(..12).unwrap_or_default()
            ),
        ),
        ("Areas tested", if suites.is_empty() { "none".to_owned() } else { suites.join(", ") }),
        (
            "Selection",
            if candidate.whole_standard {
                "the whole standard"
            } else {
                "only a part of the standard"
            }
            .to_owned(),
        ),
        ("Bundle", candidate.bundle.clone()),
    ]
}

/// Who signed. A name in a certificate proves nothing until somebody checks its root.
fn signed(candidate: &Compared) -> String {
    if candidate.signers.is_empty() {
        return "no: nobody vouches for these files".to_owned();
    }
    let names: Vec<_> = candidate
        .signers
        .iter()
        .map(|signer| format!("by {} as {}", signer.subject, signer.role))
        .collect();
    format!("{}; whom to trust is not checked here", names.join(" and "))
}

/// What a comparison cannot say.
fn limits(comparison: &Comparison) -> Vec<&'static str> {
    let mut limits = Vec::new();
    let any = |what: fn(&Compared) -> bool| comparison.candidates.iter().any(what);
    if any(|candidate| !candidate.whole_standard) {
        limits.push(
            "Not every run selected the whole standard: what one left out, another may have been tested for.",
        );
    }
    let areas = |pair: &[Compared]| matches!(pair, [a, b] if a.suites != b.suites);
    if comparison.candidates.windows(2).any(areas) {
        limits.push(
            "The runs tested different areas: “not tested” then says something of the run, not of the product.",
        );
    }
    if any(|candidate| candidate.signers.is_empty()) {
        limits.push(
            "A bundle that nobody signed can have been changed by anybody; ask for one that is signed.",
        );
    }
    limits.push(
        "A signer’s name is worth as much as the root certificate behind it: `hallmark verify BUNDLE --trust \
         ROOT.pem` checks it.",
    );
    limits.push(
        "“Not determined” is neither good nor bad. A product is not better because less of it was tested.",
    );
    limits.push(
        "Each report holds for one version, in one configuration, on one day. It says what its limits are.",
    );
    limits
}

#[cfg(test)]
mod tests;
