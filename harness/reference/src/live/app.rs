//! One user's app, on one device.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
    time::{Duration, Instant},
};

use hallmark_driver::{
    protocol::{
        Class, Operation, Warning, WarningClass,
        ops::{
            AccountLogin, Content, ConversationRead, DeviceList, DeviceRemove, DevicesAnswer, Done,
            FingerprintAnswer, GroupAdd, GroupAnswer, GroupCreate, GroupRemove, HelloAnswer,
            MessageAwait, MessageDecrypt, MessageEncrypt, MessageSend, PrekeysImport, SentAnswer,
            SessionStart, Shown, ShownAnswer, StateRestore, StateSnapshot, VerifyConfirm,
            VerifyStart, WorldSet,
        },
    },
    sdk::{Declined, Device, Reply},
};

use super::{
    account::{self, Listing, fingerprint, user_of},
    kept::Kept,
    letter::{self, Gathering, Note},
    line::{Carried, Heard, Item, Line, Say, unexpected},
};
use crate::{
    Messenger,
    faults::{Fault, Faults},
    hello::hello,
    identity::signing_public,
    kdf::Key,
};

const FILE: &str = "app.json";

/// The app of one user on one device, behind the driver protocol.
pub struct LiveApp {
    faults: Faults,
    seed: Option<u64>,
    server: Option<SocketAddr>,
    storage: Option<PathBuf>,
    session: Option<Session>,
    warnings: Vec<Warning>,
}

/// Somebody who has logged in.
struct Session {
    faults: Faults,
    messenger: Messenger,
    line: Line,
    kept: Kept,
    file: PathBuf,
    /// Envelopes that were read; with a fault only.
    read: Vec<(Item, Note)>,
    warnings: Vec<Warning>,
}

impl LiveApp {
    /// An app in which nobody has logged in, with these faults.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        let (seed, server, storage, session) = (None, None, None, None);
        Self { faults, seed, server, storage, session, warnings: Vec::new() }
    }

    /// Does something for who has logged in, and keeps what became of it.
    fn during<T>(&mut self, act: impl FnOnce(&mut Session) -> Reply<T>) -> Reply<T> {
        let session = self.session.as_mut().ok_or_else(|| Declined::error("nobody logged in"))?;
        let done = act(session);
        self.warnings.append(&mut session.warnings);
        session.keep()?;
        done
    }

    fn enter(&self, args: &AccountLogin) -> Reply<Session> {
        let server = self.server.ok_or_else(|| Declined::error("no server was named"))?;
        let folder = self.storage.as_ref().ok_or_else(|| Declined::error("no folder was named"))?;
        let device = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let address = format!("{}/{}", args.user, device.unwrap_or_default());
        let file = folder.join(FILE);
        let line = Line::dial(server).map_err(|error| unreachable_server(&error))?;
        let (messenger, kept, prekeys) = match Kept::read(&file).map_err(Declined::error)? {
            Some(kept) if kept.user == args.user => {
                let mut messenger = Messenger::new(Faults::NONE);
                messenger.state_restore(StateRestore { state: kept.state.clone() })?;
                (messenger, kept, None)
            }
            _ => {
                let secret = account::secret(&args.user, &args.password);
                let (messenger, listing, prekeys) = account::device(&address, &secret, self.seed)?;
                (messenger, Kept::new(&args.user, secret, listing), Some(Box::new(prekeys)))
            }
        };
        let (password, listing) = (args.password.clone(), kept.listing.clone());
        line.ask(&Say::Enter { password, listing, prekeys })?;
        let (faults, read, warnings) = (self.faults, Vec::new(), Vec::new());
        let mut session = Session { faults, messenger, line, kept, file, read, warnings };
        session.keep()?;
        Ok(session)
    }
}

fn unreachable_server(error: &io::Error) -> Declined {
    Declined::error(format!("the server cannot be reached: {error}"))
}

impl Session {
    fn keep(&mut self) -> Reply<()> {
        self.kept.state = self.messenger.state_snapshot(StateSnapshot {})?.state;
        self.kept.write(&self.file).map_err(Declined::error)
    }

    fn us(&self) -> &str {
        &self.kept.listing.address
    }

    fn warn(&mut self, class: WarningClass, text: String) {
        self.warnings.push(Warning { class, text });
    }

    // ---- whom to believe ----

