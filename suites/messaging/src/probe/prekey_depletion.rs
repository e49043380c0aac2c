//! What happens when the server says that the one-time prekeys are used up: how many conversations
//! start from the same signed prekey, and whether the device replaces it the next time it
//! publishes. Measured, not judged.

use hallmark_driver::protocol::ops::Prekeys;
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Trace};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Conversations that strangers tried to start without a one-time prekey.
    pub tried: u64,
    /// Those that were started.
    pub started: u64,
    /// Those whose first message was read.
    pub read: u64,
    /// What stopped the first that was stopped.
    pub stopped: Option<Seen>,
    /// Whether there is a signed prekey, which all of these shared.
    pub signed_prekey: bool,
    /// Whether the signed prekey is another after the device published again.
    pub rotates: Option<bool>,
    /// The same of the key-encapsulation prekey.
    pub rotates_kem: Option<bool>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let tries = match lab.depth {
        Depth::Quick => 3,
        Depth::Full => 12,
        Depth::Exhaustive => 130,
    };
    let mut bob = lab.device("bob").await?;
    let offered = bob.publish(1).await?;
    let depleted = Prekeys { one_time_prekeys: Vec::new(), ..offered.clone() };
    let mut measured = Measured {
        tried: 0,
        started: 0,
        read: 0,
        stopped: None,
        signed_prekey: offered.signed_prekey.is_some(),
        rotates: None,
        rotates_kem: None,
    };
    for number in 1..=tries {
        let mut stranger = lab.device(&format!("stranger{number}")).await?;
        measured.tried = number;
        let begun = stranger.meet("bob", depleted.clone(), trace).await?;
        let stopped = match begun {
            Err(seen) => Some(seen),
            Ok(setup) => {
                measured.started += 1;
                let mut sent = stranger.send("bob", "a first message", &lab.canary(), trace).await?;
                sent.setup.splice(0..0, setup);
                let seen = bob.receive(&sent).await;
                measured.read += u64::from(seen.is_delivered());
                (!seen.is_delivered()).then_some(seen)
            }
        };
        lab.release([stranger]);
        measured.stopped = measured.stopped.or(stopped);
        if measured.stopped.is_some() {
            break;
        }
    }
    let again = bob.publish(1).await?;
    let public = |key: &Option<_>| key.as_ref().map(signed_public);
    let differs = |before: Option<Vec<u8>>, after: Option<Vec<u8>>| Some(before? != after?);
    measured.rotates = differs(public(&offered.signed_prekey), public(&again.signed_prekey));
    measured.rotates_kem = differs(public(&offered.kem_prekey), public(&again.kem_prekey));
    trace.measured(&measured);
    lab.release([bob]);
    Ok(())
}

fn signed_public(key: &hallmark_driver::protocol::ops::SignedPrekey) -> Vec<u8> {
    key.public.to_vec()
}
