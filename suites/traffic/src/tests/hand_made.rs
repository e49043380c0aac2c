//! Facts made by hand, for tests.

use hallmark_model::{Policy, Sha256};
use serde_json::json;

use crate::facts::{
    Bytes, Content, Decrypted, File, Flow, Found, Handshake, Layer, LeftOut, Observed, Place,
    Planted, Side, Storage, TrafficFacts, Transport,
};

pub(super) fn policy() -> Policy {
    serde_json::from_value(json!({
        "grades": {
            "tls-version": {
                "TLSv1.3": { "grade": "recommended", "basis": "the newest" },
                "TLSv1.2": { "grade": "acceptable", "basis": "the minimum" },
                "TLSv1.1": { "grade": "legacy", "basis": "on its way out in this test" },
                "TLSv1.0": { "grade": "forbidden", "basis": "too old" },
            },
            "tls-cipher-suite": {
                "*_AES_256_GCM_SHA384": { "grade": "recommended", "basis": "strong" },
                "*_CBC_*": { "grade": "legacy", "basis": "no longer liked" },
                "*_RC4_*": { "grade": "forbidden", "basis": "broken" },
            },
        },
    }))
    .unwrap()
}

fn flow(id: u64, content: Content, protocol: Option<&str>) -> Flow {
    Flow {
        id,
        transport: Transport::Tcp,
        client: format!("192.0.2.9:{}", 50_000 + id),
        server: "192.0.2.1:443".to_owned(),
        first_seen: Observed::Known("2026-11-21T10:00:00Z".parse().unwrap()),
        packets: 12,
        bytes: Bytes { client: 900, server: 4_100 },
        content,
        protocol: protocol.map(str::to_owned),
        handshake: None,
        starttls: None,
        decrypted: Decrypted::default(),
        outside_tls: false,
        problems: Vec::new(),
    }
}

fn handshake(version: &str, suite: &str) -> Handshake {
    Handshake {
        version: Observed::Known(version.to_owned()),
        cipher_suite: Observed::Known(suite.to_owned()),
        group: Observed::Known(Some("x25519".to_owned())),
        sni: Observed::Known(Some("chat.example".to_owned())),
        alpn: Observed::Known(None),
        ja3: Observed::Known("ada70206e40642a3e4461f35503241d5".to_owned()),
        ja4: Observed::Known("t13d1516h2_8daaf6152771_e5627efa2ab1".to_owned()),
        resumed: Observed::Known(false),
        certificates: Observed::unknown("none was captured in clear or opened"),
        hello_retry_request: false,
        alerts: Vec::new(),
        completed: true,
    }
}

/// A session that was opened.
pub(super) fn tls(id: u64, version: &str, suite: &str) -> Flow {
    Flow {
        handshake: Some(handshake(version, suite)),
        decrypted: Decrypted { records: 20, failed: 0, application_bytes: 4_000 },
        ..flow(id, Content::Tls, Some("tls"))
    }
}

pub(super) fn tls13(id: u64) -> Flow {
    tls(id, "TLSv1.3", "TLS_AES_256_GCM_SHA384")
}

fn closed(mut flow: Flow) -> Flow {
    flow.decrypted = Decrypted { records: 0, failed: 20, application_bytes: 4_000 };
    flow
}

/// A session whose beginning was not recorded.
fn midstream(id: u64) -> Flow {
    let decrypted = Decrypted { records: 0, failed: 20, application_bytes: 4_000 };
    Flow { decrypted, ..flow(id, Content::Tls, Some("tls")) }
}

/// An offer that a server refused in clear.
fn refused(id: u64, content: Content, protocol: &str) -> Flow {
    let mut flow = flow(id, content, Some(protocol));
    let unknown = || Observed::unknown("no server hello was captured");
    flow.bytes = Bytes { client: 517, server: 233 };
    flow.handshake = Some(Handshake {
        version: unknown(),
        cipher_suite: unknown(),
        group: Observed::unknown("no server hello was captured"),
        completed: false,
        ..handshake("", "")
    });
    flow
}

fn plain(id: u64, protocol: &str) -> Flow {
    flow(id, Content::Readable, Some(protocol))
}

fn with(mut flow: Flow, change: impl FnOnce(&mut Handshake)) -> Flow {
    flow.handshake.as_mut().map(change);
    flow
}

fn digest(byte: u8) -> Sha256 {
    Sha256::from_bytes([byte; 32])
}

