//! Recordings of real messengers, where they are there: `HALLMARK_CAPTURES`.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use hallmark_model::{CheckId, Event, Sha256, Verdict, selection::Depth};
use hallmark_runner::{Forget, Job, Material, Materials, ProbeError, Prober, Seed, Suite};
use jiff::civil::date;

use super::{all_checks, policy};
use crate::{
    Recorded, Traffic,
    facts::{Content, Layer, Observed, Place, TrafficFacts},
};

/// The folder of recorded messengers, or a word to the reader why a test says nothing.
#[expect(clippy::print_stdout, reason = "a test that could not run says so")]
fn messaging(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HALLMARK_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let folder = folder.join("messaging");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("not run: {test} needs the captures in {}", folder.display());
    None
}

/// A prober for the recording of this name, with its store where there is one.
fn recorded(folder: &Path, name: &str, canaries: &[&str], controls: &[&str]) -> Recorded {
    let store = folder.join(format!("{name}.server-store"));
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let recorded = Recorded::new(
        vec![folder.join(format!("{name}.pcap"))],
        vec![folder.join(format!("{name}.keylog"))],
        owned(canaries),
        owned(controls),
        store.is_dir().then_some(store).into_iter().collect(),
        format!("traffic {name}.pcap"),
    );
    assert_eq!(recorded.check(), Ok(()));
    recorded
}

/// What is kept of a run: facts and events.
fn probe(
    recorded: &Recorded,
    left: Vec<Material>,
) -> Result<(TrafficFacts, Vec<Event>), ProbeError> {
    probe_for(recorded, left, &all_checks())
}

