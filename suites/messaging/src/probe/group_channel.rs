//! What belongs to a group is handed over as if it were between two, and the other way round.
//!
//! A protocol that shares sender keys in messages between two leaves it to the application to say
//! which of these are for people. Whether a relabelled key share is shown is therefore counted
//! apart.

use hallmark_driver::{
    Outcome,
    protocol::ops::{
        Envelope, EnvelopeKind, GroupDecrypt, GroupEnvelope, GroupEnvelopeKind, MessageDecrypt,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    group::{Group, WARD},
    lab,
};
use crate::facts::{Seen, Sender, Text};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Key shares of the group that were handed over as messages between two.
    pub key_shares: u64,
    /// How many of them were shown as if a person had written them.
    pub key_shares_shown: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut ward = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    ward.tell("carol", "a message", lab, trace).await?;
    // Between Alice and Bob there is a conversation as well.
    let prekeys = ward.member("bob").publish(1).await?;
    let alice = ward.member("alice");
    let setup = lab::meet(alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    let private = alice.send("bob", "a message for bob alone", &lab.canary(), trace).await?;
    ward.member("bob").must_take("alice", &setup).await?;
    let sent = ward.say("alice", "a message for the group", lab, trace).await?;

    let state = ward.member("bob").snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&state).await?;
    for mail in sent.before.iter().filter(|mail| mail.to.iter().any(|name| name == "bob")) {
        let what = format!("bob's twin takes the {} before", mail.kind());
        twin.take_mail(WARD, mail).await.map_err(|seen| Stop::at(what, seen))?;
    }
    let keyed = twin.snapshot().await?;
    let mut measured = Measured { key_shares: 0, key_shares_shown: 0 };
    for kind in [GroupEnvelopeKind::Message, GroupEnvelopeKind::Key] {
        let bodies = sent
            .before
            .iter()
            .filter(|mail| mail.is_for(kind, "bob"))
            .map(|mail| (mail.envelope.clone(), mail.evidence.clone()))
            .chain(
                (sent.envelope.kind == kind)
                    .then(|| (sent.envelope.clone(), Some(sent.evidence.clone()))),
            );
        for (envelope, evidence) in bodies.collect::<Vec<_>>() {
            for tag in [envelope.tag.clone(), private.envelope.tag.clone()] {
                // A message must be refused although its key is there.
                let is_key = kind == GroupEnvelopeKind::Key;
                twin.restore(if is_key { &state } else { &keyed }).await?;
                let disguised =
                    Envelope { kind: EnvelopeKind::Message, tag, body: envelope.body.clone() };
                let args = MessageDecrypt { from: "alice".to_owned(), envelope: disguised };
                let seen = shown(twin.call(&args).await);
                if is_key {
                    measured.key_shares += 1;
                    measured.key_shares_shown += u64::from(seen.is_delivered());
                    if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. }) {
                        let what = "a key share of the group, handed over as one between two";
                        return Err(Stop::at(what, seen));
                    }
                } else {
                    let what = "a message of the group, handed over as one between two";
                    trace.outcome(what, seen, evidence.clone());
                }
            }
        }
    }
    for tag in [private.envelope.tag.clone(), sent.envelope.tag.clone()] {
        twin.restore(&state).await?;
        for mail in &private.setup {
            let args = MessageDecrypt { from: "alice".to_owned(), envelope: mail.clone() };
            drop(twin.call(&args).await);
        }
        let envelope = GroupEnvelope {
            to: vec![],
            kind: GroupEnvelopeKind::Message,
            tag,
            body: private.envelope.body.clone(),
        };
        let args = GroupDecrypt { group: WARD.to_owned(), from: "alice".to_owned(), envelope };
        let seen = shown(twin.call(&args).await);
        let what = "a message between two, handed over as one of the group";
        trace.outcome(what, seen, Some(private.evidence.clone()));
    }

    let bob = ward.member("bob");
    trace.control("the message between two, where it belongs", bob.receive(&private).await);
    let seen = ward.hear("bob", &sent, trace).await?;
    trace.control("the message of the group, where it belongs", seen);
    trace.measured(&measured);
    lab.release([twin]);
    ward.disband(lab);
    Ok(())
}

/// Whether anything was shown; what was meant to be shown there is nothing.
fn shown(outcome: Outcome<hallmark_driver::protocol::ops::MessagesAnswer>) -> Seen {
    match outcome {
        Outcome::Ok(answer, _) if answer.messages.is_empty() => Seen::NothingShown,
        Outcome::Ok(..) => {
            Seen::Delivered { text: Text::Different, sender: Sender::Wrong, position: None }
        }
        other => Seen::of(&other),
    }
}
