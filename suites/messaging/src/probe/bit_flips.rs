//! Flips single bits of an envelope and compares what is shown: meaning, not bytes.
//!
//! Two envelopes: the first of a session, and one of an established session. Before each try the
//! receiver's state is restored, so that every try meets the same device.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, Variant, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The first envelope of a session.
    pub first: Sweep,
    /// An envelope of an established session.
    pub established: Sweep,
}

/// One envelope, bit by bit.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sweep {
    /// Length of the envelope in bits.
    pub bits: u64,
    /// How many were flipped, one at a time.
    pub tried: u64,
    /// Whether the time was over before all that were chosen were flipped.
    #[serde(default)]
    pub cut_short: bool,
    /// How many tries the candidate refused.
    pub refused: u64,
    /// Bits whose change was accepted without changing the meaning: malleable, harmless.
    pub same_meaning: Vec<u64>,
    /// Bits whose change changed text, sender or position.
    pub other_meaning: Vec<u64>,
    /// Bits after which nothing was shown, without a refusal.
    pub nothing_shown: Vec<u64>,
    /// Bits after which the driver failed or broke off.
    pub broken: Vec<u64>,
}

/// How many bits are sampled at `--depth quick`.
const SAMPLE: usize = 256;
/// After so many broken devices the sweep has shown enough.
const ENOUGH_BROKEN: usize = 8;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(1).await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let sent = alice.send("bob", "the first message", &lab.canary(), trace).await?;
    let first = sweep("the first envelope", &mut bob, &sent, lab, trace).await?;

    bob.must_receive("the first message", &sent).await?;
    let reply = bob.send("alice", "a reply", &lab.canary(), trace).await?;
    alice.must_receive("a reply", &reply).await?;
    let sent = alice.send("bob", "a later message", &lab.canary(), trace).await?;
    let established = sweep("a later envelope", &mut bob, &sent, lab, trace).await?;

    trace.measured(&Measured { first, established });
    lab.release([alice, bob]);
    Ok(())
}

async fn sweep(
    what: &str,
    bob: &mut Device,
    sent: &Sent,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<Sweep, Stop> {
    for envelope in &sent.setup {
        bob.must_take(&sent.from, std::slice::from_ref(envelope)).await?;
    }
    let state = bob.snapshot().await?;
    let sent = Sent { setup: Vec::new(), ..sent.clone() };
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&state).await?;
    let unaltered = twin.receive(&sent).await;
    trace.control(format!("{what}, unaltered, is delivered"), unaltered.clone());

    let bits = sent.envelope.body.len() * 8;
    let chosen: Vec<usize> = match lab.depth {
        Depth::Quick if bits > SAMPLE => (0..SAMPLE).map(|_| lab.below(bits)).collect(),
        _ => (0..bits).collect(),
    };
    let mut sweep = Sweep::of(bits as u64);
    for bit in chosen {
        if lab.out_of_time() {
            sweep.cut_short = true;
            break;
        }
        let mut body = sent.envelope.body.0.clone();
        body[bit / 8] ^= 1 << (bit % 8);
        twin.restore(&state).await?;
        let seen = twin.receive_body(&sent, body.clone()).await;
        let variant = Variant { at: bit as u64, seen };
        let harmful = sweep.count(&variant, &unaltered);
        if harmful && sweep.other_meaning.len() <= 4 {
            let label = format!("{what} with bit {bit} flipped: {}", variant.seen);
            let kept = trace.keep(label.clone(), &body)?;
            trace.outcome(label, variant.seen.clone(), Some(kept));
        }
        if matches!(variant.seen, Seen::Broken { .. }) {
            if sweep.broken.len() >= ENOUGH_BROKEN {
                break;
            }
            twin = lab.blank("bob's twin").await?;
        }
    }
    twin.restore(&state).await?;
    trace.control(format!("{what} is still delivered after the sweep"), twin.receive(&sent).await);
    lab.release([twin]);
    Ok(sweep)
}

impl Sweep {
    /// Nothing tried yet of an envelope of so many bits.
    pub(super) fn of(bits: u64) -> Self {
        Self {
            bits,
            tried: 0,
            cut_short: false,
            refused: 0,
            same_meaning: vec![],
            other_meaning: vec![],
            nothing_shown: vec![],
            broken: vec![],
        }
    }

    /// Counts a try; says whether it changed the meaning.
    pub(super) fn count(&mut self, variant: &Variant, unaltered: &Seen) -> bool {
        self.tried += 1;
        match &variant.seen {
            seen if seen == unaltered => self.same_meaning.push(variant.at),
            Seen::Delivered { .. } => {
                self.other_meaning.push(variant.at);
                return true;
            }
            Seen::Refused { .. } => self.refused += 1,
            Seen::Done | Seen::NothingShown => self.nothing_shown.push(variant.at),
            Seen::Unsupported { .. } | Seen::DriverError { .. } | Seen::Broken { .. } => {
                self.broken.push(variant.at);
            }
        }
        false
    }
}
