//! Two members change the group at once, and each half of the others follows one of them. The halves
//! must be able to tell that they no longer agree, and must not read each other as if they did.

use hallmark_driver::protocol::ops::GroupEnvelopeKind;
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    group::{Group, Mail},
};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Whether members of one half have the same authenticator.
    pub equal_within: bool,
    /// Whether members of different halves have different ones.
    pub different_across: bool,
}

const HALVES: [(&str, &str); 2] = [("alice", "bob"), ("dave", "carol")];

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol", "dave"], 4, lab, trace).await?;
    for (first, second) in HALVES {
        group.tell(first, "a message", lab, trace).await?;
        group.tell(second, "a message", lab, trace).await?;
    }
    if group.view("alice").await?.authenticator.is_none() {
        let reason = "the protocol has nothing by which members could compare the group's state";
        return Err(Stop::not_offered("members compare the group's state", reason));
    }

    let mut changes = Vec::new();
    for (maker, _) in HALVES {
        changes.push(group.rotate_untold(maker, trace).await?);
    }
    if changes.iter().any(|c| c.iter().all(|m| m.envelope.kind != GroupEnvelopeKind::Change)) {
        let reason = "a rotation is not a change of the group that others follow";
        return Err(Stop::not_offered("two members change the group at once", reason));
    }
    for (change, (_, follower)) in changes.iter().zip(HALVES) {
        let theirs: Vec<Mail> = change
            .iter()
            .map(|mail| Mail { to: vec![follower.to_owned()], ..mail.clone() })
            .filter(|mail| {
                mail.envelope.to.is_empty() || mail.envelope.to.contains(&follower.to_owned())
            })
            .collect();
        group.carry(&theirs, trace).await?;
    }

    let mut authenticators = Vec::new();
    for (maker, follower) in HALVES {
        let (maker, follower) = (group.view(maker).await?, group.view(follower).await?);
        authenticators.push((maker.authenticator, follower.authenticator));
    }
    let [(alice, bob), (dave, carol)] = &authenticators[..] else {
        unreachable!("there are two halves")
    };
    let measured =
        Measured { equal_within: alice == bob && dave == carol, different_across: alice != dave };

    let [(one, its), (other, others)] = HALVES;
    for (maker, follower, strangers) in [(one, its, [others, other]), (other, others, [its, one])] {
        let sent = group.say(maker, "a message in one half", lab, trace).await?;
        let what = format!("within a half, {follower} reads {maker}'s message");
        let heard = group.hear(follower, &sent, trace).await?;
        trace.control(what, heard);
        for stranger in strangers {
            let what = format!("across the fork, {stranger} is handed {maker}'s message");
            let seen = group.member(stranger).hear_as(stranger, &sent).await;
            trace.outcome(what, seen, Some(sent.evidence.clone()));
        }
    }
    trace.measured(&measured);
    group.disband(lab);
    Ok(())
}
