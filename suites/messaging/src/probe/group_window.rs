//! Withholds a group message and finds out through how many further messages of the same sender,
//! in the same epoch, its key survives at a receiver.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, group::Group};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// For how many further messages the candidate says that it keeps such keys.
    pub declared: Option<u64>,
    /// Further messages through which the withheld one stayed readable.
    pub readable_through: u64,
    /// Further messages after which it was first refused; none if it never was.
    pub gone_at: Option<u64>,
    /// How many further messages were sent.
    pub tried: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let declared = lab.hello().limits.get("group-generations").copied();
    let most = match lab.depth {
        Depth::Quick => declared.map_or(12, |d| d.saturating_add(2).clamp(12, 40)),
        Depth::Full => declared.map_or(64, |d| d.saturating_add(2).clamp(64, 256)),
        Depth::Exhaustive => declared.map_or(2_100, |d| d.saturating_add(2).clamp(2_100, 4_000)),
    };
    let mut group = Group::of(&["alice", "bob"], 2, lab, trace).await?;
    group.tell("alice", "a message", lab, trace).await?;
    let withheld = group.say("alice", "the withheld message", lab, trace).await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&group.member("bob").snapshot().await?).await?;
    trace.control("the withheld message opens at once", twin.hear_as("bob", &withheld).await);

    let mut measured = Measured { declared, readable_through: 0, gone_at: None, tried: 0 };
    while measured.tried < most && !lab.out_of_time() {
        let sent = group.say("alice", "a further message", lab, trace).await?;
        group.must_hear("bob", "a further message", &sent, trace).await?;
        measured.tried += 1;
        if !is_tried(measured.tried, most, declared) {
            continue;
        }
        twin.restore(&group.member("bob").snapshot().await?).await?;
        let seen = twin.hear_envelope(&withheld).await;
        match seen {
            Seen::Delivered { .. } => {
                measured.readable_through = measured.tried;
                if measured.tried < most {
                    continue;
                }
            }
            Seen::Refused { .. } => measured.gone_at = Some(measured.tried),
            _ => {}
        }
        let what = format!("after {} further messages", measured.tried);
        trace.outcome(what, seen, Some(withheld.evidence.clone()));
        break;
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

/// Every step at first and around what is declared, then ever fewer: a state with thousands of keys
/// takes its time to copy.
fn is_tried(further: u64, most: u64, declared: Option<u64>) -> bool {
    let near = declared.is_some_and(|declared| further.abs_diff(declared) <= 2);
    further <= 16 || near || further.is_power_of_two() || further == 2_001 || further == most
}
