//! One plain application of MLS.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_driver::{
    protocol::{
        Bytes, Class, Warning, WarningClass,
        ops::{
            Done, Envelope, EnvelopeKind, EnvelopesAnswer, GroupAdd, GroupAnswer, GroupCreate,
            GroupDecrypt, GroupEncrypt, GroupEnvelope, GroupEnvelopeKind, GroupInfo,
            GroupInfoAnswer, GroupJoin, GroupProcess, GroupRemove, GroupRotate, HelloAnswer,
            IdentityCreate, IdentityPublic, IdentityPublicAnswer, Message, MessageDecrypt,
            MessageEncrypt, MessagesAnswer, Prekeys, PrekeysAnswer, PrekeysImport, PrekeysPublish,
            SessionDelete, SessionInfo, SessionInfoAnswer, SessionStart, StateAnswer, StateRestore,
            StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};
use serde::{Deserialize, Serialize};

use crate::{
    CALLING, Change, Commit, Invitation, Kind, Library, Suite, Text, View, people::People,
    sessions::Sessions, suite::TAG_BITS,
};

const CAPABILITIES: &[&str] = &[
    "identity.create",
    "identity.public",
    "prekeys.publish",
    "prekeys.import",
    "session.start",
    "session.info",
    "session.delete",
    "message.encrypt",
    "message.decrypt",
    "group.create",
    "group.add",
    "group.remove",
    "group.join",
    "group.process",
    "group.encrypt",
    "group.decrypt",
    "group.rotate",
    "group.info",
    "state.snapshot",
    "state.restore",
    "process.pid",
];

/// Outer types of envelopes: the wire formats of RFC 9420, section 6, in the words of the house.
const WELCOME: &str = "welcome";
const MESSAGE: &str = "message";
const COMMIT: &str = "commit";

/// A device with one client of the library `L`.
pub struct MlsDevice<L> {
    state: Option<State<L>>,
    warnings: Vec<Warning>,
}

impl<L> Default for MlsDevice<L> {
    fn default() -> Self {
        Self { state: None, warnings: Vec::new() }
    }
}

/// All that the device remembers.
#[derive(Serialize, Deserialize)]
struct State<L> {
    name: String,
    client: L,
    people: People,
    /// Key packages of others that were not used yet, by name.
    offers: BTreeMap<String, Bytes>,
    sessions: Sessions,
    /// Groups and sessions of which this device is a member.
    groups: BTreeSet<String>,
}

/// What `Prekeys::extra` carries.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    /// An `MLSMessage` with a `KeyPackage`.
    key_package: Bytes,
}

impl<L: Library> State<L> {
    fn new(name: String) -> Reply<Self> {
        let client = L::new(&name)?;
        let mut people = People::default();
        let signature_key = client.signature_key();
        people.meet(&[crate::Member { name: name.clone(), signature_key }]);
        let (offers, sessions, groups) = Default::default();
        Ok(Self { name, client, people, offers, sessions, groups })
    }

    fn publish(&mut self) -> Reply<Prekeys> {
        let key_package = Bytes(self.client.key_package()?);
        let extra = serde_json::to_value(Extra { key_package })
            .map_err(|error| Declined::error(error.to_string()))?;
        Ok(Prekeys {
            identity_key: self.client.signature_key().into(),
            signing_key: None,
            signed_prekey: None,
            one_time_prekeys: Vec::new(),
            kem_prekey: None,
            extra,
        })
    }

    fn import(&mut self, peer: String, prekeys: Prekeys) -> Reply<()> {
        let extra: Extra = serde_json::from_value(prekeys.extra).map_err(|error| {
            Declined::refused(Class::Malformed, format!("no key package: {error}"))
        })?;
        let owner = self.client.read_key_package(&extra.key_package)?;
        if owner.name != peer {
            let detail = format!("the key package is that of `{}`", owner.name);
            return Err(Declined::refused(Class::Policy, detail));
        }
        if owner.signature_key != *prekeys.identity_key {
            let detail = "the identity key is not the one in the key package";
            return Err(Declined::refused(Class::BadKey, detail));
        }
        let owner = [owner];
        self.people.recognise(&owner)?;
        self.people.meet(&owner);
        self.offers.insert(peer, extra.key_package);
        Ok(())
    }

    /// Takes the key packages of these people: each serves once.
    fn take_offers(&mut self, names: &[String]) -> Reply<Vec<Vec<u8>>> {
        if let Some(name) = names.iter().find(|name| !self.offers.contains_key(*name)) {
            return Err(Declined::error(format!("no unused prekeys of `{name}` were imported")));
        }
        Ok(names.iter().filter_map(|name| self.offers.remove(name)).map(|offer| offer.0).collect())
    }

