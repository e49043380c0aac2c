//! Takes out of prekeys what makes a session strong, and compares the session that comes of it.

use hallmark_driver::{
    Outcome,
    protocol::ops::{Prekeys, SessionInfo, SessionInfoAnswer},
};
use hallmark_model::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Device, Lab, Stop, Trace, lab};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The session from unaltered prekeys.
    pub honest: SessionInfoAnswer,
    /// The sessions from altered ones, where there were any.
    pub others: Vec<Other>,
}

/// A session from altered prekeys.
#[derive(Debug, Serialize, Deserialize)]
pub struct Other {
    /// What was taken out.
    pub what: String,
    /// What the driver states.
    pub stated: SessionInfoAnswer,
    /// Whether the user was told anything.
    pub warned: bool,
}

impl Measured {
    /// What the session from unaltered prekeys states, in words.
    #[must_use]
    pub fn algorithms(&self) -> String {
        in_words(&self.honest)
    }
}

impl Other {
    /// What the session states, in words.
    #[must_use]
    pub fn algorithms(&self) -> String {
        in_words(&self.stated)
    }
}

fn in_words(stated: &SessionInfoAnswer) -> String {
    let SessionInfoAnswer { protocol, cipher, mac, key_agreement, .. } = stated;
    text::one_line(&format!("{protocol}, {key_agreement}, {cipher}, {mac}"))
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(2).await?;
    let variants = variants(&lab::hand_out(prekeys.clone(), 1));
    if variants.is_empty() {
        let reason = "the prekeys of this protocol say nothing of what their owner supports, and \
                      hold nothing that a session could do without";
        return Err(Stop::not_offered("bob publishes what could be taken out", reason));
    }

    let mut alice = lab.device("alice").await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let sent = alice.send("bob", "a message", &lab.canary(), trace).await?;
    trace.control("unaltered prekeys serve", bob.receive(&sent).await);
    let honest = alice.must("states the algorithms in force", &info()).await?;
    lab.release([alice]);

    let mut others = Vec::new();
    for (what, prekeys) in variants {
        let mut alice = lab.device("alice").await?;
        let (seen, stated) = offer(&mut alice, prekeys, lab, trace).await?;
        let warnings = alice.take_warnings();
        if let Some(stated) = stated {
            let warned = !warnings.is_empty();
            others.push(Other { what: what.clone(), stated, warned });
        }
        trace.outcome_with(what, seen, None, warnings);
        lab.release([alice]);
    }
    trace.measured(&Measured { honest, others });
    lab.release([bob]);
    Ok(())
}

/// Starts a session and sends; what the session then states.
async fn offer(
    alice: &mut Device,
    prekeys: Prekeys,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(Seen, Option<SessionInfoAnswer>), Stop> {
    if let Err(seen) = alice.meet("bob", prekeys, trace).await? {
        return Ok((seen, None));
    }
    if let Err(seen) = alice.try_send("bob", "a message", &lab.canary(), trace).await? {
        return Ok((seen, None));
    }
    Ok(match alice.call(&info()).await {
        Outcome::Ok(stated, _) => (Seen::Done, Some(stated)),
        other => (Seen::of(&other), None),
    })
}

fn info() -> SessionInfo {
    SessionInfo { peer: "bob".to_owned() }
}

fn variants(base: &Prekeys) -> Vec<(String, Prekeys)> {
    let mut variants = Vec::new();
    if base.kem_prekey.is_some() {
        let what = "the key-encapsulation prekey left out".to_owned();
        variants.push((what, Prekeys { kem_prekey: None, ..base.clone() }));
    }
    if !base.extra.is_null() {
        let what = "everything beside the keys left out".to_owned();
        variants.push((what, Prekeys { extra: Value::Null, ..base.clone() }));
    }
    // Whatever is a list of words may be a list of what the owner supports.
    for (name, value) in base.extra.as_object().into_iter().flatten() {
        let words = value.as_array().filter(|words| words.iter().all(Value::is_string));
        if words.is_none_or(Vec::is_empty) {
            continue;
        }
        for without in [true, false] {
            let mut extra = base.extra.clone();
            if let Some(fields) = extra.as_object_mut() {
                if without {
                    fields.remove(name);
                } else {
                    fields.insert(name.clone(), Value::Array(Vec::new()));
                }
            }
            let how = if without { "left out" } else { "emptied" };
            let what = format!("the list `{name}` {how}");
            variants.push((what, Prekeys { extra, ..base.clone() }));
        }
    }
    variants
}
