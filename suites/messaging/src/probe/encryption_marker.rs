//! Lets the server say that a known peer has no encryption, and looks at what leaves the device.

use hallmark_driver::protocol::ops::{Prekeys, PrekeysImport};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Lab, Stop, Trace, search};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// Envelopes that left the device afterwards.
    pub envelopes: u64,
    /// Encodings in which the message stood in one of them.
    pub found: Vec<String>,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    trace.control("the pair talks before", Seen::Done);

    let stripped = Prekeys {
        signed_prekey: None,
        one_time_prekeys: Vec::new(),
        kem_prekey: None,
        extra: Value::Null,
        ..pair.bob.publish(1).await?
    };
    pair.alice.take_warnings();
    let import = PrekeysImport { peer: "bob".to_owned(), prekeys: stripped };
    let seen = Seen::of(&pair.alice.call(&import).await);
    let what = "alice is told by the server that bob has no prekeys at all";
    trace.outcome_with(what, seen, None, pair.alice.take_warnings());

    let mut measured = Measured { envelopes: 0, found: Vec::new() };
    let canary = lab.canary();
    let what = "alice then sends to bob";
    match pair.alice.try_send("bob", "a message", &canary, trace).await? {
        Err(seen) => trace.outcome_with(what, seen, None, pair.alice.take_warnings()),
        Ok(sent) => {
            for envelope in sent.setup.iter().chain(&sent.copies).chain([&sent.envelope]) {
                measured.envelopes += 1;
                let found = search::encodings_found(&envelope.body, &canary);
                measured.found.extend(found.into_iter().map(str::to_owned));
            }
            let evidence = Some(sent.evidence.clone());
            trace.outcome_with(what, Seen::Done, evidence, pair.alice.take_warnings());
            if measured.found.is_empty() {
                trace.control("bob reads what she sent", pair.bob.receive(&sent).await);
            }
        }
    }
    trace.measured(&measured);
    lab.release([pair.alice, pair.bob]);
    Ok(())
}
