//! Replays the first message of a conversation: at once, and after the session that it started was
//! deleted; each with and without a one-time prekey.
//!
//! Without a one-time prekey nothing in the key agreement is used up, so that only a memory of
//! what was begun can tell the second start from the first.

use hallmark_driver::protocol::ops::SessionDelete;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// What could not be tried, and why.
    pub not_tried: Vec<NotTried>,
}

/// A leg of the experiment that could not be tried.
#[derive(Debug, Serialize, Deserialize)]
pub struct NotTried {
    /// In words.
    pub what: String,
    /// What was seen instead.
    pub seen: Seen,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let [prekeys, last] = lab::offers(&mut bob).await?;
    let mut measured = Measured::default();
    let without = {
        let mut prekeys = prekeys.clone();
        prekeys.one_time_prekeys.clear();
        prekeys
    };
    let one_time = !prekeys.one_time_prekeys.is_empty();
    let legs = [
        ("alice", "with a one-time prekey", one_time.then_some(prekeys)),
        ("carol", "without one-time prekey", Some(without)),
    ];
    for (name, how, prekeys) in legs {
        let Some(prekeys) = prekeys else {
            let reason = "bob publishes no one-time prekeys".to_owned();
            measured.miss(format!("a start {how}"), Seen::Unsupported { reason });
            continue;
        };
        let mut device = lab.device(name).await?;
        let setup = match device.meet("bob", prekeys, trace).await? {
            Ok(setup) => setup,
            Err(seen) => {
                measured.miss(format!("a start {how}"), seen);
                lab.release([device]);
                continue;
            }
        };
        let mut sent = device.send("bob", "a first message", &lab.canary(), trace).await?;
        sent.setup.splice(0..0, setup);
        trace.control(format!("the first message of {name}, {how}, is read"), bob.receive(&sent).await);
        let again = bob.receive(&sent).await;
        trace.outcome(format!("the same {how}, again at once"), again, Some(sent.evidence.clone()));

        let deleted = bob.call(&SessionDelete { peer: name.to_owned() }).await;
        match Seen::of(&deleted) {
            Seen::Done => {
                let again = bob.receive(&sent).await;
                let what = format!("the same {how}, again after the session was deleted");
                trace.outcome(what, again, Some(sent.evidence));
            }
            seen => measured.miss(format!("a replay {how} after the session was deleted"), seen),
        }
        lab.release([device]);
    }
    let mut dave = lab.device("dave").await?;
    let setup = lab::meet(&mut dave, "bob", last, trace).await?;
    let mut sent = dave.send("bob", "a first message", &lab.canary(), trace).await?;
    sent.setup.splice(0..0, setup);
    trace.control("a new conversation still begins", bob.receive(&sent).await);
    trace.measured(&measured);
    lab.release([bob, dave]);
    Ok(())
}

impl Measured {
    fn miss(&mut self, what: String, seen: Seen) {
        self.not_tried.push(NotTried { what, seen });
    }
}
