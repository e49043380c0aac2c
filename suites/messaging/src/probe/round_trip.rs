//! Messages of several shapes, in both directions: the ground on which everything else stands.

use super::{Lab, Stop, Trace, lab};

pub(super) async fn experiment(lab: &mut Lab<'_>, trace: &mut Trace<'_>) -> Result<(), Stop> {
    let mut alice = lab.device("alice").await?;
    let mut bob = lab.device("bob").await?;
    let prekeys = bob.publish(1).await?;
    let setup = lab::meet(&mut alice, "bob", lab::hand_out(prekeys, 0), trace).await?;
    bob.must_take("alice", &setup).await?;
    let most = lab.hello().limits.get("plaintext-bytes").copied().unwrap_or(u64::MAX);
    for (label, text) in texts() {
        if text.len() as u64 > most {
            continue;
        }
        for turn in 0..2 {
            let (from, to) = match turn {
                0 => (&mut alice, &mut bob),
                _ => (&mut bob, &mut alice),
            };
            let what = format!("{} to {}: {label}", from.name, to.name);
            match from.try_send(&to.name.clone(), label, text.as_bytes(), trace).await? {
                Err(seen) => trace.outcome(what, seen, None),
                Ok(sent) => {
                    let seen = to.receive(&sent).await;
                    trace.outcome(what, seen, Some(sent.evidence));
                }
            }
        }
    }
    lab.release([alice, bob]);
    Ok(())
}

fn texts() -> [(&'static str, String); 5] {
    [
        ("one character", "x".to_owned()),
        ("a sentence", "Bed 4 is free from 14:30.".to_owned()),
        ("Welsh, Arabic and an emoji", "Mae'r gwely'n rhydd – السرير شاغر 🛏".to_owned()),
        ("one block of 16 bytes", "0123456789abcdef".to_owned()),
        ("16 KiB", "All observations stable. ".repeat(656)[..16 * 1024].to_owned()),
    ]
}
