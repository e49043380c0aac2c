//! Three honest devices in a group, from which one is removed.

use std::collections::{BTreeSet, VecDeque};

use super::kit::{Kit, against, problem};
use crate::{
    connect::Connect,
    connection::Connection,
    outcome::Outcome,
    protocol::{
        Bytes, Class, Operation,
        ops::{
            AccountLogin, GroupAdd, GroupAnswer, GroupCreate, GroupDecrypt, GroupEncrypt,
            GroupEnvelope, GroupEnvelopeKind, GroupInfo, GroupInfoAnswer, GroupJoin, GroupProcess,
            GroupRemove, GroupRotate, IdentityCreate, Message, Prekeys, PrekeysImport,
            PrekeysPublish,
        },
    },
};

const GROUP: &str = "ward";
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

/// Most envelopes that one change may set off.
const MOST: usize = 100;

/// The devices, and who of them is to be in the group.
struct Room {
    devices: Vec<Connection>,
    members: BTreeSet<usize>,
    /// Those who were members before the change under way: a newcomer is told of it by a welcome.
    seated: BTreeSet<usize>,
}

/// Whether users log in there: without a server there is nothing to try.
pub(super) fn live_app(device: &Connection) -> bool {
    device.can::<AccountLogin>() && !device.can::<IdentityCreate>()
}

/// Three devices, each of the driver at its place.
pub(super) async fn check(kit: &mut Kit, drivers: [&dyn Connect; 3]) {
    let alone = BTreeSet::from([ALICE]);
    let mut room = Room { devices: Vec::new(), members: alone.clone(), seated: alone };
    for (driver, name) in drivers.into_iter().zip(NAMES) {
        let device = match driver.connect().await {
            Ok(device) => device,
            Err(unreachable) => {
                let step = format!("{name} says hello for a group");
                kit.broken(step, GroupCreate::NAME, unreachable.to_string());
                break;
            }
        };
        let offered = device.can::<GroupCreate>();
        room.devices.push(device);
        if !offered {
            let words = "not offered: `hello` does not list it";
            kit.missing("alice makes a group", GroupCreate::NAME, words);
            break;
        }
    }
    if room.devices.iter().any(live_app) {
        let words = "not tried: a live app has groups on its server only, after `account.login`";
        kit.missing("alice makes a group", GroupCreate::NAME, words);
    } else if room.devices.len() == NAMES.len()
        && room.devices.iter().all(Connection::can::<GroupCreate>)
    {
        conversation(kit, &mut room).await;
    }
    for device in room.devices {
        device.end().await;
    }
}

async fn conversation(kit: &mut Kit, room: &mut Room) {
    introduce(kit, room).await;
    let group = || GROUP.to_owned();
    let Some(made) = room.ask(kit, ALICE, "makes a group", &GroupCreate::named(&group())).await
    else {
        return;
    };
    carry(kit, room, ALICE, made).await;
    let members = vec![NAMES[BOB].to_owned(), NAMES[CAROL].to_owned()];
    let args = GroupAdd { group: group(), members };
    let Some(added) = room.ask(kit, ALICE, "adds bob and carol", &args).await else { return };
    room.members = BTreeSet::from([ALICE, BOB, CAROL]);
    carry(kit, room, ALICE, added).await;
    room.seated.clone_from(&room.members);
    speak(kit, room, ALICE, "a message to the group").await;
    speak(kit, room, BOB, "an answer to the group").await;
    information(kit, room).await;

    let args = GroupRotate { group: group() };
    if let Some(rotated) = room.ask(kit, BOB, "replaces his keys", &args).await {
        carry(kit, room, BOB, rotated).await;
        speak(kit, room, BOB, "a message under the new keys").await;
        speak(kit, room, ALICE, "a message after bob's new keys").await;
    }

    let args = GroupRemove { group: group(), members: vec![NAMES[CAROL].to_owned()] };
    let Some(removed) = room.ask(kit, ALICE, "removes carol", &args).await else { return };
    // The server lets her know too: else she could not know that she may not speak.
    carry(kit, room, ALICE, removed).await;
    room.members.remove(&CAROL);
    let plaintext = Bytes(b"still here".to_vec());
    let args = GroupEncrypt { group: group(), plaintext };
    let step = "carol, who was removed, cannot speak";
    kit.refused(&mut room.devices[CAROL], step, &args, Class::NotMember).await;
    speak(kit, room, ALICE, "a message without carol").await;
    information(kit, room).await;
    let plaintext = Bytes(b"nobody there".to_vec());
    let args = GroupEncrypt { group: "no such group".to_owned(), plaintext };
    let step = "bob cannot speak in a group that is none";
    kit.refused(&mut room.devices[BOB], step, &args, Class::NotMember).await;
}

