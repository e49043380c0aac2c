//! Changes and welcomes out of their time and place: none may change the group.

use hallmark_driver::protocol::ops::GroupEnvelopeKind::{Change, Welcome};
use hallmark_model::selection::Depth;

use super::{
    Lab, Stop, Trace,
    group::{Attempts, Group, Mail, WARD},
};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    group.tell("alice", "a message", lab, trace).await?;
    let mut attempts = Attempts::default();

    // A twin of carol makes a change that never meets the group in its own epoch.
    let mut late = lab.blank("carol's twin").await?;
    late.restore(&group.member("carol").snapshot().await?).await?;
    let belated = belated(&mut late, trace).await?;
    lab.release([late]);

    let first = group.rotate("alice", trace).await?;
    for mail in first.iter().filter(|mail| mail.is_for(Change, "bob")) {
        let alice = group.member("alice");
        attempts.hand("alice's own change back to her", alice, WARD, mail, trace).await?;
        let bob = group.member("bob");
        attempts.hand("a change again, at once", bob, WARD, mail, trace).await?;
    }
    for mail in &belated {
        let bob = group.member("bob");
        attempts.hand("a change made for an earlier epoch", bob, WARD, mail, trace).await?;
    }
    group.rotate("bob", trace).await?;
    for mail in first.iter().filter(|mail| mail.is_for(Change, "carol")) {
        let carol = group.member("carol");
        attempts.hand("a change again, after the next", carol, WARD, mail, trace).await?;
    }

    let mut erin = group.outsider("erin", lab).await?;
    let dave = group.outsider("dave", lab).await?;
    let mails = group.add_untold("alice", dave, trace).await?;
    let welcomes: Vec<Mail> =
        mails.iter().filter(|mail| mail.is_for(Welcome, "dave")).cloned().collect();
    if welcomes.is_empty() {
        return Err(Stop::not_offered("a newcomer is welcomed", "no welcome is sent"));
    }
    let mut twin = lab.blank("dave's twin").await?;
    let before = group.member("dave").snapshot().await?;
    for mail in &welcomes {
        attempts.hand("a welcome for dave to erin", &mut erin, WARD, mail, trace).await?;
        let carol = group.member("carol");
        attempts.hand("a welcome for dave to a member", carol, WARD, mail, trace).await?;
        twin.restore(&before).await?;
        trace.control("the unaltered welcome is taken", twin.seen_of_mail(WARD, mail).await);
        let honest = twin.view(WARD).await?;
        for body in altered(&mail.envelope.body.0, lab) {
            twin.restore(&before).await?;
            let altered = mail.with_body(body);
            let what = "an altered welcome to dave";
            let honest = honest.as_ref();
            attempts.hand_altered(what, &mut twin, WARD, &altered, honest, trace).await?;
        }
    }
    group.carry(&mails, trace).await?;
    for mail in &welcomes {
        let dave = group.member("dave");
        attempts.hand("a welcome a second time", dave, WARD, mail, trace).await?;
    }

    for from in ["alice", "dave"] {
        let sent = group.say(from, "a message after all that", lab, trace).await?;
        for to in group.live().iter().filter(|name| *name != from) {
            let what = format!("{to} reads {from}'s message after all that");
            let heard = group.hear(to, &sent, trace).await?;
            trace.control(what, heard);
        }
    }
    trace.measured(&attempts);
    lab.release([twin, erin]);
    group.disband(lab);
    Ok(())
}

/// A change by a copy of carol, for bob.
async fn belated(carol: &mut super::Device, trace: &mut Trace<'_>) -> Result<Vec<Mail>, Stop> {
    use hallmark_driver::protocol::ops::GroupRotate;
    let answer = carol.must("rotates its keys", &GroupRotate { group: WARD.to_owned() }).await?;
    let mut mails = Vec::new();
    for envelope in answer.envelopes {
        if envelope.kind == Change {
            let evidence = Some(trace.keep("a change that comes late".to_owned(), &envelope.body)?);
            let (from, to) = ("carol".to_owned(), vec!["bob".to_owned()]);
            mails.push(Mail { from, to, envelope, evidence });
        }
    }
    Ok(mails)
}

/// A body with single bits flipped here and there, and cut in half.
fn altered(body: &[u8], lab: &mut Lab<'_>) -> Vec<Vec<u8>> {
    let flips = if lab.depth == Depth::Quick { 8 } else { 64 };
    let mut bodies = vec![body.get(..body.len() / 2).unwrap_or_default().to_vec()];
    for _ in 0..flips {
        let bit = lab.below(body.len() * 8);
        let mut flipped = body.to_vec();
        if let Some(byte) = flipped.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        bodies.push(flipped);
    }
    bodies
}