/// A recording with these flows.
pub(super) fn recording(flows: Vec<Flow>) -> TrafficFacts {
    let file =
        File { path: "app.pcap".to_owned(), sha256: digest(1), packets: 100, problems: Vec::new() };
    TrafficFacts { files: vec![file], flows, ..TrafficFacts::default() }
}

fn planted(id: &str, found: Vec<Found>) -> Planted {
    Planted { id: id.to_owned(), what: None, sha256: digest(2), found, more: 0 }
}

fn in_flow(flow: u64, side: Side, layer: Layer) -> Found {
    let place = Place::Flow { flow, side, layer };
    Found { place, encoding: "utf-8".to_owned(), offset: 812 }
}

fn in_file(path: &str) -> Found {
    let place = Place::File { storage: 0, path: path.to_owned() };
    Found { place, encoding: "base64".to_owned(), offset: 40 }
}

fn in_name(path: &str) -> Found {
    let place = Place::Name { storage: 0, path: path.to_owned() };
    Found { place, encoding: "percent".to_owned(), offset: 0 }
}

fn storage(files: u64, unreadable: u64) -> Storage {
    let problems = match unreadable {
        0 => Vec::new(),
        _ => vec!["msgs.db: not read: Permission denied".to_owned()],
    };
    Storage { path: "store".to_owned(), files, unreadable, skipped: 0, problems }
}

/// The facts with one canary, found here, and these controls.
fn hunted(mut facts: TrafficFacts, canary: Vec<Found>, controls: Vec<Vec<Found>>) -> TrafficFacts {
    facts.canaries = vec![planted("canary-1", canary)];
    let named = |(n, found)| planted(&format!("control-{n}"), found);
    facts.controls = (1..).zip(controls).map(named).collect();
    facts
}

type Cases = Vec<(&'static str, Vec<(&'static str, TrafficFacts)>)>;

