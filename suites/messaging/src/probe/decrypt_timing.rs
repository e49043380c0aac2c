//! Does it take another time to refuse an envelope whose tag is wrong than one whose ciphertext is?
//!
//! Both kinds are handed over in turns, so that whatever else the machine does meets both alike,
//! and their times are compared by Welch's test. The time is that of the whole call through the
//! driver: a difference that shows here is large, and none that shows proves nothing.

use std::time::Instant;

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace};
use crate::facts::Seen;

/// What was measured, in nanoseconds; nothing below `--depth exhaustive`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Refusals of each kind that were compared, after the slowest were left out.
    pub samples: u64,
    /// Mean time to refuse a changed tag.
    pub tag: f64,
    /// Mean time to refuse a changed ciphertext.
    pub ciphertext: f64,
    /// Welch's t; beyond 4.5 a difference is taken for real.
    pub t: f64,
    /// Half of the interval of 95 % around the difference of the means.
    pub half_interval: f64,
}

/// Pairs of refusals.
const PAIRS: usize = 2_000;
/// Pairs before these, while caches fill.
const WARM_UP: usize = 100;
/// The share that is left out at the slow end: interruptions, not decryption.
const SLOWEST_PERCENT: usize = 5;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    if lab.depth != Depth::Exhaustive {
        return Ok(());
    }
    let mut pair = lab.pair(trace).await?;
    let sent = pair.alice.send("bob", "a message", &[b'x'; 4096], trace).await?;
    pair.bob.must_take("alice", &sent.setup).await?;
    let sent = Sent { setup: Vec::new(), ..sent };
    let length = sent.envelope.body.len();
    let (mut tags, mut ciphertexts) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + PAIRS {
        // Which comes first is drawn, so that the order explains nothing.
        let first = lab.below(2);
        for turn in [first, 1 - first] {
            let at = if turn == 0 { length.saturating_sub(1) } else { length / 2 };
            let nanos = refused_within(&mut pair.bob, &sent, at).await?;
            if number >= WARM_UP {
                if turn == 0 { &mut tags } else { &mut ciphertexts }.push(nanos);
            }
        }
    }
    trace.control("the envelope itself is delivered", pair.bob.receive(&sent).await);
    trace.measured(&welch(tags, ciphertexts));
    lab.release([pair.alice, pair.bob]);
    Ok(())
}

/// How long the refusal of the envelope with this byte changed takes.
async fn refused_within(bob: &mut Device, sent: &Sent, at: usize) -> Result<f64, Stop> {
    let mut body = sent.envelope.body.0.clone();
    if let Some(byte) = body.get_mut(at) {
        *byte ^= 1;
    }
    let began = Instant::now();
    let seen = bob.receive_body(sent, body).await;
    let nanos = began.elapsed().as_secs_f64() * 1e9;
    match seen {
        Seen::Refused { .. } | Seen::NothingShown => Ok(nanos),
        other => Err(Stop::at(format!("an envelope with byte {at} changed is refused"), other)),
    }
}

fn welch(one: Vec<f64>, other: Vec<f64>) -> Measured {
    let (one, other) = (without_slowest(one), without_slowest(other));
    let ((mean_one, error_one), (mean_other, error_other)) = (spread(&one), spread(&other));
    let error = (error_one + error_other).sqrt();
    let difference = mean_one - mean_other;
    Measured {
        samples: one.len().min(other.len()) as u64,
        tag: mean_one,
        ciphertext: mean_other,
        t: if error > 0.0 { difference / error } else { 0.0 },
        half_interval: 1.96 * error,
    }
}

fn without_slowest(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times.truncate(times.len() - times.len() * SLOWEST_PERCENT / 100);
    times
}

/// The mean, and its squared standard error.
fn spread(times: &[f64]) -> (f64, f64) {
    let count = times.len().max(2) as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_and_none_does_not() {
        let times = |mean: f64| (0..2_000).map(|n| mean + f64::from(n % 10)).collect::<Vec<_>>();
        let same = welch(times(100.0), times(100.0));
        assert!(same.t.abs() < 0.001 && same.half_interval < 1.0, "{same:?}");
        let other = welch(times(100.0), times(105.0));
        assert!(other.t < -4.5 && (other.ciphertext - other.tag - 5.0).abs() < 0.1, "{other:?}");
    }
}
