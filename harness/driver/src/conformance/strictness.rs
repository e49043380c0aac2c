//! What is not there, and what is not well-formed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kit::{Kit, against};
use crate::{
    connection::Connection,
    outcome::Outcome,
    protocol::{
        Bytes, Operation,
        ops::{
            AttachmentEncrypt, Envelope, EnvelopeKind, GroupCreate, IdentityCreate,
            IdentityFingerprint, IdentityPublic, IdentitySign, MessageDecrypt, MessageEncrypt,
            Ping, Prekeys, PrekeysImport, PrekeysPublish, ProcessPid, Reset, SessionDelete,
            SessionInfo, SessionStart, StatePaths, StateRestore, StateSnapshot,
        },
    },
};

/// Beyond 32 bits, and within what every JSON library keeps exact.
const LARGE_ID: u64 = 1 << 40;

/// An operation that no version of the protocol has.
#[derive(Serialize, Deserialize)]
struct NoSuchOperation {}

impl Operation for NoSuchOperation {
    const NAME: &'static str = "conformance.unknown";
    type Answer = Value;
}

/// `identity.create` with a number for a name.
#[derive(Serialize, Deserialize)]
struct NumberForName {
    name: u32,
}

impl Operation for NumberForName {
    const NAME: &'static str = IdentityCreate::NAME;
    type Answer = Value;
}

/// `identity.create` without a name.
#[derive(Serialize, Deserialize)]
struct NoName {}

impl Operation for NoName {
    const NAME: &'static str = IdentityCreate::NAME;
    type Answer = Value;
}

pub(super) async fn check(kit: &mut Kit, carol: &mut Connection) {
    kit.control(carol, "answers ping", &Ping {}).await;
    carol.count_from(LARGE_ID);
    kit.control(carol, "echoes an id of more than 32 bits", &Ping {}).await;
    unknown_operation(kit, carol).await;
    malformed(kit, carol, "says `error` to a number for a name", &NumberForName { name: 7 }).await;
    malformed(kit, carol, "says `error` to a missing name", &NoName {}).await;
    not_listed(kit, carol).await;
    kit.control(carol, "resets", &Reset { seed: Some(7) }).await;
    kit.control(carol, "answers after all that", &Ping {}).await;
}

async fn unknown_operation(kit: &mut Kit, carol: &mut Connection) {
    let (step, op) = ("says `unsupported` to what it does not know", NoSuchOperation::NAME);
    match carol.call(&NoSuchOperation {}).await {
        Outcome::Unsupported(unsupported) if unsupported.reason.trim().is_empty() => {
            kit.broken(step, op, "field `unsupported.reason` is empty, expected a sentence");
        }
        Outcome::Unsupported(_) => kit.ok(step, op),
        Outcome::Broken(breakage) => kit.broken(step, op, breakage.to_string()),
        other => {
            kit.broken(step, op, format!("expected `unsupported`, it answered: {}", brief(&other)));
        }
    }
}

async fn malformed<O: Operation>(kit: &mut Kit, carol: &mut Connection, step: &str, args: &O) {
    if !kit.can_try::<O>(carol, step) {
        return;
    }
    match carol.call(args).await {
        Outcome::Error(_) => kit.ok(step, O::NAME),
        Outcome::Broken(breakage) => kit.broken(step, O::NAME, breakage.to_string()),
        other => kit.broken(
            step,
            O::NAME,
            format!(
                "the arguments are not of the protocol, expected `error`, it answered: {}",
                brief(&other)
            ),
        ),
    }
}

/// What `hello` does not list should be `unsupported`; what answers all the same may just have
/// been forgotten there.
async fn not_listed(kit: &mut Kit, carol: &mut Connection) {
    let peer = || "bob".to_owned();
    unlisted(kit, carol, &IdentityCreate { name: "carol".to_owned() }).await;
    unlisted(kit, carol, &IdentityPublic {}).await;
    unlisted(kit, carol, &IdentityFingerprint { peer: peer() }).await;
    unlisted(kit, carol, &IdentitySign { message: Bytes(vec![7; 32]) }).await;
    unlisted(kit, carol, &PrekeysPublish { one_time: 1 }).await;
    let prekeys = Prekeys {
        identity_key: Bytes(vec![7; 32]),
        signing_key: None,
        signed_prekey: None,
        one_time_prekeys: Vec::new(),
        kem_prekey: None,
        extra: Value::Null,
    };
    unlisted(kit, carol, &PrekeysImport { peer: peer(), prekeys }).await;
    unlisted(kit, carol, &SessionStart { peer: peer() }).await;
    unlisted(kit, carol, &SessionInfo { peer: peer() }).await;
    unlisted(kit, carol, &MessageEncrypt { peer: peer(), plaintext: Bytes(vec![7]) }).await;
    let envelope =
        Envelope { kind: EnvelopeKind::Message, tag: String::new(), body: Bytes(vec![7; 64]) };
    unlisted(kit, carol, &MessageDecrypt { from: peer(), envelope }).await;
    unlisted(kit, carol, &StateSnapshot {}).await;
    unlisted(kit, carol, &StateRestore { state: Bytes(vec![7; 64]) }).await;
    unlisted(kit, carol, &StatePaths {}).await;
    unlisted(kit, carol, &ProcessPid {}).await;
    unlisted(kit, carol, &SessionDelete { peer: peer() }).await;
    unlisted(kit, carol, &AttachmentEncrypt { plaintext: Bytes(vec![7; 64]) }).await;
    unlisted(kit, carol, &GroupCreate::named("ward")).await;
}

async fn unlisted<O: Operation>(kit: &mut Kit, carol: &mut Connection, args: &O) {
    if carol.can::<O>() || carol.broken().is_some() {
        return;
    }
    let step = "says `unsupported` to what it does not list";
    match carol.call(args).await {
        Outcome::Unsupported(_) => kit.ok(step, O::NAME),
        Outcome::Broken(breakage) => kit.broken(step, O::NAME, breakage.to_string()),
        other => kit.note(
            step,
            O::NAME,
            format!(
                "`hello` does not list it, so it is never tested; yet it answers: {}",
                brief(&other)
            ),
        ),
    }
}

fn brief<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Ok(..) => against(outcome),
        other => other.to_string(),
    }
}
