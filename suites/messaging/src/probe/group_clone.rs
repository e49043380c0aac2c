//! How long a stolen copy reads on in a group where nobody rotates. Measured, not judged.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace, group::Group};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Messages that the copy read after the theft.
    pub read: u64,
    /// Messages that were sent.
    pub tried: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let most = if lab.depth == Depth::Quick { 12 } else { 120 };
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    for from in ["alice", "bob", "carol"] {
        group.tell(from, "a message", lab, trace).await?;
    }
    let mut clone = lab.blank("bob's clone").await?;
    clone.restore(&group.member("bob").snapshot().await?).await?;
    let mut measured = Measured { read: 0, tried: 0 };
    for round in 0..most {
        let from = if round % 2 == 0 { "alice" } else { "carol" };
        let sent = group.tell(from, "a message after the theft", lab, trace).await?;
        let seen = clone.hear_as("bob", &sent).await;
        measured.tried += 1;
        measured.read += u64::from(seen.is_delivered());
        if !seen.is_delivered() || measured.tried == most {
            let what = format!("the copy is handed message {} after the theft", measured.tried);
            trace.outcome(what, seen, Some(sent.evidence));
            break;
        }
    }
    trace.measured(&measured);
    lab.release([clone]);
    group.disband(lab);
    Ok(())
}
