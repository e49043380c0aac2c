//! Changes and key shares, altered on the way: bits flipped, cut short, under another name.
//!
//! The oracle compares what they bring about. One that is accepted although it was altered is
//! harmless where the view of the group, and the next message as it is shown, are those that the
//! unaltered one leads to.

use hallmark_driver::protocol::ops::GroupEnvelopeKind;
use hallmark_model::selection::Depth;
use serde::{Deserialize, Serialize};

use super::{
    Device, Lab, Stop, Trace,
    group::{Group, GroupSent, Mail, View},
};
use crate::facts::Seen;

/// What was measured: one for each kind of control message that the candidate sends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    /// In the order in which they were tried.
    pub swept: Vec<Swept>,
}

/// One envelope, altered in many ways.
#[derive(Debug, Serialize, Deserialize)]
pub struct Swept {
    /// `change` or `key share`.
    pub kind: String,
    /// How many altered ones were handed over.
    pub tried: u64,
    /// How many the candidate refused.
    pub refused: u64,
    /// Which were accepted with the same effect: malleable, harmless.
    pub same_effect: Vec<String>,
    /// Which were accepted without any effect: dropped in silence, or useless afterwards.
    pub no_effect: Vec<String>,
    /// Which had another effect.
    pub other_effect: Vec<String>,
    /// Which broke the driver.
    pub broken: Vec<String>,
    /// Whether the time was over first.
    pub cut_short: bool,
}

/// What an envelope leads to at its receiver.
#[derive(Clone, PartialEq, Eq)]
struct Effect {
    view: Option<View>,
    next: Seen,
}

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut group = Group::of(&["alice", "bob", "carol"], 3, lab, trace).await?;
    for from in ["alice", "bob", "carol"] {
        group.tell(from, "a message", lab, trace).await?;
    }
    let changes = group.rotate_untold("alice", trace).await?;
    let message = group.say("alice", "the message after the change", lab, trace).await?;
    let mut swept = Vec::new();
    // All that travelled to bob, in its order; each stretch of it is a way to the next envelope.
    let way: Vec<Mail> = changes
        .iter()
        .chain(&message.before)
        .filter(|mail| mail.to.iter().any(|name| name == "bob"))
        .cloned()
        .collect();
    for kind in [GroupEnvelopeKind::Change, GroupEnvelopeKind::Key] {
        if let Some(at) = way.iter().position(|mail| mail.envelope.kind == kind) {
            swept.push(sweep(&mut group, &way, at, &message, lab, trace).await?);
        }
    }
    if swept.is_empty() {
        let reason = "a rotation sends neither changes nor key shares";
        return Err(Stop::not_offered("a change or a key share is altered", reason));
    }
    group.carry(&changes, trace).await?;
    for who in ["bob", "carol"] {
        let what = format!("{who} reads the message after the unaltered change");
        let heard = group.hear(who, &message, trace).await?;
        trace.control(what, heard);
    }
    trace.measured(&Measured { swept });
    group.disband(lab);
    Ok(())
}

async fn sweep(
    group: &mut Group,
    way: &[Mail],
    at: usize,
    message: &GroupSent,
    lab: &mut Lab<'_>,
    trace: &mut Trace<'_>,
) -> Result<Swept, Stop> {
    let (earlier, later) = way.split_at(at);
    let Some((mail, later)) = later.split_first() else {
        unreachable!("the envelope stands on its way")
    };
    let mut twin = lab.blank("bob's twin").await?;
    twin.restore(&group.member("bob").snapshot().await?).await?;
    for mail in earlier {
        let what = format!("bob's twin takes the {} before", mail.kind());
        twin.take_mail(&group.name, mail).await.map_err(|seen| Stop::at(what, seen))?;
    }
    let state = twin.snapshot().await?;
    let untouched = twin.view(&group.name).await?;
    let seen = twin.seen_of_mail(&group.name, mail).await;
    trace.control(format!("the unaltered {} is taken", mail.kind()), seen);
    let honest = effect(&mut twin, &group.name, later, message).await?;
    trace.control(
        format!("and leads to a message that is read: {}", mail.kind()),
        honest.next.clone(),
    );

    let mut swept = Swept {
        kind: mail.kind().to_owned(),
        tried: 0,
        refused: 0,
        same_effect: vec![],
        no_effect: vec![],
        other_effect: vec![],
        broken: vec![],
        cut_short: false,
    };
    for (label, altered) in altered(mail, lab) {
        if lab.out_of_time() {
            swept.cut_short = true;
            break;
        }
        twin.restore(&state).await?;
        let seen = twin.seen_of_mail(&group.name, &altered).await;
        swept.tried += 1;
        if matches!(seen, Seen::Broken { .. } | Seen::DriverError { .. } | Seen::Unsupported { .. })
        {
            swept.broken.push(label);
            if matches!(seen, Seen::Broken { .. }) {
                twin = lab.blank("bob's twin").await?;
            }
            continue;
        }
        let view = twin.view(&group.name).await?;
        let other_view = view != untouched && view != honest.view;
        if seen.is_refused() && view == untouched {
            swept.refused += 1;
            continue;
        }
        let led = effect(&mut twin, &group.name, later, message).await?;
        let list = if led == honest {
            &mut swept.same_effect
        } else if other_view || (led.next.is_delivered() && led.next != honest.next) {
            &mut swept.other_effect
        } else {
            &mut swept.no_effect
        };
        let harmful = other_view || led.next.is_delivered() && led.next != honest.next;
        list.push(label.clone());
        if harmful && swept.other_effect.len() <= 4 {
            let label = format!("the {} {label}", mail.kind());
            let kept = trace.keep(label.clone(), &altered.envelope.body)?;
            trace.outcome(label, seen, Some(kept));
        }
    }
    lab.release([twin]);
    Ok(swept)
}

/// What the rest of the way and the message lead to.
async fn effect(
    twin: &mut Device,
    group: &str,
    later: &[Mail],
    message: &GroupSent,
) -> Result<Effect, Stop> {
    let view = twin.view(group).await?;
    for mail in later {
        if let Err(seen @ Seen::Broken { .. }) = twin.take_mail(group, mail).await {
            return Ok(Effect { view, next: seen });
        }
    }
    Ok(Effect { view, next: twin.hear_envelope(message).await })
}

/// The envelope with flipped bits, cut short, and under another name.
fn altered(mail: &Mail, lab: &mut Lab<'_>) -> Vec<(String, Mail)> {
    let body = &mail.envelope.body.0;
    let bits = body.len() * 8;
    let chosen: Vec<usize> = match lab.depth {
        Depth::Quick => (0..32.min(bits)).map(|_| lab.below(bits)).collect(),
        Depth::Full => (0..256.min(bits)).map(|_| lab.below(bits)).collect(),
        Depth::Exhaustive => (0..bits).collect(),
    };
    let mut variants = Vec::new();
    for bit in chosen {
        let mut flipped = body.clone();
        if let Some(byte) = flipped.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        variants.push((format!("with bit {bit} flipped"), mail.with_body(flipped)));
    }
    for length in [0, 1, body.len() / 2, body.len().saturating_sub(1)] {
        let cut = body.get(..length).unwrap_or_default().to_vec();
        variants.push((format!("cut to {length} bytes"), mail.with_body(cut)));
    }
    variants.push(("as of carol".to_owned(), mail.as_of("carol")));
    variants
}
