//! Two honest devices write to each other.

use super::{
    dishonest,
    group::live_app,
    kit::{Kit, against, problem},
};
use crate::{
    connection::Connection,
    outcome::Outcome,
    protocol::{
        Bytes, Operation,
        ops::{
            Envelope, EnvelopeKind, IdentityCreate, IdentityFingerprint, IdentityPublic,
            IdentitySign, MessageDecrypt, MessageEncrypt, Prekeys, PrekeysImport, PrekeysPublish,
            SessionInfo, SessionInfoAnswer, SessionStart,
        },
    },
};

pub(super) const ALICE: &str = "alice";
pub(super) const BOB: &str = "bob";

/// One-time prekeys asked for.
const ONE_TIME: u32 = 2;

/// Size of the large message, unless `hello` states a lower limit.
const LARGE: u64 = 64 * 1024;

/// The two devices.
pub(super) struct Pair<'a> {
    pub(super) alice: &'a mut Connection,
    pub(super) bob: &'a mut Connection,
}

/// Who writes to whom.
#[derive(Clone, Copy)]
pub(super) enum Way {
    AliceToBob,
    BobToAlice,
}

impl Pair<'_> {
    /// The sender, the receiver, and their names.
    fn along(
        &mut self,
        way: Way,
    ) -> (&mut Connection, &mut Connection, &'static str, &'static str) {
        match way {
            Way::AliceToBob => (self.alice, self.bob, ALICE, BOB),
            Way::BobToAlice => (self.bob, self.alice, BOB, ALICE),
        }
    }
}

pub(super) async fn check(kit: &mut Kit, pair: &mut Pair<'_>) {
    let keys = identities(kit, pair).await;
    let prekeys = prekeys(kit, pair, keys).await;
    start(kit, pair, Way::AliceToBob, prekeys.1.as_ref()).await;
    exchange(kit, pair, Way::AliceToBob, "a message", &Bytes(b"first words".to_vec())).await;
    reply(kit, pair, prekeys.0.as_ref()).await;
    information(kit, pair).await;
    fingerprints(kit, pair).await;
    let limit = pair.alice.hello().limits.get("plaintext-bytes").copied().unwrap_or(LARGE);
    let size = usize::try_from(limit.min(LARGE)).unwrap_or_default();
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(size).collect();
    let what = format!("a message of {size} bytes");
    exchange(kit, pair, Way::AliceToBob, &what, &Bytes(large)).await;
    dishonest::unknown_peer(kit, pair.alice).await;
    dishonest::junk(kit, pair.bob).await;
    let again = Bytes(b"still there?".to_vec());
    exchange(kit, pair, Way::AliceToBob, "a message after the junk", &again).await;
}

/// Makes both identities; returns their public keys.
async fn identities(kit: &mut Kit, pair: &mut Pair<'_>) -> [Option<Bytes>; 2] {
    for (device, name) in [(&mut *pair.alice, ALICE), (&mut *pair.bob, BOB)] {
        let args = IdentityCreate { name: name.to_owned() };
        kit.honest(device, &format!("{name} makes an identity"), &args, |_| Vec::new()).await;
    }
    let empty =
        |key: &Bytes| problem(key.is_empty(), || "field `ok.identity_key` is empty".to_owned());
    let args = IdentityPublic {};
    let first = kit
        .honest(pair.alice, "alice tells her identity key", &args, |a| empty(&a.identity_key))
        .await
        .map(|answer| answer.identity_key);
    kit.honest(pair.alice, "alice tells the same key again", &args, |answer| {
        let other = first.as_ref().is_some_and(|key| *key != answer.identity_key);
        problem(other, || "field `ok.identity_key` is another than before".to_owned())
    })
    .await;
    let bobs = kit
        .honest(pair.bob, "bob tells another key", &args, |answer| {
            let same = first.as_ref() == Some(&answer.identity_key);
            let words = || "field `ok.identity_key` is the same for alice and bob".to_owned();
            [empty(&answer.identity_key), problem(same, words)].concat()
        })
        .await;
    [first, bobs.map(|answer| answer.identity_key)]
}

/// Both publish; bob signs.
async fn prekeys(
    kit: &mut Kit,
    pair: &mut Pair<'_>,
    keys: [Option<Bytes>; 2],
) -> (Option<Prekeys>, Option<Prekeys>) {
    let [alices, bobs] = keys;
    let args = PrekeysPublish { one_time: ONE_TIME };
    let from_alice = kit
        .honest(pair.alice, "alice publishes prekeys", &args, |answer| {
            published(&answer.prekeys, alices.as_ref())
        })
        .await;
    let from_bob = kit
        .honest(pair.bob, "bob publishes prekeys", &args, |answer| {
            published(&answer.prekeys, bobs.as_ref())
        })
        .await;
    let signed = from_bob.as_ref().and_then(|answer| answer.prekeys.signed_prekey.clone());
    let message = signed.map_or_else(|| Bytes(vec![5; 32]), |prekey| prekey.public);
    kit.honest(pair.bob, "bob signs a prekey", &IdentitySign { message }, |answer| {
        problem(answer.signature.is_empty(), || "field `ok.signature` is empty".to_owned())
    })
    .await;
    (from_alice.map(|answer| answer.prekeys), from_bob.map(|answer| answer.prekeys))
}

