//! Facts made by hand, for tests.

use hallmark_model::{EvidenceRef, Policy, Sha256};
use hallmark_tls::ProtocolVersion::{self, Ssl2, Ssl3, Tls10, Tls11, Tls12, Tls13};
use serde_json::json;

use crate::facts::{
    Anchored, Area, Certificate, DhParameters, Kept, Key, Names, ServerFacts, Told, Trust, Unknown,
};

pub(super) fn evidence(number: u8) -> EvidenceRef {
    EvidenceRef { sha256: Sha256::from_bytes([number; 32]), bytes: 100, label: "bytes".to_owned() }
}

/// A modern server: nothing to complain of.
pub(super) fn modern() -> ServerFacts {
    let told = |version| (version, Told::Known(matches!(version, Tls12 | Tls13)));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let kept = |area, shows: &str, number| Kept {
        area,
        shows: shows.to_owned(),
        evidence: evidence(number),
    };
    ServerFacts {
        endpoint: "chat.example:443".to_owned(),
        server_name: "chat.example".to_owned(),
        starttls: None,
        connections: 40,
        versions: ProtocolVersion::ALL.into_iter().map(told).collect(),
        cipher_suites: [
            (
                Tls12,
                names(&[
                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
                ]),
            ),
            (Tls13, names(&["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])),
        ]
        .into(),
        server_preference: [(Tls12, Told::Known(true)), (Tls13, Told::Known(true))].into(),
        groups: [
            (Tls12, names(&["x25519", "secp256r1"])),
            (Tls13, names(&["X25519MLKEM768", "x25519", "secp256r1"])),
        ]
        .into(),
        dh_parameters: vec![],
        signature_schemes: [
            (Tls12, names(&["rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"])),
            (Tls13, names(&["rsa_pss_rsae_sha256"])),
        ]
        .into(),
        certificates: vec![leaf(), intermediate()],
        trust: None,
        unknown: vec![],
        evidence: vec![
            kept(Area::Versions, "TLSv1.2", 1),
            kept(Area::CipherSuites, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 2),
            kept(Area::Certificates, "CN=chat.example", 3),
        ],
    }
}

pub(super) fn leaf() -> Certificate {
    Certificate {
        chain: 1,
        position: 0,
        der: evidence(3),
        subject: "CN=chat.example".to_owned(),
        issuer: "CN=Example Issuing CA".to_owned(),
        names: Names {
            dns: vec!["chat.example".to_owned(), "*.chat.example".to_owned()],
            ip: vec![[192, 0, 2, 1].into()],
        },
        key: Key { algorithm: "RSA".to_owned(), bits: Some(2048), curve: None },
        signature_algorithm: "sha256WithRSAEncryption".to_owned(),
        not_before: "2026-10-01T00:00:00Z".parse().unwrap(),
        not_after: "2026-12-30T23:59:59Z".parse().unwrap(),
        serial: "01".to_owned(),
        is_ca: false,
        self_signed: false,
        issued_by_next: Some(Told::Known(true)),
    }
}

pub(super) fn intermediate() -> Certificate {
    Certificate {
        position: 1,
        der: evidence(4),
        subject: "CN=Example Issuing CA".to_owned(),
        issuer: "CN=Example Root".to_owned(),
        names: Names::default(),
        key: Key {
            algorithm: "EC".to_owned(),
            bits: Some(384),
            curve: Some("secp384r1".to_owned()),
        },
        signature_algorithm: "ecdsa-with-SHA384".to_owned(),
        not_before: "2020-01-01T00:00:00Z".parse().unwrap(),
        not_after: "2030-01-01T00:00:00Z".parse().unwrap(),
        is_ca: true,
        issued_by_next: None,
        ..leaf()
    }
}

fn root() -> Certificate {
    Certificate {
        position: 2,
        der: evidence(5),
        subject: "CN=Example Root".to_owned(),
        signature_algorithm: "sha1WithRSAEncryption".to_owned(),
        self_signed: true,
        ..intermediate()
    }
}

/// A small policy in the shape of the real one.
pub(super) fn policy() -> Policy {
    let row = |grade: &str, basis: &str| json!({ "grade": grade, "basis": basis });
    let floor = |min: u64| json!({ "min": min, "unit": "bits", "basis": "the clause on sizes" });
    serde_json::from_value(json!({
        "grades": {
            "tls-version": {
                "SSLv2": row("forbidden", "broken"),
                "SSLv3": row("forbidden", "broken"),
                "TLSv1.0": row("forbidden", "the clause on versions"),
                "TLSv1.1": row("forbidden", "the clause on versions"),
                "TLSv1.2": row("acceptable", "the minimum"),
                "TLSv1.3": row("recommended", "the ideal"),
            },
            "tls-cipher-suite": {
                "TLS_AES_256_GCM_SHA384": row("recommended", "first choice"),
                "*_GCM_*": row("acceptable", "a good cipher"),
                "*_CHACHA20_POLY1305_*": row("acceptable", "an approved cipher"),
                "*_CBC_*": row("legacy", "only with encrypt-then-MAC"),
                "*_NULL_*": row("forbidden", "does not encrypt"),
                "*_anon_*": row("forbidden", "proves nothing"),
                "SSL_CK_*": row("forbidden", "SSLv2"),
            },
            "tls-group": {
                "X25519MLKEM768": row("recommended", "hybrid"),
                "x25519": row("recommended", "first choice"),
                "secp256r1": row("recommended", "first choice"),
                "secp224r1": row("forbidden", "below 256 bits"),
                "ffdhe*": row("legacy", "discouraged"),
                "dhe": row("legacy", "discouraged"),
            },
            "tls-signature-scheme": {
                "*sha256": row("recommended", "SHA-256"),
                "*sha384": row("recommended", "SHA-384"),
                "*sha512": row("recommended", "SHA-512"),
                "*sha224*": row("legacy", "SHA-224"),
                "*sha1": row("forbidden", "SHA-1"),
            },
            "certificate-signature": {
                "sha256*": row("recommended", "SHA-256"),
                "*SHA384": row("recommended", "SHA-384"),
                "sha1*": row("forbidden", "SHA-1"),
            },
        },
        "floors": { "rsa-bits": floor(2048), "ec-bits": floor(256), "dh-bits": floor(2048) },
    }))
    .unwrap()
}

type Cases = Vec<(&'static str, Vec<(&'static str, ServerFacts)>)>;

/// The modern server, changed.
fn with(change: impl FnOnce(&mut ServerFacts)) -> ServerFacts {
    let mut facts = modern();
    change(&mut facts);
    facts
}

fn accepts(version: ProtocolVersion, suites: &[&str]) -> ServerFacts {
    with(|facts| {
        facts.versions.insert(version, Told::Known(true));
        let suites = suites.iter().map(|suite| (*suite).to_owned());
        facts.cipher_suites.entry(version).or_default().extend(suites);
    })
}

fn unknown(area: Area, what: &str) -> ServerFacts {
    with(|facts| {
        facts.unknown.push(Unknown {
            area,
            what: what.to_owned(),
            reason: "no answer in time, asked twice".to_owned(),
        })
    })
}

fn chain(certificates: Vec<Certificate>) -> ServerFacts {
    with(|facts| facts.certificates = certificates)
}

fn changed_leaf(change: impl FnOnce(&mut Certificate)) -> ServerFacts {
    let mut leaf = leaf();
    change(&mut leaf);
    chain(vec![leaf, intermediate()])
}

/// A server that is there, and answered no hello.
pub(super) fn silent() -> ServerFacts {
    let told = |version| (version, Told::unknown("not TLS: SSH-2.0-example"));
    ServerFacts {
        versions: ProtocolVersion::ALL.into_iter().map(told).collect(),
        cipher_suites: [].into(),
        server_preference: [].into(),
        groups: [].into(),
        signature_schemes: [].into(),
        certificates: vec![],
        evidence: vec![],
        ..modern()
    }
}

/// A server whose chain was held against a root.
fn trusted(told: Told, reason: Option<&str>) -> ServerFacts {
    let anchored = Anchored { told, reason: reason.map(str::to_owned) };
    with(|facts| {
        facts.trust = Some(Trust {
            roots: evidence(9),
            subjects: vec!["CN=Root".to_owned()],
            chains: vec![anchored],
        });
    })
}

/// For each check, the outcomes that it tells apart.
pub(super) fn cases() -> Cases {
    let group = |version, name: &str| {
        with(|facts| facts.groups.entry(version).or_default().push(name.to_owned()))
    };
    let field = |prime_bits, known: Option<&str>| {
        with(|facts| {
            facts.dh_parameters.push(DhParameters {
                versions: vec![Tls10, Tls12],
                prime_bits,
                known: known.map(str::to_owned),
            })
        })
    };
    let scheme = |name: &str| {
        with(|facts| facts.signature_schemes.entry(Tls12).or_default().push(name.to_owned()))
    };
    let named = |name: &str| with(|facts| facts.server_name = name.to_owned());
    let key = |algorithm: &str, bits, curve: Option<&str>| {
        changed_leaf(|leaf| {
            leaf.key =
                Key { algorithm: algorithm.to_owned(), bits, curve: curve.map(str::to_owned) }
        })
    };
    let until = |not_after: &str| changed_leaf(|leaf| leaf.not_after = not_after.parse().unwrap());
    let follows = |told| changed_leaf(|leaf| leaf.issued_by_next = Some(told));
    let alone = |change: fn(&mut Certificate)| {
        let mut leaf = Certificate { issued_by_next: None, ..leaf() };
        change(&mut leaf);
        chain(vec![leaf])
    };
    let moved =
        |certificate: Certificate, chain, position| Certificate { chain, position, ..certificate };
    vec![
        (
            "tls-version",
            vec![
                ("modern", modern()),
                ("TLS 1.0 as well", accepts(Tls10, &[])),
                (
                    "no TLS 1.3",
                    with(|facts| {
                        facts.versions.insert(Tls13, Told::Known(false));
                    }),
                ),
                (
                    "an old version unknown",
                    with(|facts| {
                        facts
                            .versions
                            .insert(Ssl3, Told::unknown("no answer in time, asked twice"));
                    }),
                ),
                (
                    "an old version unknown, another accepted",
                    with(|facts| {
                        facts
                            .versions
                            .insert(Ssl3, Told::unknown("no answer in time, asked twice"));
                        facts.versions.insert(Tls11, Told::Known(true));
                    }),
                ),
                ("no TLS", silent()),
            ],
        ),
        (
            "cipher-suites",
            vec![
                ("modern", modern()),
                ("NULL", accepts(Tls12, &["TLS_ECDHE_RSA_WITH_NULL_SHA"])),
                ("anonymous", accepts(Tls12, &["TLS_DH_anon_WITH_AES_128_GCM_SHA256"])),
                ("SSLv2", accepts(Ssl2, &["SSL_CK_RC4_128_WITH_MD5"])),
                ("CBC", accepts(Tls12, &["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"])),
                (
                    "static RSA with a good cipher",
                    accepts(Tls12, &["TLS_RSA_WITH_AES_256_GCM_SHA384"]),
                ),
                ("a suite nobody graded", accepts(Tls13, &["TLS_AEGIS_256_SHA512"])),
                ("some unknown", unknown(Area::CipherSuites, "TLSv1.2, 64 further cipher suites")),
                ("none established", with(|facts| facts.cipher_suites.clear())),
            ],
        ),
        (
            "forward-secrecy",
            vec![
                ("modern", modern()),
                ("static RSA", accepts(Tls12, &["TLS_RSA_WITH_AES_256_GCM_SHA384"])),
                ("static ECDH", accepts(Tls12, &["TLS_ECDH_RSA_WITH_AES_256_GCM_SHA384"])),
                ("SSLv2", accepts(Ssl2, &["SSL_CK_RC4_128_WITH_MD5"])),
                ("a suite without a name", accepts(Tls12, &["0xABCD"])),
                ("some unknown", unknown(Area::CipherSuites, "TLSv1.2, 64 further cipher suites")),
            ],
        ),
        (
            "groups",
            vec![
                ("modern", modern()),
                ("a small curve", group(Tls12, "secp224r1")),
                ("a registered field", group(Tls12, "ffdhe2048")),
                ("a small field that everybody knows", field(1024, Some("RFC 2409, group 2"))),
                ("a field of its own", field(2048, None)),
                ("a curve nobody graded", group(Tls13, "curveSM2")),
                ("no group", with(|facts| facts.groups.clear())),
                ("some unknown", unknown(Area::Groups, "TLSv1.3, 60 further groups")),
            ],
        ),
        (
            "signature-schemes",
            vec![
                ("modern", modern()),
                ("SHA-1", scheme("rsa_pkcs1_sha1")),
                ("a scheme nobody graded", scheme("0xABCD")),
                ("nothing to be chosen", with(|facts| facts.signature_schemes.clear())),
                ("some unknown", unknown(Area::SignatureSchemes, "TLSv1.3, all schemes")),
            ],
        ),
        (
            "certificate-key",
            vec![
                ("modern", modern()),
                ("RSA 1024", key("RSA", Some(1024), None)),
                ("P-224", key("EC", Some(224), Some("secp224r1"))),
                ("Ed25519", key("Ed25519", Some(256), None)),
                ("of unknown kind", key("1.2.3", None, None)),
                ("none", chain(vec![])),
                ("one not read", unknown(Area::Certificates, "certificate 1 of chain 2")),
            ],
        ),
        (
            "certificate-signature",
            vec![
                ("modern", modern()),
                (
                    "SHA-1",
                    changed_leaf(|leaf| {
                        leaf.signature_algorithm = "sha1WithRSAEncryption".to_owned();
                    }),
                ),
                ("a root with SHA-1", chain(vec![leaf(), intermediate(), root()])),
                (
                    "of unknown kind",
                    changed_leaf(|leaf| {
                        leaf.signature_algorithm = "1.2.3".to_owned();
                    }),
                ),
            ],
        ),
        (
            "certificate-dates",
            vec![
                ("modern", modern()),
                ("expired yesterday", until("2026-11-20T23:59:59Z")),
                ("expires today", until("2026-11-21T00:00:00Z")),
                (
                    "not yet valid",
                    changed_leaf(|leaf| {
                        leaf.not_before = "2026-11-22T00:00:00Z".parse().unwrap();
                    }),
                ),
            ],
        ),
        (
            "certificate-name",
            vec![
                ("modern", modern()),
                ("in capitals, with a dot", named("CHAT.example.")),
                ("by wildcard", named("one.chat.example")),
                ("two labels for a wildcard", named("two.one.chat.example")),
                ("another name", named("mail.example")),
                ("its address", named("192.0.2.1")),
                ("another address", named("192.0.2.2")),
                ("no name at all", changed_leaf(|leaf| leaf.names = Names::default())),
                (
                    "two chains, one for another name",
                    with(|facts| {
                        let mut other = moved(leaf(), 2, 0);
                        other.names = Names { dns: vec!["mail.example".to_owned()], ip: vec![] };
                        other.issued_by_next = None;
                        facts.certificates.push(other);
                    }),
                ),
            ],
        ),
        (
            "certificate-chain",
            vec![
                ("modern", modern()),
                ("with its root", {
                    let intermediate =
                        Certificate { issued_by_next: Some(Told::Known(true)), ..intermediate() };
                    chain(vec![leaf(), intermediate, root()])
                }),
                (
                    "out of order",
                    changed_leaf(|leaf| {
                        leaf.issuer = "CN=Another CA".to_owned();
                        leaf.issued_by_next = Some(Told::Known(false));
                    }),
                ),
                ("issued by a namesake", follows(Told::Known(false))),
                (
                    "a signature that nobody can verify",
                    follows(Told::unknown("its signature cannot be verified by OpenSSL")),
                ),
                ("alone", alone(|_| {})),
                ("self-signed", alone(|leaf| leaf.self_signed = true)),
                ("to a root that was named", trusted(Told::Known(true), None)),
                (
                    "to no root that was named",
                    trusted(Told::Known(false), Some("unable to get local issuer certificate")),
                ),
                (
                    "to roots that cannot be compared",
                    trusted(Told::unknown("the chain cannot be read"), None),
                ),
                ("a gap", chain(vec![leaf(), moved(intermediate(), 1, 2)])),
                (
                    "two chains, the second out of order",
                    with(|facts| {
                        let second = Certificate {
                            issued_by_next: Some(Told::Known(false)),
                            ..moved(leaf(), 2, 0)
                        };
                        facts.certificates.extend([second, moved(intermediate(), 2, 1)]);
                    }),
                ),
            ],
        ),
    ]
}
