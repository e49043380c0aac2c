//! Post-compromise security at the level of the ratchet: a stolen copy of the state, fed all
//! further traffic, must soon be left behind.
//!
//! The copy is taken right after a message was received. That is the worst moment: an
//! implementation that chooses its next ratchet key on receiving has already chosen it, and the
//! thief has it too.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Honest round trips after which the copy could no longer read; none if it always could.
    pub healed_after: Option<u64>,
    /// Round trips tried.
    pub tried: u64,
    /// What Alice did with a message that the copy sent on the old session, after healing.
    pub impersonation: Option<Seen>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let most = if lab.depth == Depth::Quick { 3 } else { 8 };
    let mut pair = lab.pair(trace).await?;
    let stolen = pair.bob.snapshot().await?;
    let mut clone = lab.blank("bob's clone").await?;
    clone.restore(&stolen).await?;
    let sent = pair.there(lab, trace).await?;
    trace.control("the copy reads the message after the theft", clone.receive(&sent).await);

    let mut measured = Measured { healed_after: None, tried: 0, impersonation: None };
    for round in 1..=most {
        pair.back(lab, trace).await?;
        let sent = pair.there(lab, trace).await?;
        let seen = clone.receive(&sent).await;
        measured.tried = round;
        let what = format!("the copy, after {round} honest round trips");
        trace.outcome(what, seen.clone(), Some(sent.evidence));
        if !seen.is_delivered() {
            if seen.is_refused() {
                measured.healed_after = Some(round);
            }
            break;
        }
    }
    if measured.healed_after.is_some() {
        clone.restore(&stolen).await?;
        if let Ok(forged) =
            clone.try_send("alice", "a message of the copy", &lab.canary(), trace).await?
        {
            // The copy calls itself by the victim's name.
            let forged = super::Sent { from: "bob".to_owned(), ..forged };
            measured.impersonation = Some(pair.alice.receive(&forged).await);
        }
    }
    let sent = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;
    trace.control("the real device reads the next honest message", pair.bob.receive(&sent).await);
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, clone]);
    Ok(())
}
