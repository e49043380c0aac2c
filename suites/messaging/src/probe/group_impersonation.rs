//! A member's message is handed over as another member's, alone and with its key shares.

use super::{Lab, Stop, Trace, group::Group};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    group.tell("alice", "a message", lab, trace).await?;
    group.tell("carol", "a message", lab, trace).await?;
    let mut twin = lab.blank("bob's twin").await?;

    for (author, claimed) in [("alice", "carol"), ("carol", "alice"), ("alice", "mallory")] {
        let sent = group.say(author, "a message to be relabelled", lab, trace).await?;
        let state = group.member("bob").snapshot().await?;
        twin.restore(&state).await?;
        drop(twin.take_warnings());
        let seen = twin.hear_as_of(claimed, &sent).await;
        let warnings = twin.take_warnings();
        let what = format!("{author}'s message, handed over as {claimed}'s");
        trace.outcome_with(what, seen, Some(sent.evidence.clone()), warnings);
        let what = format!("{author}'s message under {author}'s own name");
        let heard = group.hear("bob", &sent, trace).await?;
        trace.control(what, heard);
    }

    // A member of whom nothing was heard yet: its key shares go under the other name as well.
    group.rotate("alice", trace).await?;
    let sent = group.say("alice", "a message under new keys", lab, trace).await?;
    let state = group.member("bob").snapshot().await?;
    twin.restore(&state).await?;
    for mail in sent.before.iter().filter(|mail| mail.to.iter().any(|name| name == "bob")) {
        // What is made of these alone does not matter; what is shown afterwards does.
        drop(twin.seen_of_mail(&sent.group, &mail.as_of("carol")).await);
    }
    drop(twin.take_warnings());
    let seen = twin.hear_as_of("carol", &sent).await;
    let warnings = twin.take_warnings();
    let what = "alice's message and its key shares, handed over as carol's";
    trace.outcome_with(what, seen, Some(sent.evidence.clone()), warnings);
    let what = "alice's message and its key shares under alice's own name";
    let heard = group.hear("bob", &sent, trace).await?;
    trace.control(what, heard);

    lab.release([twin]);
    group.disband(lab);
    Ok(())
}
