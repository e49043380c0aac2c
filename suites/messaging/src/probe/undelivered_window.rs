//! Withholds a message and finds out for how many further chains its key survives.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Number of further receiving chains through which the message stayed readable.
    pub readable_through: u64,
    /// Number of further receiving chains after which it was first refused; none if it never was.
    pub gone_at: Option<u64>,
    /// How many further chains were tried.
    pub tried: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let most = match lab.depth {
        Depth::Quick => 12,
        Depth::Full => 16,
        Depth::Exhaustive => 64,
    };
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let withheld = pair.alice.send("bob", "the withheld message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &withheld.setup).await?;
    let passing = pair.alice.send("bob", "a message of the same chain", &lab.canary(), trace).await?;
    pair.bob.must_receive("a message of the same chain", &passing).await?;

    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&pair.bob.snapshot().await?).await?;
    let at_once = twin.receive_envelope(&withheld, withheld.envelope.clone()).await;
    trace.control("the withheld message opens while its chain is the newest", at_once);

    let mut measured = Measured { readable_through: 0, gone_at: None, tried: 0 };
    for further in 1..=most {
        pair.back(lab, trace).await?;
        pair.there(lab, trace).await?;
        let state = pair.bob.snapshot().await?;
        twin.restore(&state).await?;
        let seen = twin.receive_envelope(&withheld, withheld.envelope.clone()).await;
        measured.tried = further;
        let what = format!("after {further} further receiving chains");
        trace.outcome(what, seen.clone(), Some(withheld.evidence.clone()));
        match seen {
            Seen::Delivered { .. } => measured.readable_through = further,
            Seen::Refused { .. } => {
                measured.gone_at = Some(further);
                break;
            }
            _ => break,
        }
    }
    let state = pair.bob.snapshot().await?;
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;
    twin.restore(&state).await?;
    trace.control("the state tried last opens the next honest message", twin.receive(&next).await);
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, twin]);
    Ok(())
}
