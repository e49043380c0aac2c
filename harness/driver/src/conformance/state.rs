//! State that moves to another process, and comes back.

use std::path::Path;

use super::{
    conversation::{ALICE, Pair, Way, decrypt, encrypt},
    kit::{Kit, problem},
};
use crate::{
    connect::Connect,
    protocol::{
        Bytes,
        ops::{ProcessPid, StatePaths, StateRestore, StateSnapshot},
    },
};

pub(super) async fn check(kit: &mut Kit, pair: &mut Pair<'_>, driver: &dyn Connect) {
    let snapshot = kit
        .honest(pair.bob, "bob hands out his state", &StateSnapshot {}, |answer| {
            problem(answer.state.is_empty(), || "field `ok.state` is empty".to_owned())
        })
        .await;
    if let Some(snapshot) = snapshot {
        moved(kit, pair, driver, StateRestore { state: snapshot.state }).await;
    }
    kit.honest(pair.bob, "bob says where he keeps state", &StatePaths {}, |answer| {
        let relative = answer.paths.iter().position(|path| !Path::new(path).is_absolute());
        relative
            .map(|index| format!("field `ok.paths[{index}]` is not an absolute path"))
            .into_iter()
            .collect()
    })
    .await;
    kit.honest(pair.bob, "bob says which process he is", &ProcessPid {}, |answer| {
        let procs = Path::new("/proc/self").exists();
        let nobody = procs && !Path::new("/proc").join(answer.pid.to_string()).exists();
        problem(answer.pid == 0 || nobody, || {
            format!("field `ok.pid` is {}, and there is no such process", answer.pid)
        })
    })
    .await;
}

/// The same message must be readable in a fresh process with bob's state, there again after
/// restoring once more, and by bob himself, whom a snapshot leaves as he was.
async fn moved(kit: &mut Kit, pair: &mut Pair<'_>, driver: &dyn Connect, restore: StateRestore) {
    let plaintext = Bytes(b"after the move".to_vec());
    let what = "a message after the snapshot";
    let sent = encrypt(kit, pair, Way::AliceToBob, what, &plaintext).await;
    let Some(mut fresh) = super::meet(kit, driver, "a fresh process").await else { return };
    for (restored, read) in [
        ("a fresh process becomes bob", "the fresh process decrypts it"),
        ("and becomes bob as he was, once more", "and decrypts the same again"),
    ] {
        let became = kit.honest(&mut fresh, restored, &restore, |_| Vec::new()).await;
        if let (Some(_), Some(envelopes)) = (became, sent.clone()) {
            decrypt(kit, &mut fresh, (ALICE, read), envelopes, &plaintext).await;
        }
    }
    fresh.end().await;
    if let Some(envelopes) = sent {
        let step = (ALICE, "bob himself decrypts it too");
        decrypt(kit, pair.bob, step, envelopes, &plaintext).await;
    }
}