fn probe_for(
    recorded: &Recorded,
    left: Vec<Material>,
    checks: &[CheckId],
) -> Result<(TrafficFacts, Vec<Event>), ProbeError> {
    let digest = |bytes: &[u8]| {
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
        Sha256::from_bytes(digest)
    };
    let (events, recorder, materials) =
        (RefCell::new(Vec::new()), Forget(digest), Materials::default());
    left.into_iter().for_each(|material| materials.leave(material));
    let facts = {
        let tell = |event| events.borrow_mut().push(event);
        let job = Job {
            checks,
            depth: Depth::Full,
            seed: Seed(1),
            tell: &tell,
            recorder: &recorder,
            materials: &materials,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(recorded.probe(&job))?
    };
    Ok((serde_json::from_value(facts).unwrap(), events.into_inner()))
}

/// Verdicts by check, on the composite that this test carries.
fn verdicts(facts: &TrafficFacts) -> BTreeMap<String, (Verdict, String)> {
    let facts = serde_json::to_value(facts).unwrap();
    let findings = Traffic.judge(&facts, &all_checks(), &policy(), date(2026, 11, 21)).unwrap();
    let told = findings.into_iter().map(|f| (f.check.name().to_owned(), (f.verdict, f.observed)));
    told.collect()
}

fn lines(facts: &TrafficFacts) -> String {
    let shown = verdicts(facts);
    let shown: Vec<_> = shown
        .into_iter()
        .map(|(check, (verdict, observed))| format!("{check}: {verdict}: {observed}"))
        .collect();
    shown.join("\n")
}

const PLAIN: [&str; 4] = [
    "NHSCANARY-PLAIN-7f3a-A1",
    "NHSCANARY-PLAIN-7f3a-B1",
    "NHSCANARY-PLAIN-7f3a-A2",
    "NHSCANARY-PLAIN-7f3a-B2",
];

#[test]
fn xmpp_without_end_to_end_encryption_shows_its_canaries() {
    let Some(folder) = messaging("xmpp-plain") else { return };
    let (facts, _) = probe(&recorded(&folder, "xmpp-plain", &PLAIN, &[]), vec![]).unwrap();

    // Four lines in each of two streams: each canary once sent and once received.
    let mut streams: BTreeMap<u64, usize> = BTreeMap::new();
    let mut files: BTreeMap<String, usize> = BTreeMap::new();
    for canary in &facts.canaries {
        assert_eq!(canary.more, 0);
        for found in &canary.found {
            assert_eq!(found.encoding, "utf-8");
            match &found.place {
                Place::Flow { flow, layer, .. } => {
                    assert_eq!(*layer, Layer::Decrypted);
                    *streams.entry(*flow).or_default() += 1;
                }
                Place::File { path, storage: 0 } => *files.entry(path.clone()).or_default() += 1,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(streams, BTreeMap::from([(3, 4), (4, 4)]));
    let stored = [("archive/alice.list".to_owned(), 4), ("archive/bob.list".to_owned(), 4)];
    assert_eq!(files, BTreeMap::from(stored));
    let verdicts = verdicts(&facts);
    for check in ["canaries-in-transit", "canaries-at-rest"] {
        assert_eq!(verdicts[check].0, Verdict::Fail);
    }
    insta::assert_snapshot!(lines(&facts));
}

#[test]
fn xmpp_with_omemo_passes_with_a_control_and_not_without() {
    let Some(folder) = messaging("xmpp-omemo") else { return };
    let control = "This message is OMEMO encrypted.";
    let canary = ["NHSCANARY-OMEMO-91bd"];
    let (facts, _) = probe(&recorded(&folder, "xmpp-omemo", &canary, &[control]), vec![]).unwrap();
    insta::assert_snapshot!(lines(&facts));
    assert!(verdicts(&facts).values().all(|(verdict, _)| *verdict == Verdict::Pass));
    // The text that every such message carries beside its ciphertext lies in the store as well.
    assert!(facts.controls[0].in_transit().count() > 0 && facts.controls[0].at_rest().count() > 0);

    let (facts, _) = probe(&recorded(&folder, "xmpp-omemo", &canary, &[]), vec![]).unwrap();
    let verdicts = verdicts(&facts);
    for check in ["canaries-in-transit", "canaries-at-rest"] {
        assert_eq!(verdicts[check].0, Verdict::Inconclusive);
    }
}

#[test]
fn a_key_log_left_out_is_said_and_closes_the_conclusion() {
    let Some(folder) = messaging("xmpp-omemo without its key log") else { return };
    let recorded = Recorded::new(
        vec![folder.join("xmpp-omemo.pcap")],
        vec![],
        vec!["NHSCANARY-OMEMO-91bd".to_owned()],
        // In the preamble of STARTTLS, in clear.
        vec!["http://etherx.jabber.org/streams".to_owned()],
        vec![],
        String::new(),
    );
    let (facts, _) = probe(&recorded, vec![]).unwrap();
    insta::assert_snapshot!(lines(&facts));
}

#[test]
fn matrix_passes_with_a_control_from_its_plain_parts() {
    let Some(folder) = messaging("matrix-e2ee") else { return };
    let (canary, control) = (["NHSCANARY-MXE2EE-beef"], ["m.megolm.v1.aes-sha2"]);
    let (facts, _) = probe(&recorded(&folder, "matrix-e2ee", &canary, &control), vec![]).unwrap();
    insta::assert_snapshot!(lines(&facts));
    let verdicts = verdicts(&facts);
    assert_eq!(verdicts["canaries-in-transit"].0, Verdict::Pass);
    assert_eq!(verdicts["canaries-at-rest"].0, Verdict::NotTested);
}

/// The one handshake whose certificates are in clear only once it is opened.
#[test]
fn flows_say_who_spoke_how() {
    let Some(folder) = messaging("the facts of xmpp-plain") else { return };
    let (facts, events) = probe(&recorded(&folder, "xmpp-plain", &PLAIN, &[]), vec![]).unwrap();
    let sessions: Vec<_> =
        facts.flows.iter().filter(|flow| flow.starttls.as_deref() == Some("xmpp")).collect();
    assert_eq!((facts.flows.len(), sessions.len()), (4, 2));
    for flow in sessions {
        assert_eq!(flow.content, Content::Tls);
        assert!(flow.is_open() && flow.decrypted.records > 0, "{:?}", flow.decrypted);
        let handshake = flow.handshake.as_ref().unwrap();
        assert_eq!(handshake.version, Observed::Known("TLSv1.3".to_owned()));
        let Observed::Known(chain) = &handshake.certificates else { panic!("not opened") };
        assert!(facts.certificates.iter().any(|known| known.der.sha256 == chain[0]));
    }
    // Neither facts nor events hold what was planted, nor what the key log says.
    let written = serde_json::to_string(&facts).unwrap() + &serde_json::to_string(&events).unwrap();
    assert!(!written.contains("NHSCANARY"));
    let log = fs::read_to_string(folder.join("xmpp-plain.keylog")).unwrap();
    let secrets = log.lines().filter_map(|line| line.split(' ').nth(2));
    assert!(secrets.filter(|secret| secret.len() >= 64).all(|secret| !written.contains(secret)));
}

#[test]
fn material_that_was_left_is_used() {
    let Some(folder) = messaging("material of xmpp-plain") else { return };
    let nothing = Recorded::new(vec![], vec![], vec![], vec![], vec![], "demo".to_owned());
    let left = vec![
        Material::Capture(folder.join("xmpp-plain.pcap")),
        Material::KeyLog(folder.join("xmpp-plain.keylog")),
        Material::Canary(PLAIN[0].to_owned().into()),
        Material::Canary(PLAIN[0].to_owned().into()),
        Material::Canary("short".to_owned().into()),
        Material::Control("jabber:client".to_owned().into()),
        Material::Storage(folder.join("xmpp-plain.server-store")),
    ];
    let (facts, events) = probe(&nothing, left).unwrap();
    assert_eq!((facts.canaries.len(), facts.controls.len()), (1, 1));
    assert_eq!(
        (facts.canaries[0].in_transit().count(), facts.canaries[0].at_rest().count()),
        (2, 2)
    );
    // A text that cannot be looked for is said.
    let said = |event: &&Event| matches!(event, Event::Problem { .. });
    assert_eq!((facts.problems.len(), events.iter().filter(said).count()), (1, 1));
}

#[test]
fn only_what_the_checks_need_is_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("msgs.db"), "NHSCANARY-7f3a").unwrap();
    let recorded = Recorded::new(
        vec![folder.path().join("absent.pcap")],
        vec![],
        vec!["NHSCANARY-7f3a".to_owned()],
        vec![],
        vec![folder.path().to_owned()],
        String::new(),
    );
    let at_rest = |id: &CheckId| id.name() == "canaries-at-rest";
    let (rest, transit): (Vec<_>, Vec<_>) = all_checks().into_iter().partition(at_rest);
    let (facts, events) = probe_for(&recorded, vec![], &rest).unwrap();
    assert_eq!((facts.files.len(), facts.canaries[0].found.len()), (0, 1));
    assert_eq!(events.len(), 3);
    // A capture that went away after it was named cannot be reached.
    assert!(matches!(
        probe_for(&recorded, vec![], &transit),
        Err(ProbeError::Unreachable(reason)) if reason.contains("absent.pcap")
    ));
}

#[test]
fn what_the_user_named_wrongly_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pcap");
    fs::write(&file, "").unwrap();
    let here = || vec![file.clone()];
    let absent = || vec![PathBuf::from("/nonexistent/b")];
    let new = |captures, keylogs, canary: &str, control: &str, storage| {
        let texts = |text: &str| vec!["long enough".to_owned(), text.to_owned()];
        Recorded::new(captures, keylogs, texts(canary), texts(control), storage, String::new())
    };
    let good = "also long enough";
    assert_eq!(new(here(), here(), good, good, here()).check(), Ok(()));
    let wrong = [
        new(absent(), vec![], good, good, vec![]),
        new(here(), absent(), good, good, vec![]),
        new(here(), vec![], good, good, absent()),
        new(here(), vec![], "short", good, vec![]),
        new(here(), vec![], good, "", vec![]),
    ];
    let said: Vec<_> = wrong.iter().map(|recorded| recorded.check().unwrap_err()).collect();
    insta::assert_snapshot!(said.join("\n"));
    let folder = new(vec![folder.path().to_owned()], vec![], good, good, vec![]);
    assert!(folder.check().unwrap_err().ends_with("is a folder, not a file"));
}

/// A file that is no capture is judged as far as it goes: not at all.
#[test]
fn a_file_that_is_no_capture_concludes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.pcap");
    fs::write(&file, "these are not packets, but they are more than four bytes").unwrap();
    let recorded = Recorded::new(
        vec![file],
        vec![],
        vec!["NHSCANARY-7f3a".to_owned()],
        vec!["control text".to_owned()],
        vec![],
        String::new(),
    );
    let (facts, _) = probe(&recorded, vec![]).unwrap();
    assert_eq!((facts.files[0].packets, facts.files[0].problems.len()), (0, 1));
    for (check, (verdict, observed)) in verdicts(&facts) {
        let wanted = match &check[..] {
            "canaries-at-rest" => Verdict::NotTested,
            _ => Verdict::Inconclusive,
        };
        assert_eq!(verdict, wanted, "{check}: {observed}");
    }
}
