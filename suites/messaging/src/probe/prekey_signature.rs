//! Hands out prekeys whose signature does not hold: nothing may be encrypted to them.

use hallmark_driver::protocol::ops::{Prekeys, SignedPrekey};

use super::{Lab, Stop, Trace, lab};
use crate::facts::Seen;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let honest = bob.publish(8).await?;
    let mut mallory = lab.device("mallory").await?;
    let foreign = mallory.publish(1).await?;
    let variants = variants(&honest, &foreign);
    if variants.is_empty() {
        let reason = "the prekeys of this protocol carry no signature; \
                      authenticating them is left to the application";
        return Err(Stop::not_offered("bob publishes signed prekeys", reason));
    }

    let mut alice = lab.device("alice").await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(honest.clone(), 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let sent = alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("honest prekeys serve", bob.receive(&sent).await);
    lab.release([alice]);

    for (what, prekeys) in variants {
        let (seen, evidence) = offer(prekeys, lab, trace).await?;
        trace.outcome(what, seen, evidence);
    }
    lab.release([bob, mallory]);
    Ok(())
}

/// Offers prekeys to a fresh device; the first refusal on the way to an envelope is what counts.
pub(super) async fn offer(
    prekeys: Prekeys,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(Seen, Option<hallmark_model::EvidenceRef>), Stop> {
    let mut alice = lab.device("alice").await?;
    let result = match alice.meet("bob", prekeys, trace).await? {
        Err(seen) => (seen, None),
        Ok(_) => match alice.try_send("bob", "a message", &lab.canary(), trace).await? {
            Err(seen) => (seen, None),
            Ok(sent) => (Seen::Done, Some(sent.evidence)),
        },
    };
    lab.release([alice]);
    Ok(result)
}

fn variants(honest: &Prekeys, foreign: &Prekeys) -> Vec<(&'static str, Prekeys)> {
    let base = lab::hand_out(honest.clone(), 1);
    let mut variants = Vec::new();
    if let (Some(prekey), Some(other)) = (&base.signed_prekey, &foreign.signed_prekey) {
        variants.push((
            "signed prekey with one bit of its signature flipped",
            Prekeys { signed_prekey: Some(flipped(prekey)), ..base.clone() },
        ));
        let swapped = SignedPrekey { public: other.public.clone(), ..prekey.clone() };
        variants.push((
            "another key under the signature of the signed prekey",
            Prekeys { signed_prekey: Some(swapped), ..base.clone() },
        ));
        let stolen = SignedPrekey { signature: other.signature.clone(), ..prekey.clone() };
        variants.push((
            "signed prekey under a signature of another device",
            Prekeys { signed_prekey: Some(stolen), ..base.clone() },
        ));
    }
    if let Some(prekey) = &base.kem_prekey {
        variants.push((
            "key-encapsulation prekey with one bit of its signature flipped",
            Prekeys { kem_prekey: Some(flipped(prekey)), ..base.clone() },
        ));
    }
    variants
}

fn flipped(prekey: &SignedPrekey) -> SignedPrekey {
    let mut flipped = prekey.clone();
    flipped.signature.0.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    flipped
}
