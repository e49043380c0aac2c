//! For how long does a key survive? One row for each window that was measured.

use hallmark_model::figure::Table;
use serde::Deserialize;

use super::{candidate, cells, sound};
use crate::facts::MessagingFacts;

/// Experiments that measure a window: what the key is of, and what is counted.
const WINDOWS: &[(&str, &str, &str)] = &[
    ("undelivered-window", "a message that never arrived", "receiving chains"),
    ("undelivered-messages", "a message that never arrived", "messages of its chain"),
    ("group-window", "a group message that never arrived", "messages of its sender"),
    ("group-epochs", "a group message of an earlier epoch", "changes of the group"),
];

/// What every one of them measures.
#[derive(Deserialize)]
struct Window {
    readable_through: u64,
    gone_at: Option<u64>,
    tried: u64,
}

pub(super) fn table(facts: &MessagingFacts) -> Option<Table> {
    let mut rows = Vec::new();
    let mut sentences = Vec::new();
    for (experiment, of, unit) in WINDOWS {
        let Some(window) = sound(facts, experiment).and_then(|e| e.measured::<Window>().ok())
        else {
            continue;
        };
        let gone = match window.gone_at {
            Some(at) => at.to_string(),
            None => format!("not within {}", window.tried),
        };
        rows.push(cells([of, unit, &window.readable_through.to_string(), &gone]));
        if window.gone_at.is_none() {
            sentences.push(format!(
                "The key of {of} was still there after {} {unit}: its end was not reached.",
                window.tried
            ));
        }
    }
    if rows.is_empty() {
        return None;
    }
    sentences.insert(
        0,
        "Whoever steals the state within such a window can open what was withheld.".to_owned(),
    );
    Some(Table {
        title: format!("For how long do keys of {} survive?", candidate(facts)),
        columns: cells(["The key of", "Counted in", "Still readable through", "Gone at"]),
        rows,
        sentences,
    })
}
