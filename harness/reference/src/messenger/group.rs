//! The messenger's groups: which of them is meant, and what is stored when an operation succeeds.

use hallmark_driver::{
    protocol::{
        Operation, Warning, WarningClass,
        ops::{
            GroupAdd, GroupAnswer, GroupCreate, GroupDecrypt, GroupEncrypt, GroupEnvelopeKind,
            GroupForward, GroupInfo, GroupJoin, GroupProcess, GroupRemove, GroupRotate, Message,
            MessageDecrypt, MessagesAnswer,
        },
    },
    sdk::Reply,
};

use super::{Memory, Messenger, remember};
use crate::{
    faults::{Fault, Faults},
    group::{self, Group, MAX_MESSAGES, Opened, PAST_EPOCHS, Plan, Processed, Us, WINDOW},
    refused::Refused,
    store::{Store, check_name},
    wire::{self, MAX_PLAINTEXT},
};

/// The operations of groups.
pub(super) const CAPABILITIES: [&str; 10] = [
    GroupCreate::NAME,
    GroupAdd::NAME,
    GroupRemove::NAME,
    GroupJoin::NAME,
    GroupProcess::NAME,
    GroupEncrypt::NAME,
    GroupDecrypt::NAME,
    GroupRotate::NAME,
    GroupForward::NAME,
    GroupInfo::NAME,
];

/// Messages after which a sender renews its key by itself.
pub(super) const ROTATION: u64 = MAX_MESSAGES as u64;

/// Further messages of one sender through which a late one can still be read.
pub(super) const GENERATIONS: u64 = WINDOW;

/// Further changes through which a late message can still be read.
pub(super) const EPOCHS: u64 = PAST_EPOCHS as u64;

/// Groups of one device, those that it left included.
const MAX_GROUPS: usize = 1000;

impl Messenger {
    pub(super) fn group(&self, name: &str) -> Reply<&Group> {
        Ok(find(self.store()?, name)?)
    }

    pub(super) fn create_group(&mut self, name: &str) -> Reply<GroupAnswer> {
        let (store, entropy, _) = self.parts()?;
        check_new(store, name)?;
        let group = Group::create(name, us(store), entropy)?;
        store.join(name, group, None);
        Ok(GroupAnswer::default())
    }

    pub(super) fn add_to_group(&mut self, name: &str, members: &[String]) -> Reply<GroupAnswer> {
        let (store, ..) = self.parts()?;
        find(store, name)?;
        let add = members.iter().map(|member| store.invite(member)).collect::<Result<_, _>>()?;
        self.change_group(name, &Plan { add, ..Plan::default() })
    }

    pub(super) fn change_group(&mut self, name: &str, plan: &Plan) -> Reply<GroupAnswer> {
        let (store, entropy, faults) = self.parts()?;
        let mut group = find(store, name)?.clone();
        let envelopes = group.change(us(store), plan, entropy, faults)?;
        store.groups.insert(name.to_owned(), group);
        Ok(GroupAnswer { envelopes })
    }

    pub(super) fn join_group(&mut self, args: &GroupJoin) -> Reply<GroupAnswer> {
        let (store, ..) = self.parts()?;
        check_new(store, &args.group)?;
        let (group, one_time) =
            Group::join(us(store), &args.group, &args.from, &args.envelope, store)?;
        store.join(&args.group, group, one_time);
        Ok(GroupAnswer::default())
    }

    pub(super) fn process_in_group(&mut self, args: &GroupProcess) -> Reply<GroupAnswer> {
        let (store, _, faults) = self.parts()?;
        let mut group = find(store, &args.group)?.clone();
        if args.envelope.kind == GroupEnvelopeKind::Key {
            group.process_key(&args.from, &args.envelope, faults)?;
            store.groups.insert(args.group.clone(), group);
            return Ok(GroupAnswer::default());
        }
        match group.process_change(us(store), &args.from, &args.envelope, store, faults)? {
            Processed::Member { added } => {
                store.groups.insert(args.group.clone(), group);
                self.warnings.extend(added.iter().map(|name| joined(name, args)));
            }
            Processed::Removed => {
                store.groups.remove(&args.group);
                store.left.insert(args.group.clone());
            }
        }
        Ok(GroupAnswer::default())
    }

    pub(super) fn encrypt_for_group(&mut self, args: &GroupEncrypt) -> Reply<GroupAnswer> {
        let (store, entropy, faults) = self.parts()?;
        if args.plaintext.len() > MAX_PLAINTEXT {
            return Err(Refused::Policy("the message is longer than 1 MiB").into());
        }
        let mut group = find(store, &args.group)?.clone();
        let envelopes = group.encrypt(us(store), &args.plaintext, entropy, faults)?;
        store.groups.insert(args.group.clone(), group);
        Ok(GroupAnswer { envelopes })
    }

