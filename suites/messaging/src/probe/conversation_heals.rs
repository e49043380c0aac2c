//! Post-compromise security at the level of the conversation: after the ratchet has healed, a copy
//! that still holds the identity key begins a new session in the victim's name.
//!
//! No protocol can tell the copy from the owner. What a product can do is to say so: to the peer,
//! who sees a new session, or to the owner, whose device can no longer read what arrives.

use hallmark_driver::protocol::{WarningClass, ops::Prekeys};
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// What the copy's message in a new session came to at the peer, or the step at which the
    /// copy was stopped.
    pub accepted: Seen,
    /// What the peer's device showed its user then.
    pub peer_warned: Vec<WarningClass>,
    /// What the peer's next message came to at the owner's device.
    pub owner: Option<Seen>,
    /// What the owner's device showed its user then.
    pub owner_warned: Vec<WarningClass>,
    /// What the peer's next message came to at the copy.
    pub copy: Option<Seen>,
    /// What the owner's next message came to at the peer.
    pub owner_speaks: Option<Seen>,
}

/// Who learns of a thief who begins anew, from nobody to the one it was stolen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noticed {
    /// Nobody is told, and nothing fails.
    None,
    /// The owner's device cannot read what arrives, and says so to nobody: a log at best.
    Log,
    /// Whoever is written to is told that a session is new.
    Peer,
    /// The owner's device says that something is wrong.
    Victim,
    /// The copy cannot begin.
    Prevented,
}

impl Noticed {
    /// In a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Log => "log",
            Self::Peer => "warning to peer",
            Self::Victim => "warning to victim",
            Self::Prevented => "prevented",
        }
    }
}

impl Measured {
    /// The grade; none where the copy's message was neither read nor refused.
    #[must_use]
    pub fn noticed(&self) -> Option<Noticed> {
        match &self.accepted {
            Seen::Refused { .. } => Some(Noticed::Prevented),
            Seen::Delivered { .. } if !self.owner_warned.is_empty() => Some(Noticed::Victim),
            Seen::Delivered { .. } if !self.peer_warned.is_empty() => Some(Noticed::Peer),
            Seen::Delivered { .. } if self.owner.as_ref().is_some_and(Seen::is_refused) => {
                Some(Noticed::Log)
            }
            Seen::Delivered { .. } => Some(Noticed::None),
            _ => None,
        }
    }
}

const ROUNDS: u32 = 3;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let prekeys = pair.alice.publish(1).await?;
    let stolen = pair.bob.snapshot().await?;
    let mut copy = lab.blank("bob").await?;
    copy.restore(&stolen).await?;
    let sent = pair.there(lab, trace).await?;
    trace.control("the copy reads the message after the theft", copy.receive(&sent).await);
    for _ in 0..ROUNDS {
        pair.back(lab, trace).await?;
        pair.there(lab, trace).await?;
    }
    drop((pair.alice.take_warnings(), pair.bob.take_warnings()));

    let mut measured = Measured {
        accepted: Seen::Done,
        peer_warned: Vec::new(),
        owner: None,
        owner_warned: Vec::new(),
        copy: None,
        owner_speaks: None,
    };
    match begin(&mut copy, lab::hand_out(prekeys, 0), &lab.canary(), trace).await? {
        Err(seen) => measured.accepted = seen,
        Ok(forged) => {
            measured.accepted = pair.alice.receive(&forged).await;
            let warnings = pair.alice.take_warnings();
            measured.peer_warned = warnings.iter().map(|warning| warning.class).collect();
            let what = "a message of the copy, in a new session in the owner's name";
            let evidence = Some(forged.evidence);
            trace.outcome_with(what, measured.accepted.clone(), evidence, warnings);
        }
    }
    let text = lab.canary();
    if let Ok(next) = pair.alice.try_send("bob", "the next message", &text, trace).await? {
        let seen = pair.bob.receive(&next).await;
        let warnings = pair.bob.take_warnings();
        measured.owner_warned = warnings.iter().map(|warning| warning.class).collect();
        measured.owner = Some(seen.clone());
        let evidence = Some(next.evidence.clone());
        trace.outcome_with("the peer's next message, at the owner", seen, evidence, warnings);
        let seen = copy.receive(&next).await;
        measured.copy = Some(seen.clone());
        trace.outcome("the peer's next message, at the copy", seen, Some(next.evidence));
    }
    let text = lab.canary();
    if let Ok(back) = pair.bob.try_send("alice", "a message of the owner", &text, trace).await? {
        let seen = pair.alice.receive(&back).await;
        measured.owner_speaks = Some(seen.clone());
        trace.outcome("the owner's next message, at the peer", seen, Some(back.evidence));
    }
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, copy]);
    Ok(())
}

/// The copy begins a session with alice; what stopped it, where something did.
async fn begin(
    copy: &mut Device,
    prekeys: Prekeys,
    text: &[u8],
    trace: &mut Trace<'_>,
) -> Result<Result<Sent, Seen>, Stop> {
    let setup = match copy.meet("alice", prekeys, trace).await? {
        Ok(setup) => setup,
        Err(seen) if seen.is_refused() => return Ok(Err(seen)),
        Err(seen) => return Err(Stop::at("the copy begins a session of its own", seen)),
    };
    let mut sent = copy.send("alice", "a message of the copy", text, trace).await?;
    sent.setup.splice(0..0, setup);
    Ok(Ok(sent))
}
