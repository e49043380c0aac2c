//! Names of the facts against a table of the standard.

use std::collections::BTreeMap;

use hallmark_model::{Grade, Verdict, text};
use hallmark_tls::ProtocolVersion;

use super::{Conclusion, Ground};

/// How many names one sentence lists.
const LISTED: usize = 6;

/// A name to be graded, and where it was seen.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) places: Vec<String>,
}

/// Names by version, newest version first, each name once.
pub(super) fn by_version(seen: &BTreeMap<ProtocolVersion, Vec<String>>) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for (version, names) in seen.iter().rev() {
        for name in names {
            let name = text::one_line(name);
            match items.iter_mut().find(|item| item.name == name) {
                Some(item) => item.places.push(version.to_string()),
                None => items.push(Item { name, places: vec![version.to_string()] }),
            }
        }
    }
    items
}

/// `TLS_RSA_WITH_RC4_128_SHA (TLSv1.0, TLSv1.1), …`, bounded.
pub(super) fn list(items: &[&Item]) -> String {
    let mut shown: Vec<_> = items
        .iter()
        .take(LISTED)
        .map(|item| match &item.places[..] {
            [] => item.name.clone(),
            places => format!("{} ({})", item.name, places.join(", ")),
        })
        .collect();
    if items.len() > LISTED {
        shown.push(format!("and {} more", items.len() - LISTED));
    }
    shown.join(", ")
}

/// Grades every name: one forbidden name fails, one that the table does not know concludes
/// nothing, one on its way out warns. `what` names them: `cipher suites`.
pub(super) fn grade(table: &str, what: &str, items: &[Item], ground: &Ground<'_>) -> Conclusion {
    let graded = |item: &Item| ground.policy.grade(table, &item.name, ground.on);
    let with = |wanted: Option<Grade>| -> Vec<&Item> {
        items.iter().filter(|item| graded(item).map(|(grade, _)| grade) == wanted).collect()
    };
    let forbidden = with(Some(Grade::Forbidden));
    let unlisted = with(None);
    let legacy = with(Some(Grade::Legacy));
    let of = |names: &[&Item]| match names.len() == items.len() {
        true => list(names),
        false => format!("{} of {} {what}: {}", names.len(), items.len(), list(names)),
    };
    let names = |items: &[&Item]| items.iter().map(|item| item.name.clone()).collect::<Vec<_>>();
    if !forbidden.is_empty() {
        let why = format!("forbidden – {}", bases(&forbidden, &graded));
        Conclusion::new(Verdict::Fail, of(&forbidden), why).about(names(&forbidden))
    } else if !unlisted.is_empty() {
        let why = format!("the standard's table `{table}` says nothing of them");
        Conclusion::new(Verdict::Inconclusive, of(&unlisted), why).about(names(&unlisted))
    } else if !legacy.is_empty() {
        let why = format!("on their way out – {}", bases(&legacy, &graded));
        Conclusion::new(Verdict::Warn, of(&legacy), why).about(names(&legacy))
    } else {
        let all: Vec<_> = items.iter().collect();
        let why = format!("every one is recommended or acceptable – {}", bases(&all, &graded));
        Conclusion::new(Verdict::Pass, list(&all), why)
    }
}

/// The reasons behind these names, each once, bounded.
fn bases<'a>(items: &[&Item], graded: &impl Fn(&Item) -> Option<(Grade, &'a str)>) -> String {
    let mut bases: Vec<&str> = Vec::new();
    for item in items {
        if let Some((_, basis)) = graded(item)
            && !bases.contains(&basis)
        {
            bases.push(basis);
        }
    }
    let more = if bases.len() > LISTED / 2 { "; …" } else { "" };
    format!("{}{more}", bases[..bases.len().min(LISTED / 2)].join("; "))
}