    pub(super) fn decrypt_in_group(&mut self, args: GroupDecrypt) -> Reply<MessagesAnswer> {
        let replays = self.faults.has(Fault::AcceptGroupReplay);
        if let Some(message) = replays.then(|| self.memory.group_answer(&args)).flatten() {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        let (store, _, faults) = self.parts()?;
        find(store, &args.group)?;
        if faults.has(Fault::ConfuseChannels)
            && let Ok(body) = wire::parse(&args.envelope.body)
        {
            return Ok(MessagesAnswer { messages: vec![self.deliver(&args.from, body)?] });
        }
        if !group::is_message(&args.envelope) {
            return Err(Refused::Malformed("the envelope does not carry a message").into());
        }
        let name = meant(store, &args, faults);
        let mut group = find(store, &name)?.clone();
        let opened = group.decrypt(&args.from, &args.envelope.body, faults)?;
        self.deliver_from_group(&name, group, &opened)?;
        let message = Message {
            plaintext: opened.plaintext.into(),
            sender: opened.sender,
            position: Some(opened.position),
            conversation: None,
        };
        if replays {
            remember(&mut self.memory.group_answered, (args, message.clone()));
        }
        Ok(MessagesAnswer { messages: vec![message] })
    }

    pub(super) fn forward_in_group(&mut self, args: &GroupForward) -> Reply<GroupAnswer> {
        let store = self.store()?;
        let envelope = find(store, &args.group)?.forward(us(store), &args.sender, &args.to)?;
        Ok(GroupAnswer { envelopes: vec![envelope] })
    }

    /// A group's message that was handed over as one between two: read with the fault only.
    pub(super) fn confused(&mut self, args: &MessageDecrypt) -> Reply<Option<Message>> {
        if !self.faults.has(Fault::ConfuseChannels) {
            return Ok(None);
        }
        let (store, _, faults) = self.parts()?;
        let Some(id) = group::named_in(&args.envelope.body) else { return Ok(None) };
        let Some((name, group)) = store.groups.iter().find(|(_, group)| group.is(&id)) else {
            return Ok(None);
        };
        let (name, mut group) = (name.clone(), group.clone());
        let opened = group.decrypt(&args.from, &args.envelope.body, faults)?;
        self.deliver_from_group(&name, group, &opened)?;
        Ok(Some(Message {
            plaintext: opened.plaintext.into(),
            sender: opened.sender,
            position: None,
            conversation: None,
        }))
    }

    /// Stores the group as it is after a message was opened.
    fn deliver_from_group(&mut self, name: &str, group: Group, opened: &Opened) -> Reply<()> {
        if self.faults.has(Fault::KeepGroupKeys) {
            let place = (name.to_owned(), opened.sender.clone(), opened.position);
            self.memory.deliver_from_group_once(place)?;
        }
        let (store, ..) = self.parts()?;
        store.groups.insert(name.to_owned(), group);
        Ok(())
    }
}

impl Memory {
    /// Refuses a message whose kept key would open it a second time in one life of the process.
    fn deliver_from_group_once(&mut self, place: (String, String, u64)) -> Result<(), Refused> {
        if self.group_delivered.contains(&place) {
            return Err(Refused::Stale("the message was delivered"));
        }
        remember(&mut self.group_delivered, place);
        Ok(())
    }

    fn group_answer(&self, args: &GroupDecrypt) -> Option<Message> {
        self.group_answered
            .iter()
            .find(|(known, _)| known == args)
            .map(|(_, answer)| answer.clone())
    }
}

fn us(store: &Store) -> Us<'_> {
    Us { name: &store.name, identity: &store.identity }
}

fn find<'a>(store: &'a Store, name: &str) -> Result<&'a Group, Refused> {
    store.groups.get(name).ok_or_else(|| {
        if store.left.contains(name) {
            Refused::NotMember("the device is not a member of this group any more")
        } else {
            Refused::Unknown("the device knows no such group")
        }
    })
}

/// The group in which a message is to be read: the one it is handed over for, but for a fault.
fn meant(store: &Store, args: &GroupDecrypt, faults: Faults) -> String {
    if faults.has(Fault::IgnoreGroup)
        && let Some(id) = group::named_in(&args.envelope.body)
        && let Some((name, _)) = store.groups.iter().find(|(_, group)| group.is(&id))
    {
        return name.clone();
    }
    args.group.clone()
}

/// Whether a group of this name can begin here.
fn check_new(store: &Store, name: &str) -> Result<(), Refused> {
    check_name(name)?;
    if store.groups.contains_key(name) {
        return Err(Refused::Policy("the device is a member of a group of this name already"));
    }
    if store.groups.len() + store.left.len() >= MAX_GROUPS {
        return Err(Refused::Policy("the device has as many groups as it keeps"));
    }
    Ok(())
}

fn joined(name: &str, args: &GroupProcess) -> Warning {
    Warning {
        class: WarningClass::MemberAdded,
        text: format!("{} added {name} to {}", args.from, args.group),
    }
}
