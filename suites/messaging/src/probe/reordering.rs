//! Delivers five messages of one chain out of order.

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Authenticated positions in the order of *sending*; none where the protocol has none.
    pub positions: Vec<Option<u64>>,
}

/// The order of delivery, as places in the order of sending.
const ORDER: [usize; 5] = [2, 0, 4, 1, 3];

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let mut sent = Vec::new();
    for number in 1..=ORDER.len() {
        let label = format!("message {number}");
        sent.push(pair.alice.send("bob", &label, &lab.canary(), trace).await?);
    }
    let mut positions = vec![None; ORDER.len()];
    for place in ORDER {
        let seen = pair.bob.receive(&sent[place]).await;
        if let Seen::Delivered { position, .. } = seen {
            positions[place] = position;
        }
        let evidence = Some(sent[place].evidence.clone());
        trace.outcome(format!("message {}", place + 1), seen, evidence);
    }
    let next = pair.alice.send("bob", "the next message", &lab.canary(), trace).await?;
    trace.control("the next message, in order, is delivered", pair.bob.receive(&next).await);
    trace.measured(&Measured { positions });
    lab.release([pair.alice, pair.bob]);
    Ok(())
}
