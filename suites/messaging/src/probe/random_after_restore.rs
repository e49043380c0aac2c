//! Two copies of one state, in two processes and once more in one of them, make new keys: no two
//! may be the same.
//!
//! A copied or restored phone must not repeat the random choices of the other copy. New public
//! keys are compared as published. Ephemeral keys are looked for in the first message of a new
//! session: what one copy varies when it starts twice must differ between the copies too.

use std::collections::BTreeSet;

use hallmark_driver::protocol::ops::Prekeys;
use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab};

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Copies that were compared.
    pub copies: u64,
    /// Public keys that each of them published anew.
    pub published: u64,
    /// Public keys that two copies share although they were made after the restore.
    pub repeated_keys: u64,
    /// The longest run of bytes that a start of a session varies, yet two copies have in common.
    pub repeated_run: u64,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let known = public_keys(&alice.publish(1).await?);
    let state = alice.snapshot().await?;
    lab.release([alice]);
    let mut carol = lab.device("carol").await?;
    let mut dave = lab.device("dave").await?;
    let [carols, again_to_carol, third_to_carol] = lab::offers(&mut carol).await?;
    let [daves] = lab::offers(&mut dave).await?;
    let text = lab.canary();

    let mut published = Vec::new();
    let mut starts = Vec::new();
    let mut first = lab.fresh_process("alice").await?;
    first.restore(&state).await?;
    published.push(public_keys(&first.publish(2).await?));
    let sent = start(&mut first, "carol", carols, &text, trace).await?;
    trace.control("a session of the first copy begins", carol.receive(&sent).await);
    let bytes = carried(&sent);
    let again = start(&mut first, "carol", again_to_carol, &text, trace).await?;
    let again = carried(&again);
    starts.push(bytes);

    let mut second = lab.fresh_process("alice").await?;
    second.restore(&state).await?;
    published.push(public_keys(&second.publish(2).await?));
    let sent = start(&mut second, "dave", daves, &text, trace).await?;
    trace.control("a session of the second copy begins", dave.receive(&sent).await);
    starts.push(carried(&sent));

    first.restore(&state).await?;
    published.push(public_keys(&first.publish(2).await?));
    let sent = start(&mut first, "carol", third_to_carol, &text, trace).await?;
    starts.push(carried(&sent));

    let mut measured = Measured {
        copies: starts.len() as u64,
        published: published.first().map_or(0, |keys| keys.difference(&known).count() as u64),
        repeated_keys: 0,
        repeated_run: 0,
    };
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        if let (Some(one), Some(other)) = (published.get(one), published.get(other)) {
            let both = one.intersection(other).filter(|key| !known.contains(*key)).count();
            measured.repeated_keys += both as u64;
        }
        if let (Some(one), Some(other)) = (starts.get(one), starts.get(other)) {
            measured.repeated_run = measured.repeated_run.max(repeated(one, other, &again));
        }
    }
    trace.measured(&measured);
    lab.release([carol, dave, first, second]);
    Ok(())
}

/// Starts a session and sends its first message.
async fn start(
    device: &mut Device,
    peer: &str,
    prekeys: Prekeys,
    text: &[u8],
    trace: &mut Trace<'_>,
) -> Result<Sent, Stop> {
    let setup = lab::meet(device, peer, prekeys, trace).await?;
    let mut sent = device.send(peer, "a first message", text, trace).await?;
    sent.setup.splice(0..0, setup);
    Ok(sent)
}

/// Everything that the network carries to start the session.
fn carried(sent: &Sent) -> Vec<u8> {
    let setup = sent.setup.iter().map(|envelope| &envelope.body[..]);
    setup.chain([&sent.envelope.body[..]]).flatten().copied().collect()
}

fn public_keys(prekeys: &Prekeys) -> BTreeSet<Vec<u8>> {
    let signed = prekeys.signed_prekey.iter().chain(&prekeys.kem_prekey).map(|key| &key.public);
    let one_time = prekeys.one_time_prekeys.iter().map(|key| &key.public);
    let whole = (!prekeys.extra.is_null()).then(|| prekeys.extra.to_string().into_bytes());
    signed.chain(one_time).map(|key| key.to_vec()).chain(whole).collect()
}

/// The longest run of bytes at equal offsets that `one` and `other` share where `one` and `again`
/// differ. Of different lengths, equal offsets mean nothing.
fn repeated(one: &[u8], other: &[u8], again: &[u8]) -> u64 {
    if one.len() != other.len() || one.len() != again.len() {
        return 0;
    }
    let told: Vec<bool> =
        one.iter().zip(other).zip(again).map(|((a, b), again)| a == b && a != again).collect();
    told.split(|told| !told).map(<[bool]>::len).max().unwrap_or_default() as u64
}
