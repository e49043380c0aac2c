//! A message of one group is handed over in another group of the same members.

use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    group::{Group, WARD},
};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Messages that were shown in the group in which they were handed over, which is not theirs.
    pub misplaced: u64,
    /// Messages that were shown in their own group although they were handed over in another.
    pub put_right: u64,
}

const THEATRE: &str = "theatre";

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let members = ["alice", "bob", "carol"];
    let mut group = Group::of(&members, 3, lab, trace).await?;
    group.tell("alice", "a message in the ward", lab, trace).await?;
    group.also(THEATRE, trace).await?;
    group.tell("alice", "a message in the theatre", lab, trace).await?;

    let mut measured = Measured { misplaced: 0, put_right: 0 };
    let mut twin = lab.blank("bob's twin").await?;
    for (own, other) in [(WARD, THEATRE), (THEATRE, WARD)] {
        group.name = own.to_owned();
        let sent = group.say("alice", "a message to be moved", lab, trace).await?;
        twin.restore(&group.member("bob").snapshot().await?).await?;
        let (seen, shown_in) = twin.hear_in(other, &sent).await;
        match shown_in {
            Some(place) if place == own => measured.put_right += u64::from(seen.is_delivered()),
            _ => measured.misplaced += u64::from(seen.is_delivered()),
        }
        let what = format!("a message of the {own}, handed over in the {other}");
        trace.outcome(what, seen, Some(sent.evidence.clone()));
        let what = format!("that message in the {own} itself");
        let heard = group.hear("bob", &sent, trace).await?;
        trace.control(what, heard);
        group.name = other.to_owned();
        let next = group.say("alice", "the next message", lab, trace).await?;
        let heard = group.hear("bob", &next, trace).await?;
        trace.control(format!("the next in the {other}"), heard);
    }
    trace.measured(&measured);
    lab.release([twin]);
    group.disband(lab);
    Ok(())
}
