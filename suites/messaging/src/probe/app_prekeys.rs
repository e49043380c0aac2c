//! A stranger asks the server for somebody's prekeys until there are none left.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, hostile::Hostile};
use crate::facts::Seen;

/// How often the stranger asks.
const CLAIMS: u32 = 40;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How often the stranger asked.
    pub asked: u32,
    /// Answers with a one-time key.
    pub handed: u64,
    /// Different one-time keys among them.
    pub distinct: u64,
    /// Answers with the key alone that serves when no others are left.
    pub last_resort: u64,
    /// Answers that the server refused.
    pub refused: u64,
    /// Whether somebody new can still write to the owner afterwards.
    pub newcomer: Option<bool>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut hostile = Hostile::open(lab).await?;
    let mut bob = hostile.enter("bob", lab).await?;
    let mut carol = hostile.enter("carol", lab).await?;
    hostile.meet(&mut carol, &mut bob, (lab, trace)).await?;

    let claimed = hostile.claim(bob.user(), CLAIMS).await?;
    let mut measured = Measured {
        asked: CLAIMS,
        handed: claimed.handed,
        distinct: claimed.distinct,
        last_resort: claimed.last_resort,
        refused: claimed.refused,
        newcomer: None,
    };
    trace.outcome("a stranger asks for bob's prekeys", Seen::Done, None);
    trace.measured(&measured);
    let mut alice = hostile.enter("alice", lab).await?;
    match hostile.meet(&mut alice, &mut bob, (lab, trace)).await {
        Ok(_) => measured.newcomer = Some(true),
        Err(Stop::Step(step)) => {
            measured.newcomer = Some(false);
            trace.outcome(step.what, step.seen, step.evidence);
        }
        Err(stop) => return Err(stop),
    }
    trace.measured(&measured);
    hostile.end([alice, bob, carol], lab).await;
    Ok(())
}
