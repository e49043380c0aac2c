//! What must not work, and must not end the driver either.

use super::{
    conversation::ALICE,
    kit::{Kit, against},
};
use crate::{
    connection::Connection,
    outcome::Outcome,
    protocol::{
        Bytes, Operation,
        ops::{Envelope, EnvelopeKind, MessageDecrypt, MessageEncrypt},
    },
};

/// A peer of whom alice knows nothing.
pub(super) async fn unknown_peer(kit: &mut Kit, alice: &mut Connection) {
    let step = "alice does not encrypt for a stranger";
    if !kit.can_try::<MessageEncrypt>(alice, step) {
        return;
    }
    let args = MessageEncrypt { peer: "nobody".to_owned(), plaintext: Bytes(vec![7]) };
    not_ok(kit, step, MessageEncrypt::NAME, &alice.call(&args).await);
}

/// Bytes that are no envelope must be refused: the candidate decides, the driver has not failed.
pub(super) async fn junk(kit: &mut Kit, bob: &mut Connection) {
    let step = "bob refuses junk";
    if !kit.can_try::<MessageDecrypt>(bob, step) {
        return;
    }
    let body = Bytes(vec![0xa5; 97]);
    let envelope = Envelope { kind: EnvelopeKind::Message, tag: String::new(), body };
    let args = MessageDecrypt { from: ALICE.to_owned(), envelope };
    match bob.call(&args).await {
        Outcome::Error(fault) => kit.broken(
            step,
            MessageDecrypt::NAME,
            format!(
                "it answers `error` ({}), expected `refused`: the candidate rejected a message, \
                 the driver did not fail",
                fault.message
            ),
        ),
        other => not_ok(kit, step, MessageDecrypt::NAME, &other),
    }
}

/// Refused, or an error of the driver: both will do where nothing else was possible.
fn not_ok<T>(kit: &mut Kit, step: &str, op: &'static str, outcome: &Outcome<T>) {
    match outcome {
        Outcome::Refused(_) | Outcome::Error(_) => kit.ok(step, op),
        Outcome::Ok(..) => kit.broken(step, op, "it answers `ok`, expected `refused`"),
        other => kit.broken(step, op, against(other)),
    }
}
