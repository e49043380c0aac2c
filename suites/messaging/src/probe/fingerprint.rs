//! Compares what two users would read to each other, with and without a substituted key.

use hallmark_driver::{
    Outcome,
    protocol::ops::{IdentityFingerprint, Prekeys, PrekeysImport, StateSnapshot},
};
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
    /// Keys of the peer that were substituted alone without changing what is read.
    #[serde(default)]
    pub blind_to: Vec<String>,
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
    let blind_to = one_key_at_a_time(lab).await?;
    trace.measured(&Measured {
        blind_to,
        honest_equal: at_alice == at_bob,
        substituted_differs: victim != deceived,
    });
    lab.release([pair.alice, pair.bob, alice, mallory, bob, other]);
    Ok(())
}

/// What alice reads for bob when one of his public keys is another's; nothing where prekeys alone
/// give no fingerprint.
async fn one_key_at_a_time(lab: &mut Lab<'_>) -> Result<Vec<String>, Stop> {
    let (mut alice, mut bob) = (lab.device("alice").await?, lab.device("bob").await?);
    let mut mallory = lab.device("bob").await?;
    let honest = lab::hand_out(bob.publish(1).await?, 0);
    let foreign = lab::hand_out(mallory.publish(1).await?, 0);
    let mut variants = vec![(
        "the identity key",
        Prekeys { identity_key: foreign.identity_key.clone(), ..honest.clone() },
    )];
    if honest.signing_key.is_some() {
        let identity_key = honest.identity_key.clone();
        variants.push(("the signing key", Prekeys { identity_key, ..foreign }));
    }
    let mut blind_to = Vec::new();
    if let Outcome::Ok(before, _) = alice.call(&StateSnapshot {}).await
        && let Some(usual) = after_import(&mut alice, honest).await
    {
        for (key, prekeys) in variants {
            alice.restore(&before.state).await?;
            if after_import(&mut alice, prekeys).await.is_some_and(|other| other == usual) {
                blind_to.push(key.to_owned());
            }
        }
    }
    lab.release([alice, bob, mallory]);
    Ok(blind_to)
}

async fn after_import(alice: &mut Device, prekeys: Prekeys) -> Option<String> {
    alice.call(&PrekeysImport { peer: "bob".to_owned(), prekeys }).await.ok()?;
    let args = IdentityFingerprint { peer: "bob".to_owned() };
    Some(alice.call(&args).await.ok()?.fingerprint)
}

async fn read(device: &mut Device, peer: &str) -> Result<String, Stop> {
    let args = IdentityFingerprint { peer: peer.to_owned() };
    let what = format!("shows the fingerprint for {peer}");
    Ok(device.must(&what, &args).await?.fingerprint)
}
