//! A member hands another the key of a third, although nobody asked for it. It must not be taken
//! for the third one's word.

use hallmark_driver::protocol::ops::GroupForward;
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    group::{Group, Mail},
};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Whether a message under the forwarded key was shown as the third one's.
    pub shown: bool,
    /// Whether it was shown with a warning.
    pub warned: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    // Carol has Alice's key, Bob has not: his key share is held back.
    let sent = group.say("alice", "a message", lab, trace).await?;
    group.must_hear("carol", "a message", &sent, trace).await?;
    let args = GroupForward {
        group: group.name.clone(),
        sender: "alice".to_owned(),
        to: "bob".to_owned(),
    };
    let forwarded = group.member("carol").must("forwards alice's key", &args).await?;

    let state = group.member("bob").snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    let mut measured = Measured { shown: false, warned: false };
    // A device that cannot read a message may ask for its key: only its own devices may answer.
    for (claimed, asked) in [("carol", false), ("alice", false), ("carol", true)] {
        twin.restore(&state).await?;
        if asked {
            drop(twin.hear_envelope(&sent).await);
        }
        drop(twin.take_warnings());
        for envelope in &forwarded.envelopes {
            trace.keep("a forwarded key share".to_owned(), &envelope.body)?;
            let to = vec!["bob".to_owned()];
            let envelope = envelope.clone();
            let mail = Mail { from: claimed.to_owned(), to, envelope, evidence: None };
            drop(twin.seen_of_mail(&group.name, &mail).await);
        }
        let seen = twin.hear_envelope(&sent).await;
        let warnings = twin.take_warnings();
        measured.shown |= seen.is_delivered();
        measured.warned |= seen.is_delivered() && !warnings.is_empty();
        let asked = if asked { ", after bob could not read it" } else { "" };
        let what = format!("alice's message under a key forwarded by carol, as of {claimed}{asked}");
        trace.outcome_with(what, seen, Some(sent.evidence.clone()), warnings);
    }
    twin.restore(&state).await?;
    trace.control("with the key share of alice herself", twin.hear_as("bob", &sent).await);
    trace.measured(&measured);
    lab.release([twin]);
    group.disband(lab);
    Ok(())
}