    fn start(&mut self, peer: &str) -> Reply<Vec<u8>> {
        let members = [peer.to_owned()];
        let offers = self.take_offers(&members)?;
        let group = Sessions::id(&self.name, peer, self.client.random()?);
        self.create(&group)?;
        let Commit { welcome, .. } = self.client.commit(&group, Change::Add(offers))?;
        self.sessions.begin(&group, peer);
        welcome.ok_or_else(|| Declined::error("the library made no welcome"))
    }

    fn create(&mut self, group: &str) -> Reply<()> {
        self.client.create(group)?;
        self.groups.insert(group.to_owned());
        Ok(())
    }

    /// The group in which this peer is written to.
    fn session(&self, peer: &str) -> Reply<String> {
        let group = self.sessions.current(peer).map(str::to_owned);
        group.ok_or_else(|| {
            Declined::refused(Class::UnknownKey, format!("there is no session with `{peer}`"))
        })
    }

    /// Joins a group that may be joined, and returns its id and who invited.
    fn join(
        &mut self,
        welcome: &[u8],
        expect: impl Fn(&Invitation) -> Reply<()>,
    ) -> Reply<(String, String)> {
        let (people, groups) = (&self.people, &self.groups);
        let mut joined = None;
        self.client.join(welcome, &mut |invitation| {
            expect(invitation)?;
            if groups.contains(&invitation.group) {
                return Err(Declined::refused(Class::Policy, "a member of this group already"));
            }
            people.recognise(&invitation.view.members)?;
            let Invitation { group, inviter, view } = invitation;
            joined = Some((group.clone(), inviter.clone(), view.members.clone()));
            Ok(())
        })?;
        let (group, inviter, members) =
            joined.ok_or_else(|| Declined::error("the library joined without asking"))?;
        self.people.meet(&members);
        self.groups.insert(group.clone());
        Ok((group, inviter))
    }

    /// Applies a member's commit; returns who made it and who is new in the group.
    fn process(&mut self, group: &str, message: &[u8]) -> Reply<(String, Vec<String>)> {
        let before = names(&self.client.view(group)?);
        let people = &self.people;
        let mut becomes = Vec::new();
        let committer = self.client.process(group, message, &mut |view| {
            people.recognise(&view.members)?;
            becomes.clone_from(&view.members);
            Ok(())
        })?;
        self.people.meet(&becomes);
        if !becomes.iter().any(|member| member.name == self.name) {
            self.groups.remove(group);
        }
        let after = becomes.into_iter().map(|member| member.name);
        Ok((committer, after.filter(|name| !before.contains(name)).collect()))
    }

    fn encrypt(&mut self, group: &str, plaintext: &[u8]) -> Reply<Vec<u8>> {
        self.is_member(group)?;
        self.client.encrypt(group, plaintext)
    }

    fn commit(&mut self, group: &str, change: Change) -> Reply<Commit> {
        self.is_member(group)?;
        self.client.commit(group, change)
    }

    fn is_member(&self, group: &str) -> Reply<()> {
        if self.groups.contains(group) {
            return Ok(());
        }
        Err(Declined::refused(Class::NotMember, "not a member of this group"))
    }
}

fn names(view: &View) -> BTreeSet<String> {
    view.members.iter().map(|member| member.name.clone()).collect()
}

fn suite(view: &View) -> Reply<Suite> {
    let number = view.suite;
    Suite::of(number).ok_or_else(|| Declined::error(format!("suite {number} is not one of ours")))
}

/// Groups of the user and sessions do not share names.
fn is_a_group(group: &str) -> Reply<()> {
    if Sessions::names(group) {
        return Err(Declined::refused(Class::Policy, "this name is kept for sessions"));
    }
    Ok(())
}

impl<L: Library> MlsDevice<L> {
    fn state(&mut self) -> Reply<&mut State<L>> {
        self.state.as_mut().ok_or_else(|| {
            Declined::error(
                "there is no identity yet: `identity.create` or `state.restore` comes first",
            )
        })
    }

    fn warn(&mut self, class: WarningClass, text: String) {
        self.warnings.push(Warning { class, text });
    }

    /// The server's word for who sent this, beside who did.
    fn compare(&mut self, said: &str, sender: &str) {
        if said != sender {
            let text = format!("this is from {sender}, not from {said}");
            self.warn(WarningClass::SenderMismatch, text);
        }
    }

