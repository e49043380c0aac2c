//! What a sample run shows on its way: events, times, a figure.

use std::{collections::BTreeMap, time::Duration};

use hallmark_model::{
    CheckId, Event, Headline, Suite, Verdict,
    event::Stamped,
    figure::{Fate, ForwardSecrecy, Lane, Mark},
};

use super::check;

pub(crate) fn timeline() -> ForwardSecrecy {
    let marks = |fates: &[(i32, Fate)]| {
        fates.iter().map(|(position, fate)| Mark { position: *position, fate: *fate }).collect()
    };
    ForwardSecrecy {
        subject: "reference 0.1.0 (double-ratchet)".into(),
        unit: "receiving chain".into(),
        lanes: vec![
            Lane {
                label: "delivered before the leak".into(),
                marks: marks(&[
                    (-6, Fate::Closed),
                    (-4, Fate::Closed),
                    (-3, Fate::Closed),
                    (-2, Fate::Closed),
                    (-1, Fate::Open),
                ]),
            },
            Lane {
                label: "sent but not delivered before the leak".into(),
                marks: marks(&[(-6, Fate::Closed), (-4, Fate::Open), (-1, Fate::Open)]),
            },
            Lane {
                label: "sent after the leak".into(),
                marks: marks(&[(1, Fate::Open), (2, Fate::Closed), (3, Fate::Unknown)]),
            },
        ],
        sentences: vec![
            "Delivered messages stay closed, except the last.".into(),
            "Undelivered messages stay readable for 4 further chains.".into(),
            "The conversation heals after one exchange.".into(),
        ],
    }
}

pub(crate) fn elapsed() -> BTreeMap<CheckId, Duration> {
    [("round-trip", 12), ("bit-flips", 1920), ("rollback", 380), ("replay", 412)]
        .into_iter()
        .map(|(name, millis)| (check(name), Duration::from_millis(millis)))
        .collect()
}

pub(crate) fn events() -> Vec<Stamped> {
    let finding = hallmark_model::Finding {
        check: check("replay"),
        verdict: Verdict::Pass,
        expected: "refused".into(),
        observed: "refused".into(),
        why: "the number was seen before".into(),
        by_design: None,
        evidence: vec![],
    };
    [
        Event::RunStarted {
            run: "20261121T190307Z-7f3a".into(),
            tool: "0.1.0".into(),
            standard: "nhs-im/1.0".into(),
            candidate: "Example Messenger 4.2.0".into(),
            seed: "7f3a".into(),
            checks: 2,
        },
        Event::SuiteStarted {
            suite: Suite::Messaging,
            subject: "reference 0.1.0 (double-ratchet)".into(),
            probes: 2,
        },
        Event::ProbeStarted { probe: check("replay"), title: "A message sent twice".into() },
        Event::ProbeFinished {
            probe: check("replay"),
            millis: 412,
            outcome: "control delivered, replay refused".into(),
        },
        Event::Problem {
            place: "driver\u{1b}[2J".into(),
            message: "wrote 3 lines that are not JSON to its standard output; they were ignored \
                      and counted"
                .into(),
        },
        Event::ProbeFinished {
            probe: check("rollback"),
            millis: 65_380,
            outcome: "before: opened; after: opened; the next honest message was delivered".into(),
        },
        Event::Judged { title: "A message sent twice".into(), finding },
        Event::RunFinished { headline: Headline::UNDETERMINED, exit: 3 },
    ]
    .map(|event| Stamped { at: "2026-11-21T19:03:07Z".parse().unwrap(), event })
    .into()
}
