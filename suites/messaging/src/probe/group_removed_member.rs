//! A member is removed. The next messages must be closed to it, whether it follows the removal or
//! ignores it, although it is handed everything that travels.

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
    let mut group = Group::of(&["alice", "bob", "carol"], size, lab, trace).await?;
    let at = format!("in a group of {size}");
    for from in ["alice", "bob", "carol"] {
        group.tell(from, "a message", lab, trace).await?;
    }
    let still = group.say("alice", "the last message to all", lab, trace).await?;
    for who in ["bob", "carol"] {
        let what = format!("{at}, {who} reads the last message before the removal");
        let heard = group.hear(who, &still, trace).await?;
        trace.control(what, heard);
    }
    let before = group.member("carol").snapshot().await?;

    let (mut carol, changes) = group.remove("alice", "carol", trace).await?;
    let mut sent = Vec::new();
    for (from, to) in [("alice", "bob"), ("bob", "alice")] {
        let next = group.say(from, "a message after the removal", lab, trace).await?;
        let what = format!("{at}, {to} reads {from}'s message after the removal");
        let heard = group.hear(to, &next, trace).await?;
        trace.control(what, heard);
        sent.push(next);
    }

    for next in &sent {
        carol.restore(&before).await?;
        let what =
            format!("{at}, the removed member, who ignores it, is handed {}'s next", next.from);
        trace.outcome(what, carol.overhear(next).await, Some(next.evidence.clone()));
    }
    carol.restore(&before).await?;
    for mail in &changes {
        // Whether it takes its own removal is its own affair.
        drop(carol.seen_of_mail(&group.name, mail).await);
    }
    for next in &sent {
        let what =
            format!("{at}, the removed member, who follows it, is handed {}'s next", next.from);
        trace.outcome(what, carol.overhear(next).await, Some(next.evidence.clone()));
    }
    lab.release([carol]);
    group.disband(lab);
    Ok(())
}
