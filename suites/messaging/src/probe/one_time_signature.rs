//! Hands out one-time and key-encapsulation prekeys whose signature does not hold.

use hallmark_driver::protocol::{
    Bytes,
    ops::{OneTimePrekey, Prekeys, SignedPrekey},
};

use super::{Lab, Stop, Trace, lab, prekey_signature::offer};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let honest = bob.publish(2).await?;
    let mut mallory = lab.device("mallory").await?;
    let foreign = lab::hand_out(mallory.publish(1).await?, 0);
    let variants = variants(&lab::hand_out(honest.clone(), 1), &foreign);
    if variants.is_empty() {
        let reason = "this protocol signs neither one-time nor key-encapsulation prekeys";
        return Err(Stop::not_offered("bob publishes signed one-time prekeys", reason));
    }

    let mut alice = lab.device("alice").await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(honest, 0), trace).await?;
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

fn variants(base: &Prekeys, foreign: &Prekeys) -> Vec<(&'static str, Prekeys)> {
    let mut variants = Vec::new();
    if let Some((prekey, signature)) =
        base.one_time_prekeys.first().and_then(|prekey| Some((prekey, prekey.signature.as_ref()?)))
    {
        let mut with = |what, changed| {
            variants.push((what, Prekeys { one_time_prekeys: vec![changed], ..base.clone() }));
        };
        with(
            "one-time prekey with one bit of its signature flipped",
            OneTimePrekey { signature: Some(flipped(signature)), ..prekey.clone() },
        );
        with(
            "one-time prekey without its signature",
            OneTimePrekey { signature: None, ..prekey.clone() },
        );
        if let Some(other) = foreign.one_time_prekeys.first() {
            with(
                "another key under the signature of the one-time prekey",
                OneTimePrekey { public: other.public.clone(), ..prekey.clone() },
            );
            with(
                "one-time prekey of another device under that device's signature",
                OneTimePrekey { id: prekey.id, ..other.clone() },
            );
        }
    }
    if let Some(prekey) = &base.kem_prekey {
        let mut with = |what, changed| {
            variants.push((what, Prekeys { kem_prekey: Some(changed), ..base.clone() }));
        };
        with(
            "key-encapsulation prekey with one bit of its signature flipped",
            SignedPrekey { signature: flipped(&prekey.signature), ..prekey.clone() },
        );
        if let Some(other) = &foreign.kem_prekey {
            with(
                "another key under the signature of the key-encapsulation prekey",
                SignedPrekey { public: other.public.clone(), ..prekey.clone() },
            );
        }
    }
    variants
}

fn flipped(signature: &Bytes) -> Bytes {
    let mut flipped = signature.clone();
    flipped.0.iter_mut().take(1).for_each(|byte| *byte ^= 1);
    flipped
}