fn published(prekeys: &Prekeys, identity: Option<&Bytes>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |wrong: bool, words: &str| problems.extend(problem(wrong, || words.to_owned()));
    check(
        identity.is_some_and(|key| *key != prekeys.identity_key),
        "field `ok.prekeys.identity_key` is not what `identity.public` answered",
    );
    let signed = prekeys.signed_prekey.as_ref();
    check(
        signed.is_some_and(|prekey| prekey.public.is_empty()),
        "field `ok.prekeys.signed_prekey.public` is empty",
    );
    check(
        signed.is_some_and(|prekey| prekey.signature.is_empty()),
        "field `ok.prekeys.signed_prekey.signature` is empty",
    );
    let one_time = &prekeys.one_time_prekeys;
    check(
        one_time.len() > ONE_TIME as usize,
        "field `ok.prekeys.one_time_prekeys` has more items than were asked for",
    );
    let twice = |index: usize| one_time[..index].iter().any(|other| other.id == one_time[index].id);
    check(
        (0..one_time.len()).any(twice),
        "field `ok.prekeys.one_time_prekeys` has two items with the same `id`",
    );
    check(
        one_time.iter().any(|prekey| prekey.public.is_empty()),
        "field `ok.prekeys.one_time_prekeys[].public` is empty",
    );
    problems
}

/// The server hands out at most one one-time prekey.
pub(super) fn handed_out(prekeys: &Prekeys) -> Prekeys {
    let mut prekeys = prekeys.clone();
    prekeys.one_time_prekeys.truncate(1);
    prekeys
}

pub(super) async fn start(kit: &mut Kit, pair: &mut Pair<'_>, way: Way, prekeys: Option<&Prekeys>) {
    let (sender, receiver, from, to) = pair.along(way);
    if let Some(prekeys) = prekeys {
        let args = PrekeysImport { peer: to.to_owned(), prekeys: handed_out(prekeys) };
        let step = format!("{from} accepts {to}'s honest prekeys");
        kit.honest(sender, &step, &args, |_| Vec::new()).await;
    }
    let args = SessionStart { peer: to.to_owned() };
    let step = format!("{from} starts a session with {to}");
    let started = kit
        .honest(sender, &step, &args, |answer| {
            let message = answer.envelopes.iter().position(|e| e.kind == EnvelopeKind::Message);
            message
                .map(|index| {
                    format!("field `ok.envelopes[{index}].kind` is `message`, expected `setup`")
                })
                .into_iter()
                .chain(empty_body(&answer.envelopes))
                .collect()
        })
        .await;
    for envelope in started.into_iter().flat_map(|answer| answer.envelopes) {
        let args = MessageDecrypt { from: from.to_owned(), envelope };
        let step = format!("{to} takes the setup envelope");
        kit.honest(receiver, &step, &args, |answer| {
            problem(!answer.messages.is_empty(), || {
                "field `ok.messages` is not empty, but a setup envelope carries none".to_owned()
            })
        })
        .await;
    }
}

fn empty_body(envelopes: &[Envelope]) -> Option<String> {
    let index = envelopes.iter().position(|envelope| envelope.body.is_empty())?;
    Some(format!("field `ok.envelopes[{index}].body` is empty"))
}

/// Encrypts; returns the envelopes.
pub(super) async fn encrypt(
    kit: &mut Kit,
    pair: &mut Pair<'_>,
    way: Way,
    what: &str,
    plaintext: &Bytes,
) -> Option<Vec<Envelope>> {
    let (sender, _, from, to) = pair.along(way);
    let args = MessageEncrypt { peer: to.to_owned(), plaintext: plaintext.clone() };
    let step = format!("{from} encrypts {what}");
    let answer = kit.honest(sender, &step, &args, |answer| sendable(&answer.envelopes)).await;
    answer.map(|answer| answer.envelopes)
}

fn sendable(envelopes: &[Envelope]) -> Vec<String> {
    let none = !envelopes.iter().any(|envelope| envelope.kind == EnvelopeKind::Message);
    let words = || "field `ok.envelopes` has no item of kind `message`".to_owned();
    problem(none, words).into_iter().chain(empty_body(envelopes)).collect()
}

