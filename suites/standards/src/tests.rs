//! The embedded standards as they stand, and every way in which a document can be wrong.

use std::collections::BTreeSet;

use hallmark_model::{Gate, Grade, Level, RequirementId};
use hallmark_tls::ssl2::Ssl2CipherKind;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn nhs_im() -> Standard {
    load("nhs-im").unwrap().standard
}

/// The serialised word of a model value: `block`, `second-hand` …
fn word(value: impl serde::Serialize) -> String {
    toml::Value::try_from(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_embedded_standard_loads_under_its_own_id() {
    for id in ids() {
        assert_eq!(load(id).map(|loaded| loaded.standard.document.id).as_deref(), Ok(id));
    }
}

#[test]
fn the_rows_are_these() {
    let rows: Vec<_> = nhs_im()
        .requirements
        .iter()
        .map(|row| {
            let checks: Vec<_> = row.checks.iter().map(ToString::to_string).collect();
            let evidence: Vec<_> = row.evidence.iter().map(word).collect();
            let decided = if checks.is_empty() { &evidence } else { &checks };
            let (level, gate, read) = (word(row.level), word(row.gate), word(row.provenance));
            format!("{:<20} {level:<10} {gate:<6} {read:<11} {}", row.id, decided.join(", "))
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn every_check_decides_a_row_that_blocks() {
    let standard = nhs_im();
    let checks: BTreeSet<_> = standard.requirements.iter().flat_map(|row| &row.checks).collect();
    let idle: Vec<_> = checks
        .into_iter()
        .filter(|check| !standard.decided_by(check).any(|row| row.blocks()))
        .map(ToString::to_string)
        .collect();
    // The literal reading is printed for tenders that insist on it; the equivalence decides. Attacks on
    // live apps run only where they are allowed. The others are graded, or measured only.
    let reported = [
        "messaging/aes-256-literal",
        "messaging/app-added-member",
        "messaging/app-conversation",
        "messaging/app-device-keys",
        "messaging/app-ghost-device",
        "messaging/app-inventory",
        "messaging/app-marker",
        "messaging/app-plaintext",
        "messaging/app-prekeys",
        "messaging/app-replay",
        "messaging/app-sender",
        "messaging/conversation-heals",
        "messaging/decrypt-timing",
        "messaging/error-oracle",
        "messaging/group-clone",
        "messaging/group-epochs",
        "messaging/group-fork",
        "messaging/group-healing",
        "messaging/group-new-member",
        "messaging/group-rotation",
        "messaging/group-state",
        "messaging/group-window",
        "messaging/key-commitment",
        "messaging/memory-residue",
        "messaging/prekey-depletion",
        "messaging/sender-rollback",
        "messaging/signature-encoding",
        "messaging/state-residue",
        "messaging/transcript-order",
    ];
    assert_eq!(idle, reported);
}

#[test]
fn every_source_is_cited_by_its_own_document() {
    for (id, text) in EMBEDDED {
        let file: file::File = hallmark_model::document::parse(id, text).unwrap();
        let cited: BTreeSet<_> = file.requirement.iter().map(file::Row::cites).collect();
        let sources: BTreeSet<_> = file.source.keys().map(String::as_str).collect();
        assert_eq!(cited, sources, "{id}");
    }
}

#[test]
fn the_policy_is_this() {
    let policy = nhs_im().policy;
    let mut lines = Vec::new();
    for (table, rows) in &policy.grades {
        lines.extend(rows.iter().map(|(name, row)| format!("{table} {name}: {}", word(row.grade))));
    }
    for (name, limit) in &policy.limits {
        let warn = limit.warn.map(|warn| format!(", warn to {warn}")).unwrap_or_default();
        lines.push(format!("{name}: {}{warn} {}", limit.max, limit.unit));
    }
    for (name, floor) in &policy.floors {
        let warn = floor.warn.map(|warn| format!(", warn from {warn}")).unwrap_or_default();
        lines.push(format!("{name}: at least {}{warn} {}", floor.min, floor.unit));
    }
    for (family, protocol) in &policy.protocols {
        lines.push(format!("{family}: {}", protocol.title));
        for (check, says) in &protocol.says {
            lines.push(format!("  {check} ({:?}): {}", says.matter, says.source));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn aes_256_is_judged_to_the_letter_and_by_equivalence() {
    let policy = nhs_im().policy;
    let grade = |reading: &str, cipher: &str| {
        let table = format!("message-cipher-{reading}");
        policy.grade(&table, cipher, date(2027, 1, 1)).map(|(grade, _)| grade)
    };
    for (cipher, literal, equivalent) in [
        ("AES-256-CBC", Grade::Recommended, Grade::Recommended),
        ("ChaCha20-Poly1305", Grade::Forbidden, Grade::Acceptable),
        ("AES-128-GCM", Grade::Forbidden, Grade::Forbidden),
        ("AES-256-ECB", Grade::Legacy, Grade::Forbidden),
    ] {
        assert_eq!(grade("literal", cipher), Some(literal), "{cipher}");
        assert_eq!(grade("equivalent", cipher), Some(equivalent), "{cipher}");
    }
    let graded = |reading: &str| -> BTreeSet<_> {
        policy.grades[&format!("message-cipher-{reading}")].keys().collect()
    };
    assert_eq!(graded("literal"), graded("equivalent"), "both readings grade the same ciphers");
}

/// The tables of TLS grade whatever a server can be found to accept: a registered name without a
/// row would make a check inconclusive.
#[test]
fn every_registered_name_of_tls_is_graded() {
    use hallmark_tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

    let policy = nhs_im().policy;
    let names: [(&str, Vec<String>); 4] = [
        ("tls-version", ProtocolVersion::ALL.iter().map(ToString::to_string).collect()),
        (
            "tls-cipher-suite",
            CipherSuite::all()
                .chain(CipherSuite::unregistered())
                .map(|suite| suite.name().into_owned())
                .chain(Ssl2CipherKind::all().map(Ssl2CipherKind::name))
                .collect(),
        ),
        ("tls-group", NamedGroup::all().map(|group| group.name().into_owned()).collect()),
        (
            "tls-signature-scheme",
            SignatureScheme::all().map(|scheme| scheme.name().into_owned()).collect(),
        ),
    ];
    let mut lines = Vec::new();
    for (table, names) in names {
        for name in names {
            let grade = policy.grade(table, &name, date(2026, 11, 21));
            let grade = grade.map_or_else(|| "NOT GRADED".to_owned(), |(grade, _)| word(grade));
            lines.push(format!("{table} {name}: {grade}"));
        }
    }
    let missing: Vec<_> = lines.iter().filter(|line| line.ends_with("NOT GRADED")).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    insta::assert_snapshot!(lines.join("\n"));
}

/// A small standard of a user's own.
const OWN: &str = r#"inherits = ["house-rules"]

[document]
id = "example-trust"
version = "1"
title = "Example Trust messaging policy"
publisher = "Example Trust"
date = "2026-11-21"
status = "in force"
note = "Local."

[source.EXAMPLE]
document = "Messaging policy"
published = "Example Trust, 2026"

[[requirement]]
id = "EXAMPLE/1"
title = "Replay is refused"
level = "must"
gate = "block"
provenance = "read"
clause.reference = "section 1"
clause.paraphrase = "Replayed messages are refused."
evidence = ["active-test"]
checks = ["messaging/replay"]
why = "Local reason."
remedy = "Local remedy."

[[requirement]]
id = "HX/PCS-1"
title = "Only reported here"
level = "house-rule"
gate = "report"
provenance = "house-rule"
clause.reference = "as in the house rules"
clause.paraphrase = "As in the house rules."
evidence = ["active-test"]
checks = ["messaging/ratchet-heals"]
why = "Local reason."
remedy = "Local remedy."

[policy.limits.undelivered-chains]
max = 20
unit = "receiving chains"
basis = "section 2"
"#;

#[test]
fn a_users_own_standard_inherits_and_replaces() {
    let own = load_file("own.toml", OWN).unwrap();
    let house = load("house-rules").unwrap();
    let rows = &own.standard.requirements;
    assert_eq!(rows.len(), house.standard.requirements.len() + 1);
    let first: Vec<_> = rows.iter().take(2).map(|row| row.id.as_str()).collect();
    assert_eq!(first, ["EXAMPLE/1", "HX/PCS-1"], "what it says itself stands first");
    let id: RequirementId = "HX/PCS-1".parse().unwrap();
    let replaced = own.standard.requirement(&id).unwrap();
    assert_eq!((replaced.gate, replaced.level), (Gate::Report, Level::HouseRule));
    assert_eq!(replaced.clause.document, "Hallmark house rules for message secrecy");
    let limit = |name| own.standard.policy.limit(name).map(|limit| limit.max);
    assert_eq!((limit("undelivered-chains"), limit("ratchet-heals-after")), (Some(20), Some(2)));
}

#[test]
fn the_digest_covers_what_is_inherited() {
    let alone = OWN.replace("inherits = [\"house-rules\"]\n", "inherits = []\n").replace(
        "[source.EXAMPLE]",
        "[source.HX]\ndocument = \"x\"\npublished = \"x\"\n\n[source.EXAMPLE]",
    );
    let mut lengthened = OWN.to_owned();
    lengthened.push('\n');
    let digests: BTreeSet<_> = [OWN, &alone, &lengthened]
        .iter()
        .map(|text| load_file("own.toml", text).unwrap().digest)
        .chain(ids().iter().map(|id| load(id).unwrap().digest))
        .collect();
    assert_eq!(digests.len(), 5);
    // Over `inherits` of nothing: the length of the one document and its bytes.
    let mut bytes = (alone.len() as u64).to_be_bytes().to_vec();
    bytes.extend(alone.as_bytes());
    let expected = ring::digest::digest(&ring::digest::SHA256, &bytes);
    assert_eq!(load_file("own.toml", &alone).unwrap().digest.as_bytes(), expected.as_ref());
}

#[test]
fn errors_point_at_the_place() {
    let swap = |from: &str, to: &str| {
        assert!(OWN.contains(from), "{from}");
        OWN.replacen(from, to, 1)
    };
    let cases = [
        ("unknown key", swap("title = \"Replay", "tilte = \"Replay")),
        ("unknown parent", swap("house-rules\"]", "house-rule\"]")),
        ("its own parent", swap("[\"house-rules\"]", "[\"example-trust\"]")),
        ("the id of an embedded standard", swap("example-trust", "nhs-im")),
        ("an id that is no word", swap("example-trust", "Example Trust")),
        ("no date", swap("2026-11-21", "21 November")),
        ("the same id twice", swap("id = \"HX/PCS-1\"", "id = \"EXAMPLE/1\"")),
        ("a document without a source", swap("id = \"EXAMPLE/1\"", "id = \"EXMAPLE/1\"")),
        ("a blank passage", swap("\"section 1\"", "\" \"")),
        ("a check of unknown form", swap("messaging/replay", "replay")),
        ("the same check twice", swap("checks = [", "checks = [\"messaging/replay\", ")),
        ("the same evidence twice", swap("evidence = [", "evidence = [\"active-test\", ")),
        ("nothing can decide it", swap("checks = [\"messaging/replay\"]\n", "")),
        ("checks without a test", swap("active-test", "vendor-declaration")),
        ("a house rule that says must", swap("level = \"house-rule\"", "level = \"must\"")),
        ("a house rule that was read", swap("nance = \"house-rule\"", "nance = \"read\"")),
        ("a clause that is a house rule", swap("level = \"must\"", "level = \"house-rule\"")),
        ("a clause read in no way", swap("nance = \"read\"", "nance = \"house-rule\"")),
        ("an unknown level", swap("level = \"must\"", "level = \"shall\"")),
        ("a limit upside down", swap("max = 20", "max = 20\nwarn = 3")),
        (
            "a floor upside down",
            swap(
                "[policy.limits",
                "[policy.floors.rsa-bits]\nmin = 2048\nwarn = 3072\nunit = \"bits\"\nbasis = \"section 3\"\n\n[policy.limits",
            ),
        ),
        ("not TOML", swap("[document]", "[document")),
    ];
    let shown: Vec<_> = cases
        .iter()
        .map(|(what, text)| format!("# {what}\n{}", load_file("own.toml", text).unwrap_err()))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let shown: Vec<_> =
        ["nsh-im", "house_rules", "iso-27001"].map(|id| load(id).unwrap_err().to_string()).into();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn inheritance_in_a_circle_is_an_error_and_a_shared_ancestor_is_not() {
    let document = |id: &str, parents: &str| {
        format!(
            "inherits = [{parents}]\n[document]\nid = \"{id}\"\nversion = \"1\"\ntitle = \"t\"\n\
             publisher = \"p\"\ndate = \"2026-11-21\"\nstatus = \"s\"\nnote = \"n\"\n"
        )
    };
    let (a, b) = (document("a", "\"b\""), document("b", "\"a\""));
    let error = inherit::load(&[("a", &a), ("b", &b)], "a.toml", &a).unwrap_err();
    insta::assert_snapshot!(error);

    let (root, left, right) = (document("r", ""), document("b", "\"r\""), document("c", "\"r\""));
    let top = document("d", "\"b\", \"c\"");
    let library = [("r", &root[..]), ("b", &left), ("c", &right)];
    assert_eq!(inherit::load(&library, "d.toml", &top).unwrap().standard.document.id, "d");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "\\PC*",
        at in 0..OWN.len(),
        junk in "[\\[\\]=\"#a-z/\\n\u{e9}]{0,6}",
        cut in 0..OWN.len(),
    ) {
        let _ = load_file("x", &text).map_err(|error| error.to_string());
        let mut broken = OWN.to_owned();
        broken.insert_str(at, &junk);
        let _ = load_file("x", &broken).map_err(|error| error.to_string());
        let _ = load_file("x", &OWN[..cut]).map_err(|error| error.to_string());
        let _ = load(&text).map_err(|error| error.to_string());
    }
}