    /// The devices of a user to which messages go, and whether the server says that they encrypt.
    fn devices(&mut self, of: &str) -> Reply<(Vec<Listing>, bool)> {
        let heard = self.line.ask(&Say::Devices { of: of.to_owned() })?;
        let Heard::Devices { mut devices, encrypts } = heard else {
            return Err(unexpected(&heard));
        };
        devices.retain(|device| device.user() == of);
        let first = devices
            .first()
            .ok_or_else(|| Declined::refused(Class::UnknownKey, format!("{of} has no device")))?;
        let first = first.account.clone();
        let pinned = self.kept.pinned.entry(of.to_owned()).or_insert_with(|| first.clone());
        let by = |account: &Key| {
            let vouched_for = devices.iter().filter(|device| device.is_vouched_for(account));
            vouched_for.cloned().collect::<Vec<_>>()
        };
        let mut believed = by(pinned);
        if believed.is_empty() && self.faults.has(Fault::BelieveServerKeys) {
            believed = by(&first);
            *pinned = first;
        }
        if believed.is_empty() {
            let why = format!("no device of {of} is signed by the account that was seen first");
            return Err(Declined::refused(Class::IdentityChanged, why));
        }
        if self.faults.has(Fault::BelieveServerDevices) {
            believed = devices;
        }
        for device in &believed {
            self.kept.known.insert(device.address.clone(), device.clone());
        }
        Ok((believed, encrypts))
    }

    fn account_of(&mut self, user: &str) -> Reply<Key> {
        if !self.kept.pinned.contains_key(user) {
            self.devices(user)?;
        }
        let pinned = self.kept.pinned.get(user).cloned();
        pinned.ok_or_else(|| Declined::refused(Class::UnknownKey, format!("{user} is not known")))
    }

    /// To whom a message to this group goes. Members say who they are; the server is asked, as apps ask
    /// theirs, and not believed.
    fn members(&mut self, group: &str) -> Reply<Vec<String>> {
        let heard = self.line.ask(&Say::Roster { group: group.to_owned() })?;
        let Heard::Members { members: listed } = heard else { return Err(unexpected(&heard)) };
        if self.faults.has(Fault::BelieveServerRoster) {
            return Ok(listed);
        }
        Ok(self.group(group)?.members.clone())
    }

    fn group(&self, group: &str) -> Reply<&Gathering> {
        let found = self.kept.groups.get(group);
        found
            .ok_or_else(|| Declined::refused(Class::NotMember, format!("there is no {group} here")))
    }

    // ---- out ----

    /// Writes to every device of everybody concerned.
    fn write(&mut self, conversation: &str, content: Content) -> Reply<()> {
        let is_group = self.kept.groups.contains_key(conversation);
        let to = if is_group { self.members(conversation)? } else { vec![conversation.to_owned()] };
        let group = self.kept.groups.get(conversation).cloned();
        self.tell(
            &to,
            &Note { from: self.kept.user.clone(), group, content: Some(content.clone()) },
        )?;
        let us = self.kept.user.clone();
        self.kept.show(conversation, &us, content);
        Ok(())
    }

    fn tell(&mut self, users: &[String], note: &Note) -> Reply<()> {
        let others: Vec<_> =
            users.iter().filter(|user| **user != self.kept.user).cloned().collect();
        for user in others {
            let (devices, encrypts) = self.devices(&user)?;
            for device in devices {
                let what = match &note.content {
                    Some(Content::Text { text })
                        if !encrypts && self.faults.has(Fault::BelieveServerMarker) =>
                    {
                        let conversation = self.kept.user.clone();
                        vec![Carried::Clear { text: text.clone(), conversation }]
                    }
                    _ => self.sealed(note, &device)?,
                };
                for what in what {
                    self.line.ask(&Say::Put { to: device.address.clone(), what })?;
                }
            }
        }
        Ok(())
    }

    fn sealed(&mut self, note: &Note, device: &Listing) -> Reply<Vec<Carried>> {
        let peer = device.alias();
        let mut envelopes = Vec::new();
        if !self.kept.sessions.contains(&peer) {
            let heard = self.line.ask(&Say::Claim { address: device.address.clone() })?;
            let Heard::Prekeys { prekeys } = heard else { return Err(unexpected(&heard)) };
            if prekeys.identity_key != device.identity {
                let why = format!("the prekeys of {} are of another device", device.address);
                return Err(Declined::refused(Class::IdentityChanged, why));
            }
            let import = PrekeysImport { peer: peer.clone(), prekeys: *prekeys };
            self.messenger.prekeys_import(import)?;
            let started = self.messenger.session_start(SessionStart { peer: peer.clone() })?;
            envelopes.extend(started.envelopes);
            self.kept.sessions.insert(peer.clone());
        }
        let plaintext = letter::seal(note, &device.address, &self.kept.account)?;
        let sealed = self.messenger.message_encrypt(MessageEncrypt { peer, plaintext })?;
        envelopes.extend(sealed.envelopes);
        Ok(envelopes.into_iter().map(|envelope| Carried::Sealed { envelope }).collect())
    }

