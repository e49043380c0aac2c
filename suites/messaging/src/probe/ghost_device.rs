//! Lets the server add a device to a known peer that the peer never added.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallmark_driver::{
    Outcome,
    protocol::{
        Bytes,
        ops::{DeviceImport, IdentitySign, Prekeys},
    },
};
use serde_json::{Value, json};

use super::{
    Device, Lab, Stop, Trace, lab,
    reaction::{self, Measured, Reaction},
};
use crate::facts::Seen;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    let mut tablet = lab.device("bob").await?;
    let prekeys = lab::hand_out(tablet.publish(1).await?, 0);
    let proof = prove(&mut pair.bob, "tablet", &prekeys).await?;
    let import = import("tablet", with_proof(prekeys, &proof));
    pair.alice.must("adds the device that bob himself added", &import).await?;
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("bob reads on his first device", pair.bob.receive_any(&sent).await);
    trace.control("bob reads on the device that he added", tablet.receive_any(&sent).await);

    let mut measured = Measured::default();
    for (name, what) in [
        ("ghost-1", "a device that nobody vouches for"),
        ("ghost-2", "a device that vouches for itself"),
        ("ghost-3", "a device with the proof of another"),
    ] {
        let mut ghost = lab.device("bob").await?;
        let mut prekeys = lab::hand_out(ghost.publish(1).await?, 0);
        if name == "ghost-2" {
            let own = prove(&mut ghost, name, &prekeys).await?;
            prekeys = with_proof(prekeys, &own);
        } else if name == "ghost-3" {
            prekeys = with_proof(prekeys, &proof);
        }
        attempt((name, what), prekeys, &mut ghost, (&mut pair.alice, &mut measured), lab, trace)
            .await?;
        lab.release([ghost]);
    }
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob, tablet]);
    Ok(())
}

async fn attempt(
    (name, what): (&str, &str),
    prekeys: Prekeys,
    ghost: &mut Device,
    (alice, measured): (&mut Device, &mut Measured),
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    alice.take_warnings();
    let imported = alice.call(&import(name, prekeys)).await;
    let told = alice.take_warnings();
    let accepted = matches!(imported, Outcome::Ok(..));
    trace.outcome_with(what, Seen::of(&imported), None, told.clone());
    // Refused or not, what counts is what leaves.
    let (reaction, evidence) =
        match alice.try_send("bob", "a message", &lab.canary(), trace).await? {
            Err(_) => (Reaction::Refused, None),
            Ok(sent) => {
                let opened = ghost.receive_any(&sent).await.is_delivered();
                let late = alice.take_warnings();
                let reaction = match reaction::on_sending(opened, &told, &late) {
                    Reaction::WithoutEffect if !accepted => Reaction::Refused,
                    reaction => reaction,
                };
                (reaction, opened.then_some(sent.evidence))
            }
        };
    if evidence.is_some() {
        trace.outcome(format!("{what} opens the next message"), Seen::Done, evidence);
    }
    measured.note(what, reaction);
    Ok(())
}

/// A device's word for another of its owner: see [`DeviceImport`].
async fn prove(first: &mut Device, name: &str, prekeys: &Prekeys) -> Result<Bytes, Stop> {
    let signing = prekeys.signing_key.as_deref().unwrap_or_default();
    let message = [name.as_bytes(), &[0], &prekeys.identity_key, signing].concat();
    let args = IdentitySign { message: Bytes(message) };
    Ok(first.must("vouches for another device", &args).await?.signature)
}

fn with_proof(mut prekeys: Prekeys, proof: &Bytes) -> Prekeys {
    if prekeys.extra.is_null() {
        prekeys.extra = json!({});
    }
    if let Value::Object(extra) = &mut prekeys.extra {
        extra.insert("device_signature".to_owned(), STANDARD.encode(&**proof).into());
    }
    prekeys
}

fn import(device: &str, prekeys: Prekeys) -> DeviceImport {
    DeviceImport { peer: "bob".to_owned(), device: device.to_owned(), prekeys }
}
