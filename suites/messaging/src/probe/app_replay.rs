//! Lets the server hand over each message a second time.

use hallmark_driver::{
    Outcome,
    protocol::ops::{RelayTamper, ShownAnswer},
};
use serde::{Deserialize, Serialize};

use super::{
    Lab, Stop, Trace,
    hostile::{self, Hostile, Person},
};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How often the server handed a message over again.
    pub applied: u64,
    /// How often a message was shown: the one that was shown most.
    pub shown: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut alice = hostile.enter("alice", lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    hostile.meet(&mut alice, &mut bob, (lab, trace)).await?;
    let honest = hostile::close(&mut alice, &mut bob, (lab, trace)).await?;
    let before = times(&mut bob, alice.user(), &honest).await.0;
    if before != 1 {
        let what = format!("an honest message is shown once; it is shown {before} time(s)");
        return Err(Stop::at(what, Seen::Done));
    }

    let (view, from) = (bob.user().to_owned(), alice.user().to_owned());
    hostile.tamper(&RelayTamper::Replay { view, from }).await?;
    let text = hostile::secret(lab);
    let sent = alice.app().try_send(bob.user(), &text).await;
    if sent != Seen::Done {
        return Err(Stop::at("alice writes to bob", sent));
    }
    let last = hostile::close(&mut alice, &mut bob, (lab, trace)).await?;
    // The last one may be the only one that came as something that the server can repeat.
    let (first, outcome) = times(&mut bob, alice.user(), &text).await;
    let shown = match first {
        0 => 0,
        first => first.max(times(&mut bob, alice.user(), &last).await.0),
    };
    let relay = hostile.seen().await?;
    let evidence = hostile::keep(&relay, "messages again", trace)?;
    let what = format!("bob looks for the message, which is shown {shown} time(s)");
    trace.outcome_with(what, Seen::of(&outcome), Some(evidence), bob.news());
    trace.measured(&Measured { applied: relay.applied, shown });
    hostile.end([alice, bob], lab).await;
    Ok(())
}

/// How often a text is shown.
async fn times(
    person: &mut Person,
    conversation: &str,
    text: &str,
) -> (u64, Outcome<ShownAnswer>) {
    let outcome = person.app().read(conversation).await;
    let times = u64::try_from(hostile::shown(&outcome, text).len()).unwrap_or(u64::MAX);
    (times, outcome)
}
