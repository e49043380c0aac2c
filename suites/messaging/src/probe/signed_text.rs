//! A recipient hands a signed message on, with a text of his own beside the signed one.
//!
//! Where messages are signed and then encrypted, a recipient can encrypt the signed message for somebody
//! else, and put something before, behind or between its parts. Whoever opens it may be shown the signed
//! text, or nothing: not another one under the signer's name.

use hallmark_driver::protocol::{
    Bytes,
    ops::{Envelope, EnvelopeKind, SignedOpen, SignedSeal},
};
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Sent, Stop, Trace, lab,
    openpgp::{self, Signed},
};

/// The family whose signed messages the harness can take apart.
const OPENPGP: &str = "openpgp";

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Whether messages of this family are signed before they are encrypted.
    pub signs: bool,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let signs = lab.hello().family == OPENPGP;
    trace.measured(&Measured { signs });
    if !signs {
        return Ok(());
    }
    lab.offers::<SignedOpen>("a recipient takes a signed message out of its encryption")?;
    lab.offers::<SignedSeal>("a recipient hands a signed message on")?;
    let [mut alice, mut bob, mut mallory] =
        [lab.device("alice").await?, lab.device("bob").await?, lab.device("mallory").await?];
    let prekeys = alice.publish(1).await?;
    for (device, peer) in [(&mut bob, "alice"), (&mut mallory, "alice")] {
        lab::meet(device, peer, lab::hand_out(prekeys.clone(), 0), trace).await?;
    }
    for (peer, other) in [("bob", &mut bob), ("mallory", &mut mallory)] {
        let prekeys = lab::hand_out(other.publish(1).await?, 0);
        lab::meet(&mut alice, peer, prekeys, trace).await?;
    }
    let prekeys = lab::hand_out(bob.publish(1).await?, 0);
    lab::meet(&mut mallory, "bob", prekeys, trace).await?;

    let honest = alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("bob reads a message of alice", bob.receive(&honest).await);

    let sent = alice.send("mallory", "a message to mallory", &lab.canary(), trace).await?;
    let args = SignedOpen { from: "alice".to_owned(), envelope: sent.envelope.clone() };
    let signed = mallory.must("opens it, and keeps its signature", &args).await?.signed;
    trace.keep("what alice signed".to_owned(), &signed)?;
    let Some(parts) = Signed::parse(&signed) else {
        let reason = "what is signed does not have the form that the harness knows";
        return Err(Stop::not_offered("the harness takes a signed message apart", reason));
    };
    let other = lab.canary();

    let mut whole = Forwarded { mallory: &mut mallory, bob: &mut bob, sent: &sent };
    for (what, bytes) in unaltered(&signed) {
        let seen = whole.pass_on(bytes, trace).await?;
        trace.control(format!("bob is handed what alice signed, {what}"), seen.0);
    }
    for (what, bytes) in altered(&parts, &other) {
        let (seen, evidence) = whole.pass_on(bytes, trace).await?;
        trace.outcome(format!("bob is handed what alice signed, {what}"), seen, Some(evidence));
    }
    lab.release([alice, bob, mallory]);
    Ok(())
}

/// One signed message, handed on as if by its signer.
struct Forwarded<'a> {
    mallory: &'a mut Device,
    bob: &'a mut Device,
    sent: &'a Sent,
}

impl Forwarded<'_> {
    async fn pass_on(
        &mut self,
        signed: Vec<u8>,
        trace: &mut Trace<'_>,
    ) -> Result<(crate::facts::Seen, hallmark_model::EvidenceRef), Stop> {
        let args = SignedSeal { peer: "bob".to_owned(), signed: Bytes(signed) };
        let sealed = self.mallory.must("encrypts it for bob", &args).await?;
        let message = |envelope: &Envelope| envelope.kind == EnvelopeKind::Message;
        let Some(envelope) = sealed.envelopes.into_iter().find(message) else {
            let message = "`signed.seal` answered without a message envelope".to_owned();
            let seen = crate::facts::Seen::DriverError { message };
            return Err(Stop::at("mallory encrypts it for bob", seen));
        };
        let evidence = trace.keep("a signed message, handed on".to_owned(), &envelope.body)?;
        Ok((self.bob.receive_envelope(self.sent, envelope).await, evidence))
    }
}

/// The same in other clothes: still what was signed.
fn unaltered(signed: &[u8]) -> [(&'static str, Vec<u8>); 2] {
    [
        ("as it was", signed.to_vec()),
        ("as it was, compressed as a whole", openpgp::compressed(signed)),
    ]
}

/// Another text beside, before or in the place of the signed one.
fn altered(parts: &Signed, other: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = openpgp::literal(other);
    let packed = openpgp::compressed(&text);
    let Signed { one_pass, literal, signature } = parts;
    let joined = |parts: &[&Vec<u8>]| parts.iter().flat_map(|part| part.iter().copied()).collect();
    vec![
        ("with a compressed text behind", joined(&[one_pass, literal, signature, &packed])),
        (
            "with a compressed text before the signature",
            joined(&[one_pass, literal, &packed, signature]),
        ),
        ("with a text behind", joined(&[one_pass, literal, signature, &text])),
        ("with a compressed text in front", joined(&[&packed, one_pass, literal, signature])),
        ("with a text in front", joined(&[&text, one_pass, literal, signature])),
        (
            "with a compressed text before the signed one",
            joined(&[one_pass, &packed, literal, signature]),
        ),
        ("with a text in the place of the signed one", joined(&[one_pass, &text, signature])),
    ]
}
