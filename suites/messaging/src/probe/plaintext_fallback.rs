//! Asks for a message where no session can be had, and looks at what leaves the device.

use hallmark_driver::protocol::{Bytes, ops::MessageEncrypt};
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Stop, Trace, lab, search};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Envelopes that left the device without a session.
    pub envelopes: u64,
    /// Encodings in which the message stood in one of them.
    pub found: Vec<String>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut measured = Measured { envelopes: 0, found: vec![] };
    let mut bob = lab.device("bob").await?;
    let honest = bob.publish(2).await?;

    let mut stranger = lab.device("carol").await?;
    attempt("carol, who has never met bob, sends to him", &mut stranger, lab, trace, &mut measured)
        .await?;

    let mut misled = lab.device("dave").await?;
    let mut broken = lab::hand_out(honest.clone(), 1);
    if let Some(prekey) = &mut broken.signed_prekey {
        prekey.signature.0.iter_mut().take(1).for_each(|byte| *byte ^= 1);
        // Whether bad prekeys are refused is another experiment; here it matters what leaves.
        let _ = misled.meet("bob", broken, trace).await?;
        let what = "dave, who was handed bad prekeys of bob, sends to him";
        attempt(what, &mut misled, lab, trace, &mut measured).await?;
    }

    let setup = lab::meet(&mut stranger, "bob", lab::hand_out(honest, 0), trace).await?;
    bob.must_take("carol", &setup).await?;
    let sent = stranger.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("carol, once she has honest prekeys, reaches bob", bob.receive(&sent).await);
    trace.measured(&measured);
    lab.release([bob, stranger, misled]);
    Ok(())
}

async fn attempt(
    what: &str,
    device: &mut Device,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
    measured: &mut Measured,
) -> Result<(), Stop> {
    let canary = lab.canary();
    let args = MessageEncrypt { peer: "bob".to_owned(), plaintext: Bytes(canary.clone()) };
    let outcome = device.call(&args).await;
    let seen = Seen::of(&outcome);
    let mut kept = None;
    for envelope in outcome.ok().into_iter().flat_map(|answer| answer.envelopes) {
        measured.envelopes += 1;
        let found = search::encodings_found(&envelope.body, &canary);
        measured.found.extend(found.into_iter().map(str::to_owned));
        kept = Some(trace.keep(what.to_owned(), &envelope.body)?);
    }
    trace.outcome(what, seen, kept);
    Ok(())
}
