//! One member speaks on and on: after how many messages does the key material change by itself?
//!
//! Seen twice: key shares or a change travel with a message, and a copy of a receiver that was not
//! handed those can no longer read it.

use hallmark_driver::protocol::ops::GroupEnvelopeKind;
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, group::Group};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// After how many messages the candidate says that it renews its keys.
    pub declared: Option<u64>,
    /// How many messages were sent.
    pub tried: u64,
    /// How many went under the first key; none if it was never seen to change.
    pub rotated_after: Option<u64>,
    /// Whether one who missed the new key could not read on.
    pub locked_out: bool,
}

/// Where the candidate declares nothing.
const USUAL: u64 = 100;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let declared = lab.hello().limits.get("group-rotation-messages").copied();
    let most = match lab.depth {
        Depth::Quick => declared.unwrap_or(USUAL).clamp(1, 2 * USUAL),
        Depth::Full => declared.unwrap_or(USUAL).clamp(USUAL, 10 * USUAL),
        Depth::Exhaustive => declared.unwrap_or(USUAL).clamp(10 * USUAL, 100 * USUAL),
    };
    let mut group = Group::of(&["alice", "bob"], 2, lab, trace).await?;
    let mut measured = Measured { declared, tried: 0, rotated_after: None, locked_out: false };
    // One more than it may: the message that must go under a new key.
    for sent_before in 0..=most {
        if lab.out_of_time() {
            break;
        }
        let sent = group.say("alice", "one of many messages", lab, trace).await?;
        measured.tried = sent_before + 1;
        let renewed = sent_before > 0
            && sent.before.iter().any(|mail| {
                mail.is_for(GroupEnvelopeKind::Key, "bob")
                    || mail.is_for(GroupEnvelopeKind::Change, "bob")
            });
        if renewed {
            let mut twin = lab.blank("bob's twin").await?;
            let state = group.member("bob").snapshot().await?;
            twin.restore(&state).await?;
            let seen = twin.hear_envelope(&sent).await;
            measured.rotated_after = Some(sent_before);
            measured.locked_out = seen.is_refused();
            let what = format!("after {sent_before} messages, one who missed the new key");
            trace.outcome(what, seen, Some(sent.evidence.clone()));
            twin.restore(&state).await?;
            trace.control("one who was handed the new key", twin.hear_as("bob", &sent).await);
            lab.release([twin]);
        }
        group.must_hear("bob", "one of many messages", &sent, trace).await?;
        if renewed {
            break;
        }
    }
    let sent = group.say("bob", "an answer", lab, trace).await?;
    let heard = group.hear("alice", &sent, trace).await?;
    trace.control("an answer is read", heard);
    trace.measured(&measured);
    group.disband(lab);
    Ok(())
}