impl Room {
    /// Asks one device for a change of its own.
    async fn ask<O: Operation<Answer = GroupAnswer>>(
        &mut self,
        kit: &mut Kit,
        who: usize,
        does: &str,
        args: &O,
    ) -> Option<Vec<GroupEnvelope>> {
        let step = format!("{} {does}", NAMES[who]);
        let answer = kit.honest(&mut self.devices[who], &step, args, well_formed).await?;
        Some(answer.envelopes)
    }
}

fn well_formed(answer: &GroupAnswer) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, envelope) in answer.envelopes.iter().enumerate() {
        problems.extend(problem(envelope.body.is_empty(), || {
            format!("field `ok.envelopes[{index}].body` is empty")
        }));
        let stranger = envelope.to.iter().find(|name| !NAMES.contains(&name.as_str()));
        problems.extend(stranger.map(|name| {
            format!("field `ok.envelopes[{index}].to` names `{name}`, who is nobody here")
        }));
    }
    problems
}

/// Everybody has an identity, and everybody else's prekeys where there are such.
async fn introduce(kit: &mut Kit, room: &mut Room) {
    let mut published: Vec<Option<Prekeys>> = Vec::new();
    for (who, name) in NAMES.into_iter().enumerate() {
        let device = &mut room.devices[who];
        let args = IdentityCreate { name: name.to_owned() };
        kit.honest(device, &format!("{name} makes an identity"), &args, |_| Vec::new()).await;
        let args = PrekeysPublish { one_time: 2 };
        let step = format!("{name} publishes prekeys");
        let answer = kit.honest(device, &step, &args, |_| Vec::new()).await;
        published.push(answer.map(|answer| answer.prekeys));
    }
    for (who, name) in NAMES.into_iter().enumerate() {
        for (other, peer) in NAMES.into_iter().enumerate().filter(|(other, _)| *other != who) {
            let Some(Some(prekeys)) = published.get_mut(other) else { continue };
            let mut handed = prekeys.clone();
            handed.one_time_prekeys.truncate(1);
            if prekeys.one_time_prekeys.len() > 1 {
                prekeys.one_time_prekeys.remove(0);
            }
            let args = PrekeysImport { peer: peer.to_owned(), prekeys: handed };
            let step = format!("{name} accepts {peer}'s prekeys");
            kit.honest(&mut room.devices[who], &step, &args, |_| Vec::new()).await;
        }
    }
}

/// Hands envelopes to those for whom they are, and what these answer in turn.
async fn carry(kit: &mut Kit, room: &mut Room, from: usize, envelopes: Vec<GroupEnvelope>) {
    let mut waiting: VecDeque<_> = envelopes.into_iter().map(|envelope| (from, envelope)).collect();
    let mut carried = 0;
    while let Some((from, envelope)) = waiting.pop_front() {
        for to in recipients(room, from, &envelope) {
            carried += 1;
            if carried > MOST {
                let words = format!("more than {MOST} envelopes for one change");
                return kit.broken("a change comes to an end", GroupProcess::NAME, words);
            }
            let (group, sender) = (GROUP.to_owned(), NAMES[from].to_owned());
            let envelope = envelope.clone();
            let device = &mut room.devices[to];
            let name = NAMES[to];
            let answers = match envelope.kind {
                GroupEnvelopeKind::Welcome => {
                    let step = format!("{name} joins");
                    let args = GroupJoin { group, from: sender, envelope };
                    kit.honest(device, &step, &args, well_formed).await
                }
                GroupEnvelopeKind::Change | GroupEnvelopeKind::Key => {
                    let step = format!("{name} takes what {sender} changed");
                    let args = GroupProcess { group, from: sender, envelope };
                    kit.honest(device, &step, &args, well_formed).await
                }
                GroupEnvelopeKind::Message => {
                    let words = "a message came with a change: nobody asked for one";
                    kit.note(format!("{sender} says something"), GroupProcess::NAME, words);
                    None
                }
            };
            let answers = answers.into_iter().flat_map(|answer| answer.envelopes);
            waiting.extend(answers.map(|envelope| (to, envelope)));
        }
    }
}

