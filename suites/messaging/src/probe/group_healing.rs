//! Post-compromise security in a group: the state of a victim is copied, and the copy is handed all
//! that travels. When the victim replaces its own keys, the copy must be left behind.
//!
//! That another member's change does not evict the copy is no fault: it holds the keys to follow
//! it. This is written down and not judged.

use hallmark_driver::{
    Outcome,
    protocol::ops::{GroupEncrypt, GroupEnvelopeKind},
};
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Stop, Trace,
    group::{Group, GroupSent, Mail},
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// One for each size that was tried.
    pub groups: Vec<Healed>,
}

/// What became of the copy in one group.
#[derive(Debug, Serialize, Deserialize)]
pub struct Healed {
    /// Members, live or not.
    pub size: u64,
    /// Whether the copy still read after another member's rotation; none where there is no other
    /// but the one who speaks.
    pub reads_after_anothers: bool,
    /// Whether it still read after the victim's own.
    pub reads_after_own: bool,
    /// What became of a message that the copy then sent in the victim's name; none where it could
    /// not send one. Where late messages of past epochs are taken, this one passes for one.
    pub heard: Option<Seen>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let sizes: &[usize] = if lab.depth == Depth::Quick { &[3] } else { &[2, 10, 100] };
    let mut groups = Vec::new();
    for size in sizes {
        groups.push(of_size(*size, lab, trace).await?);
    }
    trace.measured(&Measured { groups });
    Ok(())
}

async fn of_size(size: usize, lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<Healed, Stop> {
    let live = ["alice", "bob", "carol"];
    let live = live.get(..size.min(3)).unwrap_or(&live);
    let other = *live.last().unwrap_or(&"alice");
    let other = if other == "bob" { "alice" } else { other };
    let mut group = Group::of(live, size, lab, trace).await?;
    for from in live {
        group.tell(from, "a message", lab, trace).await?;
    }
    let mut clone = lab.blank("bob's clone").await?;
    clone.restore(&group.member("bob").snapshot().await?).await?;
    let sent = group.tell("alice", "a message after the theft", lab, trace).await?;
    let at = format!("in a group of {size}");
    let what = format!("{at}, the copy reads on after the theft");
    trace.control(what, clone.hear_as("bob", &sent).await);

    let changes = group.rotate(other, trace).await?;
    follow(&mut clone, &group.name, &changes).await;
    let sent = group.tell("alice", "a message after another's rotation", lab, trace).await?;
    let reads_after_anothers = clone.hear_as("bob", &sent).await.is_delivered();

    let changes = group.rotate("bob", trace).await?;
    let forked = clone.snapshot().await?;
    let mut reads_after_own = false;
    let sent = group.say("alice", "a message after the victim's rotation", lab, trace).await?;
    for to in group.live().iter().filter(|name| *name != "alice") {
        let what = format!("{at}, {to} reads the message after the victim's rotation");
        let heard = group.hear(to, &sent, trace).await?;
        trace.control(what, heard);
    }
    // The copy may follow the victim's change, or ignore it.
    for follows in [true, false] {
        clone.restore(&forked).await?;
        if follows {
            follow(&mut clone, &group.name, &changes).await;
        }
        let seen = clone.hear_as("bob", &sent).await;
        let seen = if seen.is_delivered() { seen } else { clone.hear_envelope(&sent).await };
        reads_after_own |= seen.is_delivered();
        let how = if follows { "follows" } else { "ignores" };
        let what = format!("{at}, the copy, which {how} the victim's rotation, is handed the next");
        trace.outcome(what, seen, Some(sent.evidence.clone()));
    }
    clone.restore(&forked).await?;
    let heard = speak(&mut clone, &mut group, &sent, lab).await;

    lab.release([clone]);
    group.disband(lab);
    Ok(Healed { size: size as u64, reads_after_anothers, reads_after_own, heard })
}

/// The copy is handed changes; whether it can follow them is what the next message shows.
async fn follow(clone: &mut Device, group: &str, changes: &[Mail]) {
    for mail in changes {
        drop(clone.seen_of_mail(group, mail).await);
    }
}

/// The copy speaks in the victim's name, and Alice is handed what it makes.
async fn speak(
    clone: &mut Device,
    group: &mut Group,
    like: &GroupSent,
    lab: &mut Lab<'_>,
) -> Option<Seen> {
    let args =
        GroupEncrypt { group: group.name.clone(), plaintext: lab.canary().as_slice().into() };
    let Outcome::Ok(answer, _) = clone.call(&args).await else { return None };
    let mut heard = None;
    for envelope in answer.envelopes {
        let alice = group.member("alice");
        if envelope.kind == GroupEnvelopeKind::Message {
            let from = "bob".to_owned();
            let plaintext = args.plaintext.0.clone();
            let forged = GroupSent { from, plaintext, before: vec![], envelope, ..like.clone() };
            heard = Some(alice.hear_envelope(&forged).await);
        } else {
            let (from, to) = ("bob".to_owned(), vec!["alice".to_owned()]);
            let mail = Mail { from, to, envelope, evidence: None };
            drop(alice.seen_of_mail(&args.group, &mail).await);
        }
    }
    heard
}
