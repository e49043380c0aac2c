//! Lets the server hand over each message a second time.

use hallmark_driver::protocol::ops::RelayTamper;
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile},
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How often the server handed a message over again.
    pub applied: u64,
    /// How often one message was shown.
    pub shown: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;

    let (view, from) = (bob.user().to_owned(), alice.user().to_owned());
    hostile.tamper(&RelayTamper::Replay { view, from }).await?;
    let text = hostile::secret(lab);
    let sent = alice.app().try_send(bob.user(), &text).await;
    if sent != Seen::Done {
        return Err(Stop::at("alice writes to bob", sent));
    }
    hostile::close(&mut alice, &mut bob, (lab, trace)).await?;
    let outcome = bob.app().read(alice.user()).await;
    let shown = u64::try_from(hostile::shown(&outcome, &text).len()).unwrap_or(u64::MAX);
    let relay = hostile.seen().await?;
    let evidence = hostile::keep(&relay, "messages again", trace)?;
    let what = format!("bob looks for the message, which is shown {shown} time(s)");
    trace.outcome_with(what, Seen::of(&outcome), Some(evidence), bob.news());
    trace.measured(&Measured { applied: relay.applied, shown });
    hostile.end([alice, bob], lab).await;
    Ok(())
}
