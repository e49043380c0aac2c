//! Flips single bits of a group message and compares what is shown: meaning, not bytes.

use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{Lab, Stop, Sweep, Trace, Variant, group::Group};
use crate::facts::Seen;

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The one message.
    pub message: Sweep,
}

/// How many bits are sampled at `--depth quick`.
const SAMPLE: usize = 192;
/// After so many broken devices the sweep has shown enough.
const ENOUGH_BROKEN: usize = 8;

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    group.tell("alice", "a message", lab, trace).await?;
    group.tell("carol", "a message", lab, trace).await?;
    let sent = group.say("alice", "the message", lab, trace).await?;
    let state = group.member("bob").snapshot().await?;
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&state).await?;
    for mail in sent.before.iter().filter(|mail| mail.to.iter().any(|name| name == "bob")) {
        let what = format!("bob's twin takes the {} before", mail.kind());
        twin.take_mail(&sent.group, mail).await.map_err(|seen| Stop::at(what, seen))?;
    }
    let state = twin.snapshot().await?;
    let unaltered = twin.hear_envelope(&sent).await;
    trace.control("the message, unaltered, is delivered", unaltered.clone());

    let bits = sent.envelope.body.len() * 8;
    let chosen: Vec<usize> = match lab.depth {
        Depth::Quick if bits > SAMPLE => (0..SAMPLE).map(|_| lab.below(bits)).collect(),
        _ => (0..bits).collect(),
    };
    let mut sweep = Sweep::of(bits as u64);
    for bit in chosen {
        if lab.out_of_time() {
            sweep.cut_short = true;
            break;
        }
        let mut body = sent.envelope.body.0.clone();
        if let Some(byte) = body.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        twin.restore(&state).await?;
        let seen = twin.hear_body(&sent, body.clone()).await;
        let variant = Variant { at: bit as u64, seen };
        let harmful = sweep.count(&variant, &unaltered);
        if harmful && sweep.other_meaning.len() <= 4 {
            let label = format!("the message with bit {bit} flipped: {}", variant.seen);
            let kept = trace.keep(label.clone(), &body)?;
            trace.outcome(label, variant.seen.clone(), Some(kept));
        }
        if matches!(variant.seen, Seen::Broken { .. }) {
            if sweep.broken.len() >= ENOUGH_BROKEN {
                break;
            }
            twin = lab.blank("bob's twin").await?;
        }
    }
    twin.restore(&state).await?;
    trace
        .control("the message is still delivered after the sweep", twin.hear_envelope(&sent).await);
    trace.measured(&Measured { message: sweep });
    lab.release([twin]);
    group.disband(lab);
    Ok(())
}
