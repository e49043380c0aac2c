//! In how many ways does a candidate refuse envelopes that are wrong in different places? Whoever
//! sees such differences can use them to question the candidate about a ciphertext.

use std::collections::BTreeMap;

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Sent, Stop, Trace};
use crate::facts::Seen;

/// What was measured; nothing below `--depth exhaustive`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// How many envelopes with one flipped bit were handed over.
    pub tried: u64,
    /// What came of them: the answer without its numbers, and the first and last byte where it
    /// was given.
    pub answers: Vec<Answer>,
}

/// One kind of answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Class and words, without numbers.
    pub said: String,
    /// How often.
    pub count: u64,
    /// The first byte whose change was answered so.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// Longer words of a candidate tell nothing more.
const MOST_ANSWERS: usize = 64;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    if lab.depth != Depth::Exhaustive {
        return Ok(());
    }
    let mut pair = lab.pair(trace).await?;
    pair.back(lab, trace).await?;
    let sent = pair.alice.send("bob", "a message", &lab.canary(), trace).await?;
    pair.bob.must_take("alice", &sent.setup).await?;
    let sent = Sent { setup: Vec::new(), ..sent };
    let state = pair.bob.snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
    let mut tried = 0;
    for at in 0..sent.envelope.body.len() {
        let mut body = sent.envelope.body.0.clone();
        if let Some(byte) = body.get_mut(at) {
            *byte ^= 1 << lab.below(8);
        }
        twin.restore(&state).await?;
        let seen = twin.receive_body(&sent, body).await;
        if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. }) {
            return Err(Stop::at(format!("byte {at} is changed"), seen));
        }
        tried += 1;
        let (said, at) = (without_numbers(&seen.to_string()), at as u64);
        if answers.len() < MOST_ANSWERS || answers.contains_key(&said) {
            let answer = answers.entry(said.clone()).or_insert(Answer {
                said,
                count: 0,
                first: at,
                last: at,
            });
            answer.count += 1;
            answer.last = at;
        }
    }
    twin.restore(&state).await?;
    trace.control("the envelope itself is delivered", twin.receive(&sent).await);
    trace.measured(&Measured { tried, answers: answers.into_values().collect() });
    lab.release([pair.alice, pair.bob, twin]);
    Ok(())
}

/// Numbers name the message or the byte, not the kind of error.
fn without_numbers(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        let digit = character.is_ascii_digit();
        if !(digit && shown.ends_with('#')) {
            shown.push(if digit { '#' } else { character });
        }
    }
    shown
}
