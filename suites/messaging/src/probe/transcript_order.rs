//! Withholds messages and looks at the places that the candidate shows: do they follow the order of
//! sending, and does a gap show that something is missing?

use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};
use crate::facts::Seen;

/// What was measured: places, in the order of sending.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Of two messages that follow each other.
    pub together: [Option<u64>; 2],
    /// Of the message after one that was withheld.
    pub after_withheld: Option<u64>,
    /// Of the first message after the peer spoke, before which the last of the chain was withheld.
    pub after_turn: Option<u64>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let mut places = Vec::new();
    for (label, withheld) in [
        ("the first message", false),
        ("the second message", false),
        ("the third message", true),
        ("the fourth message", false),
        ("the fifth message, the last of its chain", true),
    ] {
        let sent = pair.alice.send("bob", label, &lab.canary(), trace).await?;
        if withheld {
            pair.bob.must_take("alice", &sent.setup).await?;
            continue;
        }
        let seen = pair.bob.receive(&sent).await;
        places.push(place(&seen));
        trace.control(format!("{label} is read"), seen);
    }
    pair.back(lab, trace).await?;
    let sent = pair.alice.send("bob", "the sixth message", &lab.canary(), trace).await?;
    let seen = pair.bob.receive(&sent).await;
    let of = |index: usize| places.get(index).copied().flatten();
    trace.measured(&Measured {
        together: [of(0), of(1)],
        after_withheld: of(2),
        after_turn: place(&seen),
    });
    trace.control("the sixth message, after a reply, is read", seen);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

fn place(seen: &Seen) -> Option<u64> {
    match seen {
        Seen::Delivered { position, .. } => *position,
        _ => None,
    }
}
