//! What both searches for keys of read messages come to. Graded: they never do more than warn.

use hallmark_model::{Verdict, text};

use super::{Conclusion, measured};
use crate::{
    facts::Experiment,
    probe::{ResidueCopies, ResidueLooked, ResidueMeasured, ResiduePlaces, ResidueSearched},
};

/// What differs between the places.
pub(super) struct Words {
    /// Whether it is a place of processes: of another one, nothing was searched.
    pub(super) of_processes: bool,
    pub(super) parts: &'static str,
    pub(super) gone: &'static str,
    pub(super) left: &'static str,
}

const NO_KEYS: &str = "only keys that are known can be looked for";
const NO_CONTROL: &str = "the key that the candidate still needs was not found, so not finding the \
                          others means nothing: keys may be kept encrypted, in another form, or by \
                          another process";

/// Judges one of the places.
pub(super) fn judge(
    experiment: &Experiment,
    place: fn(ResiduePlaces) -> ResidueLooked,
    words: &Words,
) -> Conclusion {
    measured(experiment, |m: ResidueMeasured| {
        if let Some(reason) = m.keys_unknown {
            return Conclusion::new(Verdict::Inconclusive, text::one_line(&reason), NO_KEYS);
        }
        let (Some(at_once), Some(after)) = (m.at_once.map(place), m.after_rounds.map(place)) else {
            return Conclusion::unreadable("nothing was searched");
        };
        let (at_once, after) = match (at_once, after) {
            (ResidueLooked::Searched(at_once), ResidueLooked::Searched(after)) => (at_once, after),
            (ResidueLooked::NotOffered { reason }, _)
            | (_, ResidueLooked::NotOffered { reason }) => {
                let why = "the driver or the protocol offers no such thing; that is not a pass";
                return Conclusion::new(Verdict::NotTested, text::one_line(&reason), why);
            }
            (ResidueLooked::NotReadable { reason }, _)
            | (_, ResidueLooked::NotReadable { reason }) => {
                let why = "what cannot be read cannot be searched";
                return Conclusion::new(Verdict::Inconclusive, text::one_line(&reason), why);
            }
        };
        let mut observed = format!(
            "{} round trips after {} messages were read: {}; as soon as they were read: {}",
            m.rounds,
            m.messages,
            in_words(&after, words.parts),
            in_words(&at_once, words.parts),
        );
        if m.names_another_process {
            observed.push_str("; the driver names a process that is none of those started for it");
        }
        let conclude = |verdict, why: &str| Conclusion::new(verdict, observed, why);
        if at_once.current_chain_key.total() == 0 || after.current_chain_key.total() == 0 {
            conclude(Verdict::Inconclusive, NO_CONTROL)
        } else if [&after.previous_chain_keys, &after.former_chain_key, &after.message_keys]
            .iter()
            .any(|copies| copies.total() > 0)
        {
            conclude(Verdict::Warn, words.left)
        } else if after.cut.is_some() {
            conclude(Verdict::Inconclusive, "what was not read may hold the keys")
        } else if m.names_another_process && words.of_processes {
            conclude(Verdict::Inconclusive, "the process that was not searched may hold the keys")
        } else {
            conclude(Verdict::Pass, words.gone)
        }
    })
}

fn in_words(searched: &ResidueSearched, parts: &str) -> String {
    let mut words = format!(
        "message keys {}, previous chain keys {}, current chain key (control) {}, plaintext \
         (measured only) {}, in {} bytes of {} {parts}",
        copies(&searched.message_keys),
        copies(&searched.previous_chain_keys),
        copies(&searched.current_chain_key),
        copies(&searched.plaintext),
        searched.bytes,
        searched.parts,
    );
    if searched.former_chain_key.total() > 0 {
        let former = copies(&searched.former_chain_key);
        words.push_str(&format!(", the chain key after those messages {former}"));
    }
    if let Some(reason) = &searched.cut {
        words.push_str(&format!(" ({})", text::one_line(reason)));
    }
    words
}

fn copies(copies: &ResidueCopies) -> String {
    if copies.total() == 0 {
        return "absent".to_owned();
    }
    let each = copies.0.iter().filter(|(_, count)| **count > 0);
    let each: Vec<_> = each.map(|(encoding, count)| format!("{count} {encoding}")).collect();
    format!("found ({})", each.join(", "))
}
