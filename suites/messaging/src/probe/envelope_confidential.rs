//! Looks for messages in their own envelopes: what a server sees.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, search};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many envelopes were searched.
    pub envelopes: u64,
    /// In how many encodings each was searched.
    pub encodings: u64,
    /// Encodings in which a message stood in its envelope.
    pub found: Vec<String>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let mut measured =
        Measured { envelopes: 0, encodings: search::forms(b"canary").len() as u64, found: vec![] };

    let planted = lab.canary();
    let missed = search::forms(&planted)
        .into_iter()
        .find(|(name, form)| !search::encodings_found(form, &planted).contains(name));
    let seen = match missed {
        None => Seen::Done,
        Some((name, _)) => Seen::DriverError { message: format!("{name} was not found") },
    };
    trace.control("the search finds a planted text in every encoding", seen);

    for turn in 0..6 {
        let canary = lab.canary();
        let (from, to) = match turn % 2 {
            0 => (&mut pair.alice, &mut pair.bob),
            _ => (&mut pair.bob, &mut pair.alice),
        };
        let sent = from.send(&to.name.clone(), "a canary", &canary, trace).await?;
        for envelope in sent.setup.iter().chain([&sent.envelope]) {
            measured.envelopes += 1;
            let found = search::encodings_found(&envelope.body, &canary);
            measured.found.extend(found.into_iter().map(str::to_owned));
        }
        let what = format!("{} receives canary {} from {}", to.name, turn + 1, from.name);
        trace.control(what, to.receive(&sent).await);
    }
    measured.found.sort();
    measured.found.dedup();
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}
