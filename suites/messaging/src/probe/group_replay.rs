//! Hands a live member the same group message again, alone and with its key shares.

use super::{Lab, Stop, Trace, group::Group};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    let first = group.say("alice", "the first message", lab, trace).await?;
    let heard = group.hear("bob", &first, trace).await?;
    trace.control("the first message is delivered", heard);
    group.must_hear("carol", "the first message", &first, trace).await?;
    let again = group.member("bob").hear_envelope(&first).await;
    trace.outcome("the first message again, at once", again, Some(first.evidence.clone()));
    if first.before.iter().any(|mail| mail.to.iter().any(|name| name == "bob")) {
        let again = group.member("bob").overhear(&first).await;
        let what = "the first message again, with its key shares";
        trace.outcome(what, again, Some(first.evidence.clone()));
    }

    group.tell("carol", "an answer", lab, trace).await?;
    let second = group.tell("alice", "the second message", lab, trace).await?;
    group.tell("alice", "the third message", lab, trace).await?;
    let again = group.member("bob").hear_envelope(&second).await;
    trace.outcome("the second message again, after the third", again, Some(second.evidence));

    let last = group.say("alice", "a last message", lab, trace).await?;
    let heard = group.hear("bob", &last, trace).await?;
    trace.control("the next honest message is delivered", heard);
    group.disband(lab);
    Ok(())
}