/// For each check, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let opaque = || flow(4, Content::Opaque, None);
    let quic =
        || Flow { transport: Transport::Udp, ..flow(5, Content::OtherEncryption, Some("quic")) };
    let ssh = || flow(6, Content::OtherEncryption, Some("ssh"));
    let empty = || Flow { bytes: Bytes::default(), ..flow(9, Content::Empty, None) };
    let unlike = |mut facts: TrafficFacts| {
        facts.left_out = LeftOut { like_others: 7, unlike_others: 3 };
        facts
    };
    let damaged = |mut facts: TrafficFacts| {
        facts.files[0].problems = vec!["truncated at byte 8,112".to_owned()];
        facts.flows[0].problems = vec!["gap of 1448 bytes, server to client".to_owned()];
        facts
    };
    let here = || vec![in_flow(1, Side::Client, Layer::Decrypted)];
    vec![
        (
            "plaintext-flows",
            vec![
                (
                    "all encrypted",
                    recording(vec![
                        tls13(1),
                        refused(2, Content::Tls, "tls"),
                        plain(3, "dns"),
                        plain(7, "ntp"),
                        ssh(),
                        empty(),
                    ]),
                ),
                (
                    "STARTTLS",
                    recording(vec![
                        Flow { starttls: Some("xmpp".to_owned()), ..tls13(1) },
                        refused(2, Content::Readable, "xmpp"),
                    ]),
                ),
                ("a readable flow", recording(vec![tls13(1), plain(2, "http")])),
                ("many readable flows", recording((1..9).map(|id| plain(id, "xmpp")).collect())),
                (
                    "a refused offer that goes on in clear",
                    recording(vec![Flow {
                        bytes: Bytes { client: 60_000, server: 233 },
                        ..refused(2, Content::Readable, "xmpp")
                    }]),
                ),
                (
                    "a hello of TLS and then something else",
                    recording(vec![Flow {
                        bytes: Bytes { client: 60_000, server: 900 },
                        ..refused(2, Content::Tls, "tls")
                    }]),
                ),
                (
                    "a session that goes on in clear",
                    recording(vec![Flow { outside_tls: true, ..tls13(1) }]),
                ),
                (
                    "a handshake that failed",
                    recording(vec![
                        tls13(1),
                        Flow {
                            decrypted: Decrypted::default(),
                            ..with(tls13(2), |h| h.completed = false)
                        },
                    ]),
                ),
                ("an opaque flow", recording(vec![tls13(1), opaque()])),
                ("readable beside opaque", recording(vec![plain(1, "text"), opaque()])),
                ("damaged, and nothing readable in the rest", damaged(recording(vec![tls13(1)]))),
                ("too many kinds of flows", unlike(recording(vec![tls13(1)]))),
                ("no payload", recording(vec![empty()])),
                ("no packet", {
                    let mut facts = damaged(recording(vec![tls13(1)]));
                    facts.flows.clear();
                    facts.files[0].packets = 0;
                    facts
                }),
                ("nothing", TrafficFacts::default()),
            ],
        ),
        (
            "tls-version",
            vec![
                (
                    "current",
                    recording(vec![
                        tls13(1),
                        tls(2, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
                    ]),
                ),
                (
                    "one too old",
                    recording(vec![
                        tls13(1),
                        tls(2, "TLSv1.0", "TLS_RSA_WITH_RC4_128_SHA"),
                        midstream(3),
                    ]),
                ),
                (
                    "one on its way out",
                    recording(vec![tls13(1), tls(2, "TLSv1.1", "TLS_RSA_WITH_RC4_128_SHA")]),
                ),
                ("a draft", recording(vec![tls(2, "0x7f1c", "TLS_AES_256_GCM_SHA384")])),
                ("a handshake that was not recorded", recording(vec![tls13(1), midstream(3)])),
                ("refused offers alone", recording(vec![refused(1, Content::Tls, "tls")])),
                (
                    "a refused old offer beside a session",
                    recording(
                        vec![
                            tls13(1),
                            with(tls(2, "TLSv1.0", "TLS_RSA_WITH_RC4_128_SHA"), |h| {
                                h.completed = false
                            }),
                        ]
                        .into_iter()
                        .map(|mut f| {
                            if f.id == 2 {
                                f.decrypted = Decrypted::default();
                            }
                            f
                        })
                        .collect(),
                    ),
                ),
                ("QUIC beside TLS", recording(vec![tls13(1), quic()])),
                ("SSH beside TLS", recording(vec![tls13(1), ssh()])),
                ("no TLS", recording(vec![plain(1, "http")])),
                ("too many kinds of flows", unlike(recording(vec![tls13(1)]))),
                ("nothing", TrafficFacts::default()),
            ],
        ),
        (
            "cipher-suite",
            vec![
                ("strong", recording(vec![tls13(1)])),
                (
                    "broken",
                    recording(vec![
                        tls13(1),
                        tls(2, "TLSv1.2", "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
                        tls(3, "TLSv1.0", "TLS_RSA_WITH_RC4_128_MD5"),
                    ]),
                ),
                (
                    "no longer liked",
                    recording(vec![
                        tls13(1),
                        tls(2, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
                    ]),
                ),
                ("unregistered", recording(vec![tls(1, "TLSv1.2", "0xEEEE")])),
                (
                    "not seen",
                    recording(vec![with(tls13(1), |h| {
                        h.cipher_suite = Observed::unknown("the server hello was cut")
                    })]),
                ),
                ("a handshake that was not recorded", recording(vec![midstream(3)])),
                ("nothing", TrafficFacts::default()),
            ],
        ),
        (
            "forward-secrecy",
            vec![
                (
                    "ephemeral",
                    recording(vec![
                        tls13(1),
                        tls(2, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
                    ]),
                ),
                (
                    "resumed with a fresh exchange",
                    recording(vec![with(tls13(1), |h| h.resumed = Observed::Known(true))]),
                ),
                (
                    "a pre-shared key alone",
                    recording(vec![with(tls13(1), |h| {
                        h.resumed = Observed::Known(true);
                        h.group = Observed::Known(None);
                    })]),
                ),
                (
                    "static RSA",
                    recording(vec![tls13(1), tls(2, "TLSv1.2", "TLS_RSA_WITH_AES_256_GCM_SHA384")]),
                ),
                ("SSLv2", recording(vec![tls(2, "SSLv2", "0x0080")])),
                ("unregistered", recording(vec![tls(2, "TLSv1.2", "0xEEEE")])),
                (
                    "TLS 1.3 of which too little was seen",
                    recording(vec![with(tls13(1), |h| {
                        h.resumed = Observed::unknown("cut");
                        h.group = Observed::unknown("cut");
                    })]),
                ),
                ("a handshake that was not recorded", recording(vec![tls13(1), midstream(3)])),
                ("nothing", TrafficFacts::default()),
            ],
        ),
        (
            "canaries-in-transit",
            vec![
                (
                    "not found, control found",
                    hunted(recording(vec![tls13(1)]), vec![], vec![here()]),
                ),
                (
                    "one of two controls found",
                    hunted(recording(vec![tls13(1)]), vec![], vec![vec![], here()]),
                ),
                (
                    "found under TLS",
                    hunted(
                        recording(vec![tls13(1)]),
                        vec![
                            in_flow(1, Side::Client, Layer::Decrypted),
                            in_flow(1, Side::Server, Layer::Decrypted),
                            in_flow(1, Side::Server, Layer::Decrypted),
                        ],
                        vec![here()],
                    ),
                ),
                (
                    "found on the wire",
                    hunted(
                        recording(vec![plain(1, "http")]),
                        vec![in_flow(1, Side::Client, Layer::Raw)],
                        vec![],
                    ),
                ),
                (
                    "found in many places",
                    hunted(
                        recording(vec![tls13(1)]),
                        (1..30).map(|flow| in_flow(flow, Side::Client, Layer::Decrypted)).collect(),
                        vec![],
                    ),
                ),
                ("no control", hunted(recording(vec![tls13(1)]), vec![], vec![])),
                ("control not found", hunted(recording(vec![tls13(1)]), vec![], vec![vec![]])),
                (
                    "control in storage only",
                    hunted(recording(vec![tls13(1)]), vec![], vec![vec![in_file("a")]]),
                ),
                (
                    "a closed session",
                    hunted(recording(vec![tls13(1), closed(tls13(2))]), vec![], vec![here()]),
                ),
                (
                    "a session opened in part",
                    hunted(
                        recording(vec![Flow {
                            decrypted: Decrypted {
                                records: 20,
                                failed: 2,
                                application_bytes: 4_000,
                            },
                            ..tls13(1)
                        }]),
                        vec![],
                        vec![here()],
                    ),
                ),
                ("a flow of QUIC", hunted(recording(vec![tls13(1), quic()]), vec![], vec![here()])),
                (
                    "an opaque flow",
                    hunted(recording(vec![tls13(1), opaque()]), vec![], vec![here()]),
                ),
                (
                    "damaged, and nothing found in the rest",
                    damaged(hunted(recording(vec![tls13(1)]), vec![], vec![here()])),
                ),
                (
                    "too many kinds of flows",
                    unlike(hunted(recording(vec![tls13(1)]), vec![], vec![here()])),
                ),
                ("nothing captured", hunted(TrafficFacts::default(), vec![], vec![here()])),
                ("nothing to look for", recording(vec![tls13(1)])),
            ],
        ),
        (
            "canaries-at-rest",
            vec![
                ("not found, control found", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![vec![in_file("a")]]);
                    facts.storage = vec![Storage { skipped: 2, ..storage(17, 0) }];
                    facts
                }),
                ("found in files", {
                    let mut facts = hunted(
                        recording(vec![]),
                        vec![
                            in_file("archive/bob.list"),
                            in_file("archive/bob.list"),
                            in_name("bed%207"),
                        ],
                        vec![],
                    );
                    facts.storage = vec![storage(17, 0)];
                    facts
                }),
                ("no control", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![]);
                    facts.storage = vec![storage(17, 0)];
                    facts
                }),
                ("control on the line only", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![here()]);
                    facts.storage = vec![storage(17, 0)];
                    facts
                }),
                ("a file that cannot be read", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![vec![in_file("a")]]);
                    facts.storage = vec![storage(17, 1)];
                    facts
                }),
                ("a control in one of two storages", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![vec![in_file("a")]]);
                    facts.storage =
                        vec![storage(17, 0), Storage { path: "phone".to_owned(), ..storage(4, 0) }];
                    facts
                }),
                ("an empty folder", {
                    let mut facts = hunted(recording(vec![]), vec![], vec![vec![]]);
                    facts.storage = vec![storage(0, 0)];
                    facts
                }),
                ("no storage", hunted(recording(vec![]), vec![], vec![here()])),
                ("nothing to look for", {
                    let mut facts = recording(vec![]);
                    facts.storage = vec![storage(17, 0)];
                    facts
                }),
            ],
        ),
    ]
}

/// What a figure is drawn from: every kind of protection, and two destinations.
pub(super) fn varied() -> TrafficFacts {
    let other = |mut flow: Flow| {
        flow.server = "[2001:db8::1]:5222".to_owned();
        flow
    };
    recording(vec![
        tls13(1),
        tls13(2),
        closed(tls13(3)),
        other(Flow { starttls: Some("xmpp".to_owned()), ..tls13(4) }),
        other(plain(5, "xmpp")),
        plain(6, "dns"),
        flow(7, Content::Opaque, None),
        midstream(8),
        refused(10, Content::Tls, "tls"),
        flow(11, Content::Empty, None),
    ])
}
