//! What a sample run shows on its way: events, times, a figure.

use std::{collections::BTreeMap, time::Duration};

use hallmark_model::{
    CheckId, Event, Headline, Suite, Verdict,
    event::Stamped,
    figure::{
        CipherSuiteMatrix, Fate, FlowMap, ForwardSecrecy, Lane, Mark, MatrixRow, Offer, Protection,
        Stream, Table,
    },
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

pub(crate) fn table() -> Table {
    let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
    Table {
        title: "For how long does a key survive?".into(),
        columns: row(["Key of", "Readable through", "Gone at"]),
        rows: vec![
            row(["an undelivered message", "4 receiving chains", "5"]),
            row(["<script>alert(1)</script>", "not observed", "not observed"]),
        ],
        sentences: vec!["One window was measured.".into()],
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

/// What a server with one old version and one suite without forward secrecy accepts.
pub(crate) fn matrix() -> CipherSuiteMatrix {
    let row = |suite: &str, ephemeral, cells| MatrixRow { suite: suite.into(), ephemeral, cells };
    CipherSuiteMatrix {
        subject: "chat.example:5222".into(),
        versions: vec!["SSLv3".into(), "TLSv1.2".into(), "TLSv1.3".into()],
        suites: vec![
            row(
                "TLS_AES_256_GCM_SHA384",
                Some(true),
                vec![Offer::Unknown, Offer::Refused, Offer::Accepted],
            ),
            row(
                "TLS_RSA_WITH_AES_256_GCM_SHA384",
                Some(false),
                vec![Offer::Unknown, Offer::Accepted, Offer::Refused],
            ),
        ],
        sentences: vec![
            "Two versions are accepted, with two cipher suites.".into(),
            "One of them has no forward secrecy: a server key that leaks later opens recordings."
                .into(),
        ],
    }
}

/// A recording with one readable destination.
pub(crate) fn flow_map() -> FlowMap {
    let stream = |destination: &str, protocol: &str, protection, flows, bytes| Stream {
        destination: destination.into(),
        protocol: protocol.into(),
        protection,
        flows,
        bytes,
    };
    FlowMap {
        subject: "ward.pcapng".into(),
        streams: vec![
            stream("192.0.2.7:80 (<b>ads</b>)", "http", Protection::Readable, 1, 420),
            stream("192.0.2.9:443", "not recognised", Protection::NotAssessed, 2, 90_000),
            stream("192.0.2.1:5222", "TLSv1.3 after STARTTLS", Protection::Opened, 2, 51_200),
            stream("192.0.2.1:443", "TLSv1.2", Protection::Encrypted, 3, 2_000_000),
            stream("192.0.2.53:53", "dns", Protection::Infrastructure, 9, 700),
        ],
        sentences: vec!["One destination was spoken to without encryption.".into()],
    }
}
