//! A thief who begins a new session in the victim's name does not go unnoticed.

use hallmark_model::Verdict;

use super::{Check, Conclusion, measured};
use crate::{
    facts::Seen,
    probe::{ConversationMeasured, Noticed},
};

pub(super) const CHECK: Check = Check {
    name: "conversation-heals",
    title: "A thief who begins anew in the victim's name does not go unnoticed",
    experiment: "conversation-heals",
    expected: "a new session of a copied device is prevented, or somebody is warned",
    judge: |experiment, _| {
        measured(experiment, |m: ConversationMeasured| {
            let observed = in_words(&m);
            let pass = |why: &str| Conclusion::new(Verdict::Pass, observed.clone(), why);
            let warn = |why: &str| Conclusion::new(Verdict::Warn, observed.clone(), why);
            match m.noticed() {
                Some(Noticed::Prevented) => {
                    pass("prevented: a copy cannot begin a session in the victim's name")
                }
                Some(Noticed::Victim) => {
                    pass("a warning to the victim: the owner's device says that something is wrong")
                }
                Some(Noticed::Peer) => {
                    pass("a warning to the peer: who is written to is told that a session is new")
                }
                Some(Noticed::Log) => warn(
                    "to be found in a log at best: the owner's device cannot read what arrives, and \
                     tells nobody. No protocol prevents this; the application can warn",
                ),
                Some(Noticed::None) => warn(
                    "none: nobody is told. No protocol prevents this; the application can warn",
                ),
                None => {
                    Conclusion::unreadable("the message of the copy was neither read nor refused")
                }
            }
        })
    },
};

fn in_words(m: &ConversationMeasured) -> String {
    let seen = |seen: &Option<Seen>| {
        seen.as_ref().map_or_else(|| "could not be sent".to_owned(), ToString::to_string)
    };
    format!(
        "the copy's message in a new session: {}, the peer is shown {}; the peer's next message: at \
         the copy {}, at the owner {}, who is shown {}; the owner's next message: {}",
        m.accepted,
        warned(&m.peer_warned),
        seen(&m.copy),
        seen(&m.owner),
        warned(&m.owner_warned),
        seen(&m.owner_speaks)
    )
}

fn warned(classes: &[impl ToString]) -> String {
    match classes {
        [] => "no warning".to_owned(),
        some => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
