//! Forward secrecy in a group by state rollback at a receiver, as between two: see `rollback`.

use super::{Lab, Stop, Trace, group::Group};

const LATE_ROUNDS: u64 = 3;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    group.tell("bob", "a message", lab, trace).await?;
    // The first message of a sender, which its key shares go before, and a later one.
    let first = group.say("alice", "the first message", lab, trace).await?;
    let before_first = group.member("bob").snapshot().await?;
    group.must_hear("bob", "the first message", &first, trace).await?;
    let second = group.say("alice", "the second message", lab, trace).await?;
    let before_second = group.member("bob").snapshot().await?;
    group.must_hear("bob", "the second message", &second, trace).await?;
    let after = group.member("bob").snapshot().await?;
    let next = group.say("alice", "the next message", lab, trace).await?;

    let mut thief = lab.blank("thief").await?;
    for (what, state, sent) in
        [("first", &before_first, &first), ("second", &before_second, &second)]
    {
        thief.restore(state).await?;
        let what = format!("A: the state from before the {what} message opens it");
        trace.control(what, thief.hear_as("bob", sent).await);
    }
    for (what, sent) in [("first", &first), ("second", &second)] {
        thief.restore(&after).await?;
        let seen = thief.hear_envelope(sent).await;
        let what = format!("the state from after both, handed the {what} message");
        trace.outcome(what, seen, Some(sent.evidence.clone()));
    }
    if first.before.iter().any(|mail| mail.to.iter().any(|name| name == "bob")) {
        thief.restore(&after).await?;
        let seen = thief.overhear(&first).await;
        let what =
            "the state from after both, handed the recorded key shares and the first message";
        trace.outcome(what, seen, Some(first.evidence.clone()));
    }
    thief.restore(&after).await?;
    trace.control("B: that state opens the next honest message", thief.hear_as("bob", &next).await);

    group.must_hear("bob", "the next message", &next, trace).await?;
    group.must_hear("carol", "the first message", &first, trace).await?;
    for sent in [&second, &next] {
        group.must_hear("carol", "a message", sent, trace).await?;
    }
    for _ in 0..LATE_ROUNDS {
        group.tell("bob", "an answer", lab, trace).await?;
        group.tell("alice", "a message", lab, trace).await?;
    }
    let late = group.member("bob").snapshot().await?;
    let newest = group.say("alice", "a late message", lab, trace).await?;
    for (what, sent) in [("first", &first), ("second", &second)] {
        thief.restore(&late).await?;
        let seen = thief.hear_envelope(sent).await;
        let what = format!("the state from {LATE_ROUNDS} rounds later, handed the {what} message");
        trace.outcome(what, seen, Some(sent.evidence.clone()));
    }
    thief.restore(&late).await?;
    trace.control("B: the late state opens the next", thief.hear_as("bob", &newest).await);
    lab.release([thief]);
    group.disband(lab);
    Ok(())
}