/// For whom an envelope is: those it names, or all other members.
fn recipients(room: &Room, from: usize, envelope: &GroupEnvelope) -> Vec<usize> {
    let others = (0..NAMES.len()).filter(|who| *who != from);
    if envelope.to.is_empty() {
        let told = match envelope.kind {
            GroupEnvelopeKind::Change => &room.seated,
            _ => &room.members,
        };
        return others.filter(|who| told.contains(who)).collect();
    }
    others.filter(|who| envelope.to.iter().any(|name| name == NAMES[*who])).collect()
}

/// One speaks, all other members read it.
async fn speak(kit: &mut Kit, room: &mut Room, who: usize, what: &str) {
    let plaintext = Bytes(what.as_bytes().to_vec());
    let args = GroupEncrypt { group: GROUP.to_owned(), plaintext: plaintext.clone() };
    let step = format!("{} encrypts {what}", NAMES[who]);
    let said = kit
        .honest(&mut room.devices[who], &step, &args, |answer| {
            let none = !answer.envelopes.iter().any(|e| e.kind == GroupEnvelopeKind::Message);
            let words = || "field `ok.envelopes` has no item of kind `message`".to_owned();
            [well_formed(answer), problem(none, words)].concat()
        })
        .await;
    let Some(said) = said else { return };
    let (messages, before): (Vec<_>, Vec<_>) =
        said.envelopes.into_iter().partition(|e| e.kind == GroupEnvelopeKind::Message);
    carry(kit, room, who, before).await;
    let readers: Vec<_> = room.members.iter().copied().filter(|reader| *reader != who).collect();
    for reader in readers {
        let step = format!("{} decrypts {what}", NAMES[reader]);
        read(kit, room, (who, reader), (&step, &plaintext), &messages).await;
    }
}

async fn read(
    kit: &mut Kit,
    room: &mut Room,
    (who, reader): (usize, usize),
    (step, plaintext): (&str, &Bytes),
    messages: &[GroupEnvelope],
) {
    let op = GroupDecrypt::NAME;
    if !kit.can_try::<GroupDecrypt>(&room.devices[reader], step) {
        return;
    }
    let mut shown = Vec::new();
    for envelope in messages {
        if !recipients(room, who, envelope).contains(&reader) {
            continue;
        }
        let args = GroupDecrypt {
            group: GROUP.to_owned(),
            from: NAMES[who].to_owned(),
            envelope: envelope.clone(),
        };
        match room.devices[reader].call(&args).await {
            Outcome::Ok(answer, _) => shown.extend(answer.messages),
            other => return kit.broken(step, op, against(&other)),
        }
    }
    let [Message { plaintext: got, sender, .. }] = shown.as_slice() else {
        let count = shown.len();
        return kit.broken(step, op, format!("field `ok.messages` has {count} items, expected 1"));
    };
    let from = NAMES[who];
    let mut problems = problem(got != plaintext, || {
        format!("field `ok.messages[0].plaintext` is not what {from} encrypted")
    });
    problems.extend(problem(sender != from, || {
        format!("field `ok.messages[0].sender` is `{sender}`, expected `{from}`")
    }));
    kit.judge(step, op, &problems);
}

/// All members see the same group, and it is the one that there should be.
async fn information(kit: &mut Kit, room: &mut Room) {
    let names: BTreeSet<_> = room.members.iter().map(|who| NAMES[*who].to_owned()).collect();
    let members: Vec<_> = room.members.iter().copied().collect();
    let mut first: Option<GroupInfoAnswer> = None;
    for who in members {
        let step = format!("{} sees a group of {}", NAMES[who], names.len());
        let args = GroupInfo { group: GROUP.to_owned() };
        let answer = kit
            .honest(&mut room.devices[who], &step, &args, |answer| {
                let mut problems = described(answer);
                let seen: BTreeSet<_> = answer.members.iter().cloned().collect();
                problems.extend(problem(seen != names, || {
                    format!(
                        "field `ok.members` is {}, expected {}",
                        answer.members.join(", "),
                        names.iter().cloned().collect::<Vec<_>>().join(", ")
                    )
                }));
                if let Some(first) = &first {
                    problems.extend(problem(first.epoch != answer.epoch, || {
                        "field `ok.epoch` is another than for alice".to_owned()
                    }));
                    problems.extend(problem(first.authenticator != answer.authenticator, || {
                        "field `ok.authenticator` is another than for alice".to_owned()
                    }));
                }
                problems
            })
            .await;
        first = first.or(answer);
    }
}

fn described(info: &GroupInfoAnswer) -> Vec<String> {
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
