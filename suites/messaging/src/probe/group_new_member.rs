//! A newcomer, and a copy of its state, must not read what was said before it came.

use hallmark_model::selection::Depth;

use super::{Lab, Stop, Trace, group::Group};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let sizes: &[usize] = if lab.depth == Depth::Quick { &[3] } else { &[3, 10, 100] };
    for size in sizes {
        of_size(*size, lab, trace).await?;
    }
    Ok(())
}

async fn of_size(size: usize, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob"], size - 1, lab, trace).await?;
    let at = format!("in a group that grows to {size}");
    let mut past = Vec::new();
    for from in ["alice", "bob", "alice"] {
        past.push(group.tell(from, "a message of the past", lab, trace).await?);
    }
    let dave = group.outsider("dave", lab).await?;
    group.add("alice", dave, trace).await?;
    for old in &past {
        let what = format!("{at}, the newcomer is handed an earlier message of {}", old.from);
        let seen = group.member("dave").overhear(old).await;
        trace.outcome(what, seen, Some(old.evidence.clone()));
    }
    for from in ["alice", "bob"] {
        let next = group.say(from, "a message after the addition", lab, trace).await?;
        for to in group.live().iter().filter(|name| *name != from) {
            let what = format!("{at}, {to} reads {from}'s message after the addition");
            let heard = group.hear(to, &next, trace).await?;
            trace.control(what, heard);
        }
    }

    let mut thief = lab.blank("thief").await?;
    let stolen = group.member("dave").snapshot().await?;
    for old in &past {
        thief.restore(&stolen).await?;
        let what =
            format!("{at}, the newcomer's state is handed an earlier message of {}", old.from);
        trace.outcome(what, thief.overhear(old).await, Some(old.evidence.clone()));
    }
    let next = group.say("alice", "one more message", lab, trace).await?;
    thief.restore(&stolen).await?;
    trace.control(format!("{at}, that state opens the next"), thief.hear_as("dave", &next).await);
    lab.release([thief]);
    group.disband(lab);
    Ok(())
}
