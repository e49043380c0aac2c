//! Lets the server hand over one person's message as another's.

use hallmark_driver::protocol::ops::RelayTamper;
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile},
};
use crate::facts::{Seen, Sender};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How often the server named another sender.
    pub applied: u64,
    /// Under whose name the message was shown.
    pub shown: Named,
}

/// Under whose name a message was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Named {
    /// It was not shown.
    NotShown,
    /// Its real sender's.
    Real,
    /// The other's, and not as the other's honest messages are shown.
    OtherMarked,
    /// The other's, as the other's honest messages are shown.
    Other,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    let mut carol = hostile.enter("carol", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    hostile.meet(&mut carol, &mut bob, (lab, trace)).await?;
    let honest = hostile.write(&mut carol, &mut bob, (lab, trace)).await?;

    let act = RelayTamper::Sender {
        view: bob.user().to_owned(),
        from: alice.user().to_owned(),
        to: carol.user().to_owned(),
    };
    hostile.tamper(&act).await?;
    let text = hostile::secret(lab);
    let sent = alice.app().try_send(bob.user(), &text).await;
    if sent != Seen::Done {
        return Err(Stop::at("alice writes to bob", sent));
    }
    hostile::close(&mut carol, &mut bob, (lab, trace)).await?;
    let mut shown = Named::NotShown;
    for conversation in [alice.user(), carol.user()] {
        let found = bob.app().finds(conversation, &text, alice.user()).await;
        let warnings = bob.news();
        match (&found.seen, found.look) {
            (Seen::Delivered { sender: Sender::Right, .. }, _) => shown = Named::Real,
            (Seen::Delivered { sender: Sender::Wrong, .. }, look) => {
                let marked = look.is_some_and(|look| look != honest.look);
                let told = marked || !warnings.is_empty();
                shown = if told { Named::OtherMarked } else { Named::Other };
            }
            _ => {}
        }
        let with = if conversation == alice.user() { "alice" } else { "carol" };
        let what = format!("bob looks for alice's message in his conversation with {with}");
        trace.outcome_with(what, found.seen, None, warnings);
    }
    let relay = hostile.seen().await?;
    hostile::keep(&relay, "another sender", trace)?;
    trace.measured(&Measured { applied: relay.applied, shown });
    hostile.end([alice, bob, carol], lab).await;
    Ok(())
}
