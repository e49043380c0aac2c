//! Flips each bit of the first bytes of an envelope, where versions and types stand, and compares
//! what is shown and what the session then states.

use hallmark_driver::protocol::{Bytes, ops::{SessionInfo, SessionInfoAnswer}};
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// How many bits were flipped, one at a time, in two envelopes.
    pub tried: u64,
    /// How many tries were refused.
    pub refused: u64,
    /// How many showed nothing, without a refusal.
    pub nothing_shown: u64,
    /// Flips that were accepted and changed neither meaning nor session.
    pub same: Vec<String>,
    /// Flips that changed what is shown, or what the session states.
    pub changed: Vec<String>,
    /// Whether the session could be asked what it is.
    pub session_stated: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(1).await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let mut measured = Measured::default();
    let sent = alice.send("bob", "the first message", &lab.canary(), trace).await?;
    sweep("the first envelope", &mut bob, &sent, &mut measured, lab, trace).await?;

    bob.must_receive("the first message", &sent).await?;
    let reply = bob.send("alice", "a reply", &lab.canary(), trace).await?;
    alice.must_receive("a reply", &reply).await?;
    let sent = alice.send("bob", "a later message", &lab.canary(), trace).await?;
    sweep("a later envelope", &mut bob, &sent, &mut measured, lab, trace).await?;
    trace.measured(&measured);
    lab.release([alice, bob]);
    Ok(())
}

async fn sweep(
    what: &str,
    bob: &mut Device,
    sent: &Sent,
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    bob.must_take(&sent.from, &sent.setup).await?;
    let sent = Sent { setup: Vec::new(), ..sent.clone() };
    let state: Bytes = bob.snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&state).await?;
    let unaltered = twin.receive(&sent).await;
    let honest = stated(&mut twin).await;
    trace.control(format!("{what}, unaltered, is delivered"), unaltered.clone());
    measured.session_stated = honest.is_some();

    let bytes = match lab.depth {
        Depth::Quick => 2,
        Depth::Full => 4,
        Depth::Exhaustive => 16,
    };
    for bit in 0..8 * bytes.min(sent.envelope.body.len()) {
        let mut body = sent.envelope.body.0.clone();
        if let Some(byte) = body.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        twin.restore(&state).await?;
        let seen = twin.receive_body(&sent, body.clone()).await;
        measured.tried += 1;
        let label = format!("{what} with bit {bit} flipped");
        match &seen {
            Seen::Refused { .. } => measured.refused += 1,
            Seen::Done | Seen::NothingShown => measured.nothing_shown += 1,
            Seen::Delivered { .. } => {
                let now = stated(&mut twin).await;
                if seen == unaltered && now == honest {
                    measured.same.push(label);
                } else {
                    let protocol = now.map(|now| format!("{label}: {seen}, as {}", now.protocol));
                    measured.changed.push(protocol.unwrap_or_else(|| format!("{label}: {seen}")));
                    let kept = trace.keep(label.clone(), &body)?;
                    trace.outcome(label, seen, Some(kept));
                }
            }
            Seen::Unsupported { .. } | Seen::DriverError { .. } | Seen::Broken { .. } => {
                let kept = trace.keep(label.clone(), &body)?;
                trace.outcome(label, seen, Some(kept));
                twin = lab.blank("bob's twin").await?;
            }
        }
    }
    lab.release([twin]);
    Ok(())
}

async fn stated(device: &mut Device) -> Option<SessionInfoAnswer> {
    device.call(&SessionInfo { peer: "alice".to_owned() }).await.ok()
}
