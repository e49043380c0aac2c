//! Cuts an envelope of an established session at its end, to every length.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Sent, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Length of the whole envelope in bytes.
    pub bytes: u64,
    /// How many lengths were tried.
    pub tried: u64,
    /// Whether the time was over before all that were chosen were tried.
    #[serde(default)]
    pub cut_short: bool,
    /// How many the candidate refused.
    pub refused: u64,
    /// Lengths at which a message was shown.
    pub delivered: Vec<u64>,
    /// Lengths at which nothing was shown, without a refusal.
    pub nothing_shown: Vec<u64>,
    /// Lengths at which the driver failed or broke off.
    pub broken: Vec<u64>,
}

/// At `--depth quick` every length down to this many bytes less is tried, then every eighth.
const EVERY: usize = 40;
/// After so many broken devices enough has been shown.
const ENOUGH_BROKEN: usize = 8;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &sent.setup).await?;
    let sent = Sent { setup: Vec::new(), ..sent };
    let state = pair.bob.snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&state).await?;
    trace.control("the whole envelope is delivered", twin.receive(&sent).await);

    let whole = sent.envelope.body.len();
    let mut measured = Measured {
        bytes: whole as u64,
        tried: 0,
        cut_short: false,
        refused: 0,
        delivered: vec![],
        nothing_shown: vec![],
        broken: vec![],
    };
    for length in (0..whole).rev() {
        if lab.depth == Depth::Quick && whole - length > EVERY && length % 8 != 0 {
            continue;
        }
        if lab.out_of_time() {
            measured.cut_short = true;
            break;
        }
        let body = sent.envelope.body[..length].to_vec();
        twin.restore(&state).await?;
        let seen = twin.receive_body(&sent, body.clone()).await;
        measured.tried += 1;
        match &seen {
            Seen::Refused { .. } => measured.refused += 1,
            Seen::Delivered { .. } => {
                if measured.delivered.len() < 4 {
                    let label = format!("{length} of {whole} bytes: {seen}");
                    let kept = trace.keep(label.clone(), &body)?;
                    trace.outcome(label, seen.clone(), Some(kept));
                }
                measured.delivered.push(length as u64);
            }
            Seen::Done | Seen::NothingShown => measured.nothing_shown.push(length as u64),
            Seen::Unsupported { .. } | Seen::DriverError { .. } | Seen::Broken { .. } => {
                measured.broken.push(length as u64);
            }
        }
        if matches!(seen, Seen::Broken { .. }) {
            if measured.broken.len() >= ENOUGH_BROKEN {
                break;
            }
            twin = lab.blank("bob's twin").await?;
        }
    }
    twin.restore(&state).await?;
    trace.control("the whole envelope is still delivered afterwards", twin.receive(&sent).await);
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, twin]);
    Ok(())
}
