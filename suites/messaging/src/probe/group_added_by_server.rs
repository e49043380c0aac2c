//! A stranger who runs the server tries to become a member without any member's doing.
//!
//! The stranger has a group of the same name, in which the real members' published prekeys serve as
//! members, and hands what it makes there to the real ones. The positive twin: a real member adds
//! somebody, who reads the next message.

use hallmark_driver::{
    Outcome,
    protocol::ops::{
        GroupAdd, GroupAnswer, GroupCreate, GroupEncrypt, GroupEnvelope, GroupEnvelopeKind,
        GroupRotate,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Stop, Trace,
    group::{self, Attempts, Group, GroupSent, Mail, WARD},
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Welcomes and changes of the stranger that were handed to a member.
    #[serde(flatten)]
    pub attempts: Attempts,
    /// Whether the stranger stood in a member's list afterwards.
    pub listed: bool,
    /// Messages of the stranger that a member showed.
    pub shown: u64,
    /// Whether the stranger opened the next message of a member.
    pub opened: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut ward = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    ward.tell("alice", "a message", lab, trace).await?;

    let mut mallory = lab.device("mallory").await?;
    group::acquaint(&mut mallory, ward.member("bob")).await?;
    let foreign = foreign(&mut mallory, lab).await?;

    let mut measured =
        Measured { attempts: Attempts::default(), listed: false, shown: 0, opened: false };
    for envelope in foreign {
        for claimed in ["mallory", "alice"] {
            let mail = Mail {
                from: claimed.to_owned(),
                to: vec!["bob".to_owned()],
                evidence: Some(trace.keep("the stranger's envelope".to_owned(), &envelope.body)?),
                envelope: envelope.clone(),
            };
            let what = format!("the stranger's {} to bob as of {claimed}", mail.kind());
            let bob = ward.member("bob");
            match envelope.kind {
                GroupEnvelopeKind::Welcome | GroupEnvelopeKind::Change => {
                    measured.attempts.hand(what, bob, WARD, &mail, trace).await?;
                }
                // A key by itself does nothing; what counts is whether a message under it is shown.
                GroupEnvelopeKind::Key => {
                    let seen = bob.seen_of_mail(WARD, &mail).await;
                    if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. }) {
                        return Err(Stop::at(what, seen));
                    }
                }
                GroupEnvelopeKind::Message => {
                    let sent = as_sent(claimed, &mail)?;
                    let seen = bob.hear_envelope(&sent).await;
                    measured.shown += u64::from(seen.is_delivered());
                    trace.outcome(what, seen, mail.evidence);
                }
            }
        }
    }

    let next = ward.say("alice", "the next message", lab, trace).await?;
    let seen = mallory.overhear(&next).await;
    measured.opened = seen.is_delivered();
    trace.outcome("the stranger is handed the next message", seen, Some(next.evidence.clone()));
    for who in ["bob", "carol"] {
        let heard = ward.hear(who, &next, trace).await?;
        trace.control(format!("{who} reads the next message"), heard);
        measured.listed |= ward.view(who).await?.members.iter().any(|name| name == "mallory");
    }

    let dave = ward.outsider("dave", lab).await?;
    ward.add("alice", dave, trace).await?;
    let next = ward.say("alice", "a message after an honest addition", lab, trace).await?;
    let heard = ward.hear("dave", &next, trace).await?;
    trace.control("one whom a member added reads the next", heard);

    trace.measured(&measured);
    lab.release([mallory]);
    ward.disband(lab);
    Ok(())
}

/// What a stranger makes in a group of his own of the same name.
async fn foreign(mallory: &mut Device, lab: &mut Lab<'_>) -> Result<Vec<GroupEnvelope>, Stop> {
    let group = WARD.to_owned();
    mallory.must("makes a group of the same name", &GroupCreate::named(&group)).await?;
    let args = GroupAdd { group: group.clone(), members: vec!["bob".to_owned()] };
    let mut envelopes = mallory.must("adds bob to it", &args).await?.envelopes;
    let rotated = mallory.call(&GroupRotate { group: group.clone() }).await;
    match rotated {
        Outcome::Ok(GroupAnswer { envelopes: more }, _) => envelopes.extend(more),
        Outcome::Unsupported(_) => {}
        other => return Err(Stop::at("mallory rotates his own keys", Seen::of(&other))),
    }
    let args = GroupEncrypt { group, plaintext: lab.canary().as_slice().into() };
    envelopes.extend(mallory.must("encrypts for his own group", &args).await?.envelopes);
    Ok(envelopes)
}

/// A message of the stranger, as one of whoever the server says.
fn as_sent(claimed: &str, mail: &Mail) -> Result<GroupSent, Stop> {
    let Some(evidence) = mail.evidence.clone() else {
        unreachable!("the stranger's envelopes are kept as evidence")
    };
    Ok(GroupSent {
        from: claimed.to_owned(),
        group: WARD.to_owned(),
        plaintext: Vec::new(),
        before: Vec::new(),
        envelope: mail.envelope.clone(),
        evidence,
    })
}
