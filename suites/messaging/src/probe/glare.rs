//! Both sides start a session at once, and an envelope is damaged on the way: the conversation must
//! find itself again, and nothing may leave unencrypted on the way there.

use serde::{Deserialize, Serialize};

use super::{Device, Lab, Sent, Stop, Trace, lab, search};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many envelopes were searched for their messages.
    pub envelopes: u64,
    /// The encodings in which a message was found in its envelope.
    pub found: Vec<String>,
    /// What came of the damaged envelope, in words.
    pub damaged: String,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let (hers, his) = (alice.publish(1).await?, bob.publish(1).await?);
    let to_bob = lab::meet(&mut alice, "bob", lab::hand_out(his, 0), trace).await?;
    let to_alice = lab::meet(&mut bob, "alice", lab::hand_out(hers, 0), trace).await?;
    let mut one = alice.send("bob", "a first message", &lab.canary(), trace).await?;
    let mut other = bob.send("alice", "a first message", &lab.canary(), trace).await?;
    one.setup.splice(0..0, to_bob);
    other.setup.splice(0..0, to_alice);

    let mut measured = Measured { envelopes: 0, found: Vec::new(), damaged: String::new() };
    for (to, sent) in [(&mut bob, &one), (&mut alice, &other)] {
        let what = format!("{}'s first message, which crossed one of {}", sent.from, to.name);
        trace.outcome(what, to.receive(sent).await, Some(sent.evidence.clone()));
        measured.search(sent);
    }
    for round in ["first", "second"] {
        let when = format!("in the {round} round trip");
        round_trip(&mut alice, &mut bob, &when, &mut measured, lab, trace).await?;
    }

    let sent = alice.send("bob", "a message that is damaged", &lab.canary(), trace).await?;
    bob.must_take("alice", &sent.setup).await?;
    let mut damaged = sent.envelope.body.0.clone();
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    let seen = bob.receive_body(&sent, damaged).await;
    if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. } | Seen::Unsupported { .. }) {
        return Err(Stop::at("bob is handed a damaged envelope", seen));
    }
    measured.damaged = seen.to_string();
    round_trip(&mut alice, &mut bob, "after a damaged envelope", &mut measured, lab, trace).await?;
    trace.measured(&measured);
    lab.release([alice, bob]);
    Ok(())
}

async fn round_trip(
    alice: &mut Device,
    bob: &mut Device,
    when: &str,
    measured: &mut Measured,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<(), Stop> {
    for turn in 0..2 {
        let (from, to) = if turn == 0 { (&mut *alice, &mut *bob) } else { (&mut *bob, &mut *alice) };
        let what = format!("{}'s message {when}", from.name);
        match from.try_send(&to.name.clone(), when, &lab.canary(), trace).await? {
            Err(seen) => trace.outcome(what, seen, None),
            Ok(sent) => {
                measured.search(&sent);
                trace.outcome(what, to.receive(&sent).await, Some(sent.evidence));
            }
        }
    }
    Ok(())
}

impl Measured {
    fn search(&mut self, sent: &Sent) {
        for envelope in sent.setup.iter().chain([&sent.envelope]) {
            self.envelopes += 1;
            let found = search::encodings_found(&envelope.body, &sent.plaintext);
            self.found.extend(found.into_iter().map(str::to_owned));
        }
    }
}
