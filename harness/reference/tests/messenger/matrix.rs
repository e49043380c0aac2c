//! Every fault against every probe: what is turned must be what is declared.

use hallmark_reference::{Fault, Faults};

use crate::probes::{PROBES, healed, window};

fn turned(faults: Faults) -> Vec<&'static str> {
    PROBES.iter().filter(|(_, probe)| !probe(faults)).map(|(name, _)| *name).collect()
}

#[test]
fn the_honest_messenger_passes_everything() {
    assert_eq!(turned(Faults::NONE), [""; 0]);
}

#[test]
fn each_fault_turns_what_it_declares_and_nothing_else() {
    let mut wrong = Vec::new();
    for fault in Fault::ALL {
        let mut declared: Vec<_> = fault.declared().iter().map(|(name, _)| *name).collect();
        let mut observed = turned(fault.into());
        declared.sort_unstable();
        observed.sort_unstable();
        if declared != observed {
            wrong.push(format!("{fault}: declared {declared:?}, observed {observed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn together_faults_turn_what_each_turns_alone() {
    let pairs = [
        (Fault::KeepMessageKeys, Fault::AcceptReplay),
        (Fault::SkipMac, Fault::Aes128),
        (Fault::AcceptShortMac, Fault::Aes128),
        (Fault::LeakPlaintext, Fault::SingleSkippedKey),
        (Fault::ReuseOneTimePrekey, Fault::TruncateLongMessage),
    ];
    for (one, other) in pairs {
        let mut declared: Vec<_> =
            one.declared().iter().chain(other.declared()).map(|(name, _)| *name).collect();
        let mut observed = turned([one, other].into_iter().collect());
        declared.sort_unstable();
        observed.sort_unstable();
        assert_eq!(declared, observed, "{one} with {other}");
    }
}

#[test]
fn the_windows_are_those_of_the_known_libraries() {
    assert_eq!(window(Faults::NONE, 8), 4);
    assert_eq!(window(Fault::KeepSkippedKeys.into(), 8), 8);
    assert_eq!(window(Fault::NoRatchet.into(), 8), 8);
    assert_eq!(healed(Faults::NONE, 3), Some(1));
    assert_eq!(healed(Fault::NoRatchet.into(), 3), None);
}