    fn show(&mut self, text: Text, said: &str, conversation: Option<String>) -> MessagesAnswer {
        self.compare(said, &text.sender);
        let Text { sender, plaintext, position } = text;
        let message = Message { plaintext: plaintext.into(), sender, position, conversation };
        MessagesAnswer { messages: vec![message] }
    }

    /// Joins the group of two of a session.
    fn join_session(&mut self, welcome: &[u8], from: &str) -> Reply<()> {
        let state = self.state()?;
        let own = state.name.clone();
        let (group, peer) = state.join(welcome, |invitation| {
            let members = names(&invitation.view);
            let two = members.len() == 2
                && invitation.view.members.len() == 2
                && members.contains(&own)
                && members.contains(&invitation.inviter)
                && invitation.inviter != own;
            if two && Sessions::names(&invitation.group) {
                return Ok(());
            }
            Err(Declined::refused(Class::Policy, "a welcome to something else than a session"))
        })?;
        let another = state.sessions.begin(&group, &peer);
        self.compare(from, &peer);
        if another {
            self.warn(WarningClass::NewSession, format!("{peer} has begun a new session"));
        }
        Ok(())
    }

    fn change(&mut self, group: &str, change: Change, added: Vec<String>) -> Reply<GroupAnswer> {
        is_a_group(group)?;
        let Commit { commit, welcome } = self.state()?.commit(group, change)?;
        let mut envelopes = Vec::new();
        let mut push = |kind, tag: &str, to, body: Vec<u8>| {
            envelopes.push(GroupEnvelope { to, kind, tag: tag.to_owned(), body: body.into() });
        };
        push(GroupEnvelopeKind::Change, COMMIT, Vec::new(), commit);
        if let Some(welcome) = welcome {
            push(GroupEnvelopeKind::Welcome, WELCOME, added, welcome);
        }
        Ok(GroupAnswer { envelopes })
    }
}

impl<L: Library> Device for MlsDevice<L> {
    fn hello(&self) -> HelloAnswer {
        let (driver, candidate) = L::programs();
        HelloAnswer {
            protocol: String::new(),
            driver,
            candidate,
            family: "mls".to_owned(),
            calling: format!("{} {CALLING}", L::CALLING),
            capabilities: Vec::new(),
            limits: BTreeMap::new(),
        }
    }

