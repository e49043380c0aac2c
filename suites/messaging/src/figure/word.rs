//! What rests on the driver's word alone: nothing that the harness carried or kept shows it.

use std::collections::BTreeSet;

use hallmark_model::{figure::Table, text};

use super::cells;
use crate::facts::{MessagingFacts, Seen};

pub(super) fn table(facts: &MessagingFacts) -> Option<Table> {
    let hello = &facts.driver.hello;
    let ran =
        |name: &str| facts.experiments.iter().any(|e| e.id.name() == name && e.stopped.is_none());
    let mut rows = vec![
        cells([
            "which program is driven",
            &text::one_line(&format!("{} {}", hello.candidate.name, hello.candidate.version)),
            match hello.candidate.sha256 {
                Some(_) => "its digest is the driver's statement too",
                None => "no digest was given",
            },
        ]),
        cells([
            "how the application calls it",
            &text::one_line(&hello.calling),
            "another way of calling may behave otherwise",
        ]),
    ];
    if ran("algorithms") {
        rows.push(cells([
            "names of algorithms and lengths of keys",
            "`session.info`",
            "only how envelopes grow is held against them",
        ]));
    }
    if ran("fingerprint") {
        rows.push(cells([
            "what a user is shown to compare",
            "`identity.fingerprint`",
            "nothing shows that the product displays the same",
        ]));
    }
    let seen = || facts.experiments.iter().flat_map(|e| &e.outcome);
    let refused = seen().filter(|step| step.seen.is_refused()).count();
    if refused > 0 {
        rows.push(cells([
            "that a refusal is the candidate's own",
            &format!("{refused} refusals"),
            "each has a twin in the same run that was accepted; a driver could still refuse in \
             the candidate's place",
        ]));
    }
    let warnings: BTreeSet<_> =
        seen().flat_map(|step| &step.warnings).map(|warning| warning.class).collect();
    if !warnings.is_empty() {
        let classes: Vec<_> = warnings.iter().map(ToString::to_string).collect();
        rows.push(cells([
            "that users see these warnings",
            &classes.join(", "),
            "a warning that the driver hides counts as none",
        ]));
    }
    let missing: BTreeSet<_> = facts
        .experiments
        .iter()
        .filter_map(|e| e.stopped.as_ref())
        .filter(|step| matches!(step.seen, Seen::Unsupported { .. }))
        .map(|step| text::one_line(&step.what))
        .collect();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.into_iter().collect();
        rows.push(cells([
            "that the candidate offers no such thing",
            &missing.join("; "),
            "not tested, hence never passed",
        ]));
    }
    Some(Table {
        title: "What rests on the driver's word alone?".to_owned(),
        columns: cells(["Statement", "What was stated", "How far it carries"]),
        rows,
        sentences: vec![
            "Everything else was seen in envelopes that the harness carried, in states that it \
             kept, or in messages that it compared with what it had sent."
                .to_owned(),
        ],
    })
}
