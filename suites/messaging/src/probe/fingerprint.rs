//! Compares what two users would read to each other, with and without a substituted key.

use hallmark_driver::protocol::ops::IdentityFingerprint;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Stop, Trace, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// An honest pair reads the same.
    pub honest_equal: bool,
    /// A pair with a key substituted in between reads differently.
    pub substituted_differs: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let (at_alice, at_bob) = (read(&mut pair.alice, "bob").await?, read(&mut pair.bob, "alice").await?);
    trace.control("both sides of an honest pair show a fingerprint", Seen::Done);

    // Mallory, who holds the server, hands alice his own prekeys under bob's name, and speaks to
    // bob under alice's.
    let mut alice = lab.device("alice").await?;
    let mut mallory = lab.device("bob").await?;
    let mut bob = lab.device("bob").await?;
    let mut other = lab.device("alice").await?;
    for (from, to, peer) in [(&mut alice, &mut mallory, "bob"), (&mut other, &mut bob, "bob")] {
        let prekeys = to.publish(1).await?;
        let setup = lab::meet(from, peer, lab::hand_out(prekeys, 0), trace).await?;
        to.must_take("alice", &setup).await?;
        let sent = from.send(peer, "a message", &lab.canary(), trace).await?;
        to.must_receive("a message", &sent).await?;
    }
    let (victim, deceived) = (read(&mut alice, "bob").await?, read(&mut bob, "alice").await?);
    trace.outcome("alice and bob read theirs with a substituted key", Seen::Done, None);
    trace.measured(&Measured {
        honest_equal: at_alice == at_bob,
        substituted_differs: victim != deceived,
    });
    lab.release([pair.alice, pair.bob, alice, mallory, bob, other]);
    Ok(())
}

async fn read(device: &mut Device, peer: &str) -> Result<String, Stop> {
    let args = IdentityFingerprint { peer: peer.to_owned() };
    let what = format!("shows the fingerprint for {peer}");
    Ok(device.must(&what, &args).await?.fingerprint)
}