    fn capabilities(&self) -> Vec<&'static str> {
        CAPABILITIES.to_vec()
    }

    fn reset(&mut self, _seed: Option<u64>) -> Reply<()> {
        *self = Self::default();
        Ok(())
    }

    fn warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    fn identity_create(&mut self, args: IdentityCreate) -> Reply<Done> {
        if self.state.is_some() {
            let message = "the device has an identity already: `reset` comes first";
            return Err(Declined::error(message));
        }
        self.state = Some(State::new(args.name)?);
        Ok(Done {})
    }

    fn identity_public(&mut self, _args: IdentityPublic) -> Reply<IdentityPublicAnswer> {
        Ok(IdentityPublicAnswer { identity_key: self.state()?.client.signature_key().into() })
    }

    fn prekeys_publish(&mut self, _args: PrekeysPublish) -> Reply<PrekeysAnswer> {
        Ok(PrekeysAnswer { prekeys: self.state()?.publish()? })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        self.state()?.import(args.peer, args.prekeys)?;
        Ok(Done {})
    }

    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        let body = self.state()?.start(&args.peer)?.into();
        let envelope = Envelope { kind: EnvelopeKind::Setup, tag: WELCOME.to_owned(), body };
        Ok(EnvelopesAnswer { envelopes: vec![envelope] })
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        let state = self.state()?;
        let suite = suite(&state.client.view(&state.session(&args.peer)?)?)?;
        Ok(SessionInfoAnswer {
            protocol: suite.protocol(),
            cipher: suite.cipher.to_owned(),
            mac: suite.cipher.to_owned(),
            mac_bits: TAG_BITS,
            key_agreement: suite.key_agreement.to_owned(),
        })
    }

    fn session_delete(&mut self, args: SessionDelete) -> Reply<Done> {
        self.state()?.sessions.forget(&args.peer);
        Ok(Done {})
    }

    fn message_encrypt(&mut self, args: MessageEncrypt) -> Reply<EnvelopesAnswer> {
        let state = self.state()?;
        let group = state.session(&args.peer)?;
        let body = state.encrypt(&group, &args.plaintext)?.into();
        let envelope = Envelope { kind: EnvelopeKind::Message, tag: MESSAGE.to_owned(), body };
        Ok(EnvelopesAnswer { envelopes: vec![envelope] })
    }

    /// The outer type and the sender that the server names decide nothing: the message says what
    /// it is, and to which group it belongs.
    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        let state = self.state()?;
        let group = match state.client.kind(&args.envelope.body)? {
            Kind::Welcome => {
                self.join_session(&args.envelope.body, &args.from)?;
                return Ok(MessagesAnswer::default());
            }
            Kind::Group(group) => group,
        };
        let Some(peer) = state.sessions.peer(&group).map(str::to_owned) else {
            return Err(Declined::refused(Class::UnknownKey, "the message is of no session"));
        };
        let text = state.client.decrypt(&group, &args.envelope.body)?;
        let conversation = (peer != args.from).then_some(peer);
        Ok(self.show(text, &args.from, conversation))
    }

    fn group_create(&mut self, args: GroupCreate) -> Reply<GroupAnswer> {
        is_a_group(&args.group)?;
        self.state()?.create(&args.group)?;
        Ok(GroupAnswer::default())
    }

    fn group_add(&mut self, args: GroupAdd) -> Reply<GroupAnswer> {
        let offers = self.state()?.take_offers(&args.members)?;
        self.change(&args.group, Change::Add(offers), args.members)
    }

    fn group_remove(&mut self, args: GroupRemove) -> Reply<GroupAnswer> {
        self.change(&args.group, Change::Remove(args.members), Vec::new())
    }

    fn group_rotate(&mut self, args: GroupRotate) -> Reply<GroupAnswer> {
        self.change(&args.group, Change::Rotate, Vec::new())
    }

    fn group_join(&mut self, args: GroupJoin) -> Reply<GroupAnswer> {
        is_a_group(&args.group)?;
        let (_, inviter) = self.state()?.join(&args.envelope.body, |invitation| {
            if invitation.group == args.group {
                return Ok(());
            }
            let detail = format!("the welcome is to the group `{}`", invitation.group);
            Err(Declined::refused(Class::Policy, detail))
        })?;
        self.compare(&args.from, &inviter);
        Ok(GroupAnswer::default())
    }

    fn group_process(&mut self, args: GroupProcess) -> Reply<GroupAnswer> {
        is_a_group(&args.group)?;
        let (committer, added) = self.state()?.process(&args.group, &args.envelope.body)?;
        self.compare(&args.from, &committer);
        for name in added {
            self.warn(WarningClass::MemberAdded, format!("{committer} added {name}"));
        }
        Ok(GroupAnswer::default())
    }

    fn group_encrypt(&mut self, args: GroupEncrypt) -> Reply<GroupAnswer> {
        is_a_group(&args.group)?;
        let body = self.state()?.encrypt(&args.group, &args.plaintext)?.into();
        let (to, tag) = (Vec::new(), MESSAGE.to_owned());
        let envelope = GroupEnvelope { to, kind: GroupEnvelopeKind::Message, tag, body };
        Ok(GroupAnswer { envelopes: vec![envelope] })
    }

    fn group_decrypt(&mut self, args: GroupDecrypt) -> Reply<MessagesAnswer> {
        is_a_group(&args.group)?;
        let text = self.state()?.client.decrypt(&args.group, &args.envelope.body)?;
        Ok(self.show(text, &args.from, None))
    }

    fn group_info(&mut self, args: GroupInfo) -> Reply<GroupInfoAnswer> {
        is_a_group(&args.group)?;
        let state = self.state()?;
        state.is_member(&args.group)?;
        let view = state.client.view(&args.group)?;
        let suite = suite(&view)?;
        Ok(GroupInfoAnswer {
            epoch: Some(view.epoch),
            members: names(&view).into_iter().collect(),
            authenticator: Some(view.authenticator.into()),
            protocol: suite.protocol(),
            cipher: suite.cipher.to_owned(),
            mac: suite.cipher.to_owned(),
            mac_bits: TAG_BITS,
            key_agreement: suite.key_agreement.to_owned(),
        })
    }

    fn state_snapshot(&mut self, _args: StateSnapshot) -> Reply<StateAnswer> {
        match serde_json::to_vec(self.state()?) {
            Ok(bytes) => Ok(StateAnswer { state: Bytes(bytes) }),
            Err(error) => Err(Declined::error(format!("failed to write the state: {error}"))),
        }
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        let state = serde_json::from_slice(&args.state)
            .map_err(|error| Declined::error(format!("failed to read the state back: {error}")))?;
        self.state = Some(state);
        Ok(Done {})
    }
}