/// Decrypts at `receiver`, and compares with what was sent.
pub(super) async fn decrypt(
    kit: &mut Kit,
    receiver: &mut Connection,
    (from, step): (&str, &str),
    envelopes: Vec<Envelope>,
    plaintext: &Bytes,
) {
    let op = MessageDecrypt::NAME;
    if !kit.can_try::<MessageDecrypt>(receiver, step) {
        return;
    }
    let mut messages = Vec::new();
    for envelope in envelopes {
        let args = MessageDecrypt { from: from.to_owned(), envelope };
        match receiver.call(&args).await {
            Outcome::Ok(answer, _) => messages.extend(answer.messages),
            other => return kit.broken(step, op, against(&other)),
        }
    }
    let [message] = messages.as_slice() else {
        let count = messages.len();
        return kit.broken(step, op, format!("field `ok.messages` has {count} items, expected 1"));
    };
    let mut problems = problem(message.plaintext != *plaintext, || {
        format!(
            "field `ok.messages[0].plaintext` is not what {from} encrypted: {}",
            difference(&message.plaintext, plaintext)
        )
    });
    problems.extend(problem(message.sender != from, || {
        format!("field `ok.messages[0].sender` is `{}`, expected `{from}`", message.sender)
    }));
    kit.judge(step, op, &problems);
}

fn difference(got: &[u8], expected: &[u8]) -> String {
    if got.len() != expected.len() {
        return format!("{} bytes, expected {}", got.len(), expected.len());
    }
    let at = got.iter().zip(expected).take_while(|(got, expected)| got == expected).count();
    format!("it differs from byte {at} on, counted from 0")
}

pub(super) async fn exchange(
    kit: &mut Kit,
    pair: &mut Pair<'_>,
    way: Way,
    what: &str,
    plaintext: &Bytes,
) {
    if let Some(envelopes) = encrypt(kit, pair, way, what, plaintext).await {
        let (_, receiver, from, to) = pair.along(way);
        let step = format!("{to} decrypts {what}");
        decrypt(kit, receiver, (from, &step), envelopes, plaintext).await;
    }
}

/// Where a session serves one direction, as in Megolm, bob first starts his own.
async fn reply(kit: &mut Kit, pair: &mut Pair<'_>, prekeys: Option<&Prekeys>) {
    let plaintext = Bytes(b"and back".to_vec());
    if pair.bob.can::<MessageEncrypt>() && pair.bob.can::<SessionStart>() && prekeys.is_some() {
        let args = MessageEncrypt { peer: ALICE.to_owned(), plaintext: plaintext.clone() };
        match pair.bob.call(&args).await {
            Outcome::Ok(answer, _) => {
                let step = "bob encrypts a reply";
                kit.judge(step, MessageEncrypt::NAME, &sendable(&answer.envelopes));
                let step = (BOB, "alice decrypts a reply");
                return decrypt(kit, pair.alice, step, answer.envelopes, &plaintext).await;
            }
            Outcome::Refused(_) | Outcome::Error(_) => {
                let words = "bob cannot answer in alice's session; he starts one of his own";
                kit.note("bob answers in alice's session", MessageEncrypt::NAME, words);
                start(kit, pair, Way::BobToAlice, prekeys).await;
            }
            Outcome::Unsupported(_) | Outcome::Broken(_) => {}
        }
    }
    exchange(kit, pair, Way::BobToAlice, "a reply", &plaintext).await;
}

async fn information(kit: &mut Kit, pair: &mut Pair<'_>) {
    let args = SessionInfo { peer: BOB.to_owned() };
    kit.honest(pair.alice, "alice names the algorithms", &args, algorithms).await;
}

fn algorithms(info: &SessionInfoAnswer) -> Vec<String> {
    let fields = [
        ("protocol", &info.protocol),
        ("cipher", &info.cipher),
        ("mac", &info.mac),
        ("key_agreement", &info.key_agreement),
    ];
    let empty = fields.into_iter().filter(|(_, value)| value.trim().is_empty());
    let mut problems: Vec<_> =
        empty.map(|(name, _)| format!("field `ok.{name}` is empty")).collect();
    problems.extend(problem(!info.mac_bits.is_multiple_of(8), || {
        format!("field `ok.mac_bits` is {}, expected whole bytes", info.mac_bits)
    }));
    problems
}

async fn fingerprints(kit: &mut Kit, pair: &mut Pair<'_>) {
    if live_app(pair.alice) {
        let words = "not tried: a live app knows its peers from its server, after `account.login`";
        kit.missing("alice shows bob's fingerprint", IdentityFingerprint::NAME, words);
        return;
    }
    let empty = |text: &str| {
        problem(text.trim().is_empty(), || "field `ok.fingerprint` is empty".to_owned())
    };
    let args = IdentityFingerprint { peer: BOB.to_owned() };
    let alices = kit
        .honest(pair.alice, "alice shows bob's fingerprint", &args, |a| empty(&a.fingerprint))
        .await;
    let args = IdentityFingerprint { peer: ALICE.to_owned() };
    kit.honest(pair.bob, "bob shows the same fingerprint", &args, |answer| {
        let differs = alices.as_ref().is_some_and(|a| a.fingerprint != answer.fingerprint);
        let words = || {
            "field `ok.fingerprint` differs between alice and bob, expected one text that both \
             can compare"
                .to_owned()
        };
        [empty(&answer.fingerprint), problem(differs, words)].concat()
    })
    .await;
}