    // ---- in ----

    /// Takes in what the server has, or waits for it.
    fn fetch(&mut self, patience: Duration) -> Reply<()> {
        let millis = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let heard = self.line.ask(&Say::Fetch { millis })?;
        let Heard::Items { items } = heard else { return Err(unexpected(&heard)) };
        for item in items {
            if let Err(why) = self.take_in(&item) {
                let why = format!("something from {} was not read: {why:?}", item.from);
                self.warn(WarningClass::Undecryptable, why);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, item: &Item) -> Reply<()> {
        if let Carried::Clear { text, conversation } = &item.what {
            if !self.faults.has(Fault::ShowInjectedPlaintext) {
                let why = format!("something in clear from {} is not shown", item.from);
                self.warn(WarningClass::Unencrypted, why);
                return Ok(());
            }
            let sender = user_of(&item.from);
            self.kept.show(conversation, sender, Content::Text { text: text.clone() });
            return Ok(());
        }
        if let Some(note) = self.read_before(item) {
            return self.show(user_of(&item.from), note);
        }
        let note = match self.open(item, &item.from) {
            Err(_) if self.faults.has(Fault::BelieveServerSender) => self.open_as_anybody(item)?,
            opened => opened?,
        };
        if self.faults.has(Fault::ShowMessagesAgain) {
            self.read.push((item.clone(), note.clone()));
        }
        self.show(user_of(&item.from), note)
    }

    /// What the device at this address wrote to this one, if it did.
    fn open(&mut self, item: &Item, from: &str) -> Reply<Note> {
        let Carried::Sealed { envelope } = &item.what else {
            return Err(Declined::refused(Class::Malformed, "it is not encrypted"));
        };
        let account = self.account_of(user_of(from))?;
        if !self.kept.known.contains_key(from) {
            self.devices(user_of(from))?;
        }
        let device = self.kept.known.get(from);
        let unknown = || Declined::refused(Class::UnknownKey, format!("{from} is not known"));
        let peer = device.ok_or_else(unknown)?.alias();
        let decrypt = MessageDecrypt { from: peer.clone(), envelope: envelope.clone() };
        let opened = self.messenger.message_decrypt(decrypt)?.messages;
        let letter = opened.first().map(|message| &message.plaintext[..]).unwrap_or_default();
        self.kept.sessions.insert(peer);
        let unsigned = || Declined::refused(Class::BadSignature, "its account did not sign it");
        if !letter::is_signed_by(letter, &account, self.us()) {
            return Err(unsigned());
        }
        letter::open(letter).filter(|note| note.from == user_of(from)).ok_or_else(unsigned)
    }

    /// Whoever wrote it: with a fault only.
    fn open_as_anybody(&mut self, item: &Item) -> Reply<Note> {
        let known: Vec<_> = self.kept.known.keys().cloned().collect();
        let opened = known.into_iter().find_map(|from| self.open(item, &from).ok());
        opened.ok_or_else(|| Declined::refused(Class::UnknownKey, "nobody known wrote it"))
    }

    fn read_before(&self, item: &Item) -> Option<Note> {
        let same = |one: &Item| match (&one.what, &item.what) {
            (Carried::Sealed { envelope: one }, Carried::Sealed { envelope: two }) => one == two,
            _ => false,
        };
        self.read.iter().find(|(read, _)| same(read)).map(|(_, note)| note.clone())
    }

    fn show(&mut self, sender: &str, note: Note) -> Reply<()> {
        let Note { from, group, content } = note;
        let conversation = match group {
            None => sender.to_owned(),
            Some(group) => {
                let known = self.kept.groups.get(&group.name);
                if known.is_some_and(|known| !known.members.contains(&from)) {
                    let why = format!("{from} is not a member of {}", group.name);
                    return Err(Declined::refused(Class::NotMember, why));
                }
                let name = group.name.clone();
                self.kept.groups.insert(name.clone(), group);
                name
            }
        };
        if let Some(content) = content {
            self.kept.show(&conversation, sender, content);
        }
        Ok(())
    }

    fn shown(&self, conversation: &str) -> ShownAnswer {
        ShownAnswer { messages: self.kept.shown.get(conversation).cloned().unwrap_or_default() }
    }

    // ---- groups ----

    fn change(&mut self, group: &str, change: impl FnOnce(&mut Vec<String>)) -> Reply<()> {
        let mut changed = self.group(group)?.clone();
        change(&mut changed.members);
        let members = changed.members.clone();
        self.line.ask(&Say::Enrol { group: group.to_owned(), members: members.clone() })?;
        self.kept.groups.insert(group.to_owned(), changed.clone());
        let note = Note { from: self.kept.user.clone(), group: Some(changed), content: None };
        self.tell(&members, &note)
    }
}

impl Device for LiveApp {
    fn hello(&self) -> HelloAnswer {
        hello(
            "Hallmark reference app",
            "the app without its surface: the driver says what a user would do",
        )
    }

    fn capabilities(&self) -> Vec<&'static str> {
        vec![
            WorldSet::NAME,
            AccountLogin::NAME,
            MessageSend::NAME,
            MessageAwait::NAME,
            ConversationRead::NAME,
            DeviceList::NAME,
            DeviceRemove::NAME,
            VerifyStart::NAME,
            VerifyConfirm::NAME,
            GroupCreate::NAME,
            GroupAdd::NAME,
            GroupRemove::NAME,
        ]
    }

    fn reset(&mut self, seed: Option<u64>) -> Reply<()> {
        *self = Self { seed, ..Self::new(self.faults) };
        Ok(())
    }

    fn warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    fn world_set(&mut self, args: WorldSet) -> Reply<Done> {
        if let Some(server) = args.server {
            let found =
                (&server.host[..], server.port).to_socket_addrs().map_err(Declined::error)?;
            self.server = found.into_iter().next();
        }
        self.storage = args.storage.map(PathBuf::from).or(self.storage.take());
        Ok(Done {})
    }

    fn account_login(&mut self, args: AccountLogin) -> Reply<Done> {
        self.session = Some(self.enter(&args)?);
        Ok(Done {})
    }

    fn message_send(&mut self, args: MessageSend) -> Reply<SentAnswer> {
        self.during(|session| {
            session.fetch(Duration::ZERO)?;
            session.write(&args.conversation, args.content)?;
            Ok(SentAnswer::default())
        })
    }

    fn message_await(&mut self, args: MessageAwait) -> Reply<ShownAnswer> {
        self.during(|session| {
            let until = Instant::now() + Duration::from_millis(args.millis);
            loop {
                let shown = session.shown(&args.conversation);
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() || shown.messages.iter().any(|one| contains(one, &args.contains))
                {
                    return Ok(shown);
                }
                session.fetch(left)?;
            }
        })
    }

    fn conversation_read(&mut self, args: ConversationRead) -> Reply<ShownAnswer> {
        self.during(|session| {
            session.fetch(Duration::ZERO)?;
            Ok(session.shown(&args.conversation))
        })
    }

    fn device_list(&mut self, args: DeviceList) -> Reply<DevicesAnswer> {
        self.during(|session| {
            let (devices, _) = session.devices(&args.user)?;
            let devices = devices.into_iter().map(|device| device.address).collect();
            Ok(DevicesAnswer { devices })
        })
    }

    fn device_remove(&mut self, args: DeviceRemove) -> Reply<Done> {
        self.during(|session| {
            session.line.ask(&Say::Forget { address: args.device }).map(|_| Done {})
        })
    }

    fn verify_start(&mut self, args: VerifyStart) -> Reply<FingerprintAnswer> {
        self.during(|session| {
            let theirs = session.account_of(&args.peer)?;
            let ours = signing_public(&session.kept.account);
            Ok(FingerprintAnswer { fingerprint: fingerprint(&ours, &theirs) })
        })
    }

    fn verify_confirm(&mut self, args: VerifyConfirm) -> Reply<Done> {
        self.during(|session| {
            if args.matches {
                session.kept.verified.insert(args.peer);
            }
            Ok(Done {})
        })
    }

    fn group_create(&mut self, args: GroupCreate) -> Reply<GroupAnswer> {
        self.during(|session| {
            let members = vec![session.kept.user.clone()];
            let GroupCreate { group: name, title } = args;
            let group = Gathering { name: name.clone(), title, members };
            session.kept.groups.insert(name.clone(), group);
            session.change(&name, |_| {})?;
            Ok(GroupAnswer::default())
        })
    }

    fn group_add(&mut self, args: GroupAdd) -> Reply<GroupAnswer> {
        self.during(|session| {
            session.change(&args.group, |members| members.extend(args.members))?;
            Ok(GroupAnswer::default())
        })
    }

    fn group_remove(&mut self, args: GroupRemove) -> Reply<GroupAnswer> {
        self.during(|session| {
            session.change(&args.group, |members| {
                members.retain(|member| !args.members.contains(member));
            })?;
            Ok(GroupAnswer::default())
        })
    }
}

fn contains(shown: &Shown, text: &str) -> bool {
    match &shown.content {
        Content::Text { text: said } => said.contains(text),
        Content::File { name, .. } => name.contains(text),
    }
}
