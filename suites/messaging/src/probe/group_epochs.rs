//! Withholds a group message and finds out through how many further changes of the group its key
//! survives at a receiver.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, group::Group};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Further changes through which the message stayed readable.
    pub readable_through: u64,
    /// Further changes after which it was first refused; none if it never was.
    pub gone_at: Option<u64>,
    /// How many further changes were made.
    pub tried: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let most = if lab.depth == Depth::Quick { 12 } else { 24 };
    let mut group = Group::of(&["alice", "bob"], 2, lab, trace).await?;
    group.tell("alice", "a message", lab, trace).await?;
    let withheld = group.say("alice", "the withheld message", lab, trace).await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&group.member("bob").snapshot().await?).await?;
    trace.control("the withheld message opens at once", twin.hear_as("bob", &withheld).await);
    // Its key is skipped, as that of a message which the network lost.
    group.tell("alice", "a message that passes it", lab, trace).await?;

    let mut measured = Measured { readable_through: 0, gone_at: None, tried: 0 };
    for further in 1..=most {
        group.rotate("alice", trace).await?;
        group.tell("alice", "a message after a change", lab, trace).await?;
        twin.restore(&group.member("bob").snapshot().await?).await?;
        let seen = twin.hear_envelope(&withheld).await;
        measured.tried = further;
        let what = format!("after {further} further changes");
        trace.outcome(what, seen.clone(), Some(withheld.evidence.clone()));
        match seen {
            Seen::Delivered { .. } => measured.readable_through = further,
            Seen::Refused { .. } => {
                measured.gone_at = Some(further);
                break;
            }
            _ => break,
        }
    }
    let state = group.member("bob").snapshot().await?;
    let next = group.say("alice", "the next message", lab, trace).await?;
    twin.restore(&state).await?;
    trace.control("the state tried last opens the next", twin.hear_as("bob", &next).await);
    trace.measured(&measured);
    lab.release([twin]);
    group.disband(lab);
    Ok(())
}
