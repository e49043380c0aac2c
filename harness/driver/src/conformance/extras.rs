//! What not every candidate has: files, sessions that are given up, devices that are added.

use super::{
    conversation::{self, BOB, Pair, Way},
    kit::{Kit, problem},
};
use crate::{
    connect::Connect,
    protocol::{
        Bytes, Class, Operation,
        ops::{
            AttachmentDecrypt, AttachmentEncrypt, DeviceImport, IdentityCreate, MessageEncrypt,
            PrekeysPublish, SessionDelete,
        },
    },
};

pub(super) async fn check(kit: &mut Kit, pair: &mut Pair<'_>, driver: &dyn Connect) {
    attachment(kit, pair).await;
    session_given_up(kit, pair).await;
    // Last: a candidate that takes the device sends to it from now on.
    another_device(kit, pair, driver).await;
}

async fn attachment(kit: &mut Kit, pair: &mut Pair<'_>) {
    let plaintext = Bytes((0..=u8::MAX).cycle().take(1000).collect());
    let args = AttachmentEncrypt { plaintext: plaintext.clone() };
    let sealed = kit
        .honest(pair.alice, "alice encrypts a file", &args, |answer| {
            let empty =
                |name: &str, is: bool| problem(is, || format!("field `ok.{name}` is empty"));
            [
                empty("key", answer.key.is_empty()),
                empty("body", answer.body.is_empty()),
                empty("cipher", answer.cipher.trim().is_empty()),
            ]
            .concat()
        })
        .await;
    let Some(sealed) = sealed else { return };
    let args = AttachmentDecrypt { key: sealed.key, body: sealed.body };
    kit.honest(pair.bob, "bob opens the file", &args, |answer| {
        let words = || "field `ok.plaintext` is not what alice encrypted".to_owned();
        problem(answer.plaintext != plaintext, words)
    })
    .await;
}

/// A session that was given up carries nothing; one that is started anew does.
async fn session_given_up(kit: &mut Kit, pair: &mut Pair<'_>) {
    let args = SessionDelete { peer: BOB.to_owned() };
    let step = "alice gives up her session with bob";
    if kit.honest(pair.alice, step, &args, |_| Vec::new()).await.is_none() {
        return;
    }
    let plaintext = Bytes(b"into the void".to_vec());
    let args = MessageEncrypt { peer: BOB.to_owned(), plaintext };
    let step = "alice encrypts nothing without a session";
    kit.refused(pair.alice, step, &args, Class::UnknownKey).await;
    let args = PrekeysPublish { one_time: 1 };
    let step = "bob publishes prekeys again";
    let prekeys = kit.honest(pair.bob, step, &args, |_| Vec::new()).await;
    let prekeys = prekeys.map(|answer| answer.prekeys);
    conversation::start(kit, pair, Way::AliceToBob, prekeys.as_ref()).await;
    let plaintext = Bytes(b"a new start".to_vec());
    let what = "a message of the new session";
    conversation::exchange(kit, pair, Way::AliceToBob, what, &plaintext).await;
}

/// Whether to accept it is the candidate's own matter.
async fn another_device(kit: &mut Kit, pair: &mut Pair<'_>, driver: &dyn Connect) {
    let step = "alice hears of a device more of bob's";
    if !kit.can_try::<DeviceImport>(pair.alice, step) {
        return;
    }
    let Some(mut tablet) = super::meet(kit, driver, "bob's tablet").await else { return };
    let args = IdentityCreate { name: BOB.to_owned() };
    kit.honest(&mut tablet, "bob's tablet makes an identity", &args, |_| Vec::new()).await;
    let args = PrekeysPublish { one_time: 1 };
    let step_of_tablet = "bob's tablet publishes prekeys";
    let published = kit.honest(&mut tablet, step_of_tablet, &args, |_| Vec::new()).await;
    match published {
        Some(answer) => {
            let prekeys = conversation::handed_out(&answer.prekeys);
            let args = DeviceImport { peer: BOB.to_owned(), device: "tablet".to_owned(), prekeys };
            kit.either(pair.alice, step, &args).await;
        }
        None => kit.missing(step, DeviceImport::NAME, "not reached: there are no prekeys"),
    }
    tablet.end().await;
}
