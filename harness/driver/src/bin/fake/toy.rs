//! A messenger that protects nothing and keeps the protocol: what the fakes break.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_driver::{
    protocol::{
        Bytes, Class,
        ops::{
            AttachmentAnswer, AttachmentDecrypt, AttachmentEncrypt, AttachmentTextAnswer,
            DeviceImport, Done, Envelope, EnvelopeKind, EnvelopesAnswer, FingerprintAnswer,
            GroupAdd, GroupAnswer, GroupCreate, GroupDecrypt, GroupEncrypt, GroupEnvelope,
            GroupEnvelopeKind, GroupInfo, GroupInfoAnswer, GroupJoin, GroupProcess, GroupRemove,
            GroupRotate, HelloAnswer, IdentityCreate, IdentityFingerprint, IdentityPublic,
            IdentityPublicAnswer, IdentitySign, Message, MessageDecrypt, MessageEncrypt,
            MessagesAnswer, OneTimePrekey, PathsAnswer, Prekeys, PrekeysAnswer, PrekeysImport,
            PrekeysPublish, Program, SessionDelete, SessionInfo, SessionInfoAnswer, SessionStart,
            SignAnswer, SignedPrekey, StateAnswer, StatePaths, StateRestore, StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};
use serde::{Deserialize, Serialize};

/// The device. Its state is what [`StateSnapshot`] returns.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Toy {
    name: Option<String>,
    peers: BTreeMap<String, Vec<u8>>,
    sent: u64,
    seen: BTreeSet<(String, u64)>,
    /// Peers with whom there is no session any more.
    given_up: BTreeSet<String>,
    groups: BTreeMap<String, Group>,
    /// Said in `hello`.
    #[serde(skip)]
    calling: Option<String>,
}

/// A group as this device sees it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Group {
    members: BTreeSet<String>,
    epoch: u64,
}

/// What travels in a group, in the open.
#[derive(Serialize, Deserialize)]
struct Told {
    from: String,
    count: u64,
    group: Group,
    text: Option<Bytes>,
}

/// What travels, in the open.
#[derive(Serialize, Deserialize)]
struct Carried {
    from: String,
    to: String,
    count: u64,
    text: Option<Bytes>,
    sum: Bytes,
}

impl Carried {
    fn summed(&self) -> Bytes {
        let text = self.text.as_deref().unwrap_or_default();
        let all = [self.from.as_bytes(), self.to.as_bytes(), &self.count.to_be_bytes(), text];
        Bytes(digest(&all.concat()))
    }
}

/// Thirty-two bytes that depend on all of `input`; not a secure digest (FNV-1a, four times).
fn digest(input: &[u8]) -> Vec<u8> {
    (0_u64..4)
        .flat_map(|lane| {
            let start = 0xcbf2_9ce4_8422_2325 ^ lane;
            let step =
                |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            input.iter().fold(start, step).to_be_bytes()
        })
        .collect()
}

impl Toy {
    /// A device before its `reset`.
    pub(crate) fn saying(calling: Option<String>) -> Self {
        Self { calling, ..Self::default() }
    }

    fn name(&self) -> Reply<&str> {
        self.name.as_deref().ok_or_else(|| Declined::error("there is no identity yet"))
    }

    fn key(&self) -> Reply<Vec<u8>> {
        Ok(digest(self.name()?.as_bytes()))
    }

    fn known(&self, peer: &str) -> Reply<&[u8]> {
        let unknown = || Declined::refused(Class::UnknownKey, format!("{peer} is not known"));
        self.peers.get(peer).map(Vec::as_slice).ok_or_else(unknown)
    }

    /// A group in which this device is.
    fn group(&mut self, name: &str) -> Reply<&mut Group> {
        let me = self.name()?.to_owned();
        let here = self.groups.get_mut(name).filter(|group| group.members.contains(&me));
        here.ok_or_else(|| Declined::refused(Class::NotMember, "not in this group"))
    }

    /// Changes a group, and tells everybody who is or was in it.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Group)) -> Reply<GroupAnswer> {
        let before = self.group(name)?.members.clone();
        let group = self.group(name)?;
        change(group);
        group.epoch += 1;
        let (joined, kept): (Vec<_>, Vec<_>) =
            before.union(&group.members).cloned().partition(|name| !before.contains(name));
        let me = self.name()?.to_owned();
        let kept: Vec<_> = kept.into_iter().filter(|name| *name != me).collect();
        let mut envelopes = Vec::new();
        for (kind, to) in [(GroupEnvelopeKind::Change, kept), (GroupEnvelopeKind::Welcome, joined)]
        {
            if !to.is_empty() {
                envelopes.push(GroupEnvelope { to, ..self.told(name, kind, None)? });
            }
        }
        Ok(GroupAnswer { envelopes })
    }

    fn told(
        &mut self,
        name: &str,
        kind: GroupEnvelopeKind,
        text: Option<Bytes>,
    ) -> Reply<GroupEnvelope> {
        self.sent += 1;
        let (from, count) = (self.name()?.to_owned(), self.sent);
        let group = self.groups.get(name).cloned().unwrap_or_default();
        let told = Told { from, count, group, text };
        let body = serde_json::to_vec(&told).map_err(Declined::error)?.into();
        Ok(GroupEnvelope { to: Vec::new(), kind, tag: String::new(), body })
    }

    /// Reads what a peer told, once.
    fn heard(&mut self, from: &str, envelope: &GroupEnvelope) -> Reply<Told> {
        let told: Told = serde_json::from_slice(&envelope.body)
            .map_err(|error| Declined::refused(Class::Malformed, error))?;
        if told.from != from {
            return Err(Declined::refused(Class::BadSignature, "from somebody else"));
        }
        if !self.seen.insert((from.to_owned(), told.count)) {
            return Err(Declined::refused(Class::OldMessage, "heard before"));
        }
        Ok(told)
    }

    fn envelope(&mut self, peer: String, text: Option<Bytes>) -> Reply<EnvelopesAnswer> {
        self.known(&peer)?;
        if text.is_none() {
            self.given_up.remove(&peer);
        } else if self.given_up.contains(&peer) {
            return Err(Declined::refused(Class::UnknownKey, "there is no session"));
        }
        self.sent += 1;
        let (from, count) = (self.name()?.to_owned(), self.sent);
        let (kind, tag) = match text {
            Some(_) => (EnvelopeKind::Message, "message"),
            None => (EnvelopeKind::Setup, "setup"),
        };
        let mut carried = Carried { from, to: peer, count, text, sum: Bytes::default() };
        carried.sum = carried.summed();
        let body = serde_json::to_vec(&carried).map_err(Declined::error)?;
        let envelope = Envelope { kind, tag: tag.to_owned(), body: body.into() };
        Ok(EnvelopesAnswer { envelopes: vec![envelope] })
    }

    fn signature(&self, message: &[u8]) -> Reply<Bytes> {
        Ok(Bytes(digest(&[&self.key()?, message].concat())))
    }
}

impl Device for Toy {
    fn hello(&self) -> HelloAnswer {
        let program = |name: &str| Program {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            sha256: None,
        };
        let calling = "Calls itself. It protects nothing.".to_owned();
        HelloAnswer {
            protocol: String::new(),
            driver: program("hallmark-fake-driver"),
            candidate: program("Toy"),
            family: "unknown".to_owned(),
            calling: self.calling.clone().unwrap_or(calling),
            capabilities: Vec::new(),
            limits: BTreeMap::new(),
        }
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let names = hallmark_driver::protocol::ops::NAMES[4..].iter().copied();
        // The toy is no application, and passes no keys on.
        let groups = ["identity", "prekeys", "session", "message", "state", "process"];
        let extras = ["attachment", "group"];
        let all = [&groups[..], &extras[..]].concat();
        let has = |name: &&str| all.iter().any(|group| name.split('.').next() == Some(group));
        let none = ["message.send", "message.await", "group.forward"];
        let kept = names.filter(has).filter(|name| !none.contains(name));
        kept.chain(["device.import"]).collect()
    }

    fn reset(&mut self, _: Option<u64>) -> Reply<()> {
        *self = Self { calling: self.calling.take(), ..Self::default() };
        Ok(())
    }

    fn identity_create(&mut self, args: IdentityCreate) -> Reply<Done> {
        self.name = Some(args.name);
        Ok(Done {})
    }

    fn identity_public(&mut self, _: IdentityPublic) -> Reply<IdentityPublicAnswer> {
        Ok(IdentityPublicAnswer { identity_key: self.key()?.into() })
    }

    fn identity_fingerprint(&mut self, args: IdentityFingerprint) -> Reply<FingerprintAnswer> {
        let mut keys = [self.key()?, self.known(&args.peer)?.to_vec()];
        keys.sort();
        let digits = digest(&keys.concat());
        let fingerprint = digits[..8].iter().map(|byte| format!("{byte:03}")).collect();
        Ok(FingerprintAnswer { fingerprint })
    }

    fn identity_sign(&mut self, args: IdentitySign) -> Reply<SignAnswer> {
        Ok(SignAnswer { signature: self.signature(&args.message)? })
    }

    fn prekeys_publish(&mut self, args: PrekeysPublish) -> Reply<PrekeysAnswer> {
        let key = self.key()?;
        let public = digest(&[&key[..], b"prekey"].concat());
        let signature = self.signature(&public)?;
        let one_time = |id: u64| OneTimePrekey {
            id,
            public: Bytes(digest(&id.to_be_bytes())),
            signature: None,
        };
        let prekeys = Prekeys {
            identity_key: key.into(),
            signing_key: None,
            signed_prekey: Some(SignedPrekey { id: 1, public: public.into(), signature }),
            one_time_prekeys: (1..=u64::from(args.one_time)).map(one_time).collect(),
            kem_prekey: None,
            extra: serde_json::Value::Null,
        };
        Ok(PrekeysAnswer { prekeys })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        let key = args.prekeys.identity_key.0;
        let signed = args.prekeys.signed_prekey.is_some_and(|prekey| {
            digest(&[&key[..], &prekey.public[..]].concat()) == prekey.signature.0
        });
        if !signed {
            return Err(Declined::refused(Class::BadSignature, "the prekey is not the owner's"));
        }
        self.peers.insert(args.peer, key);
        Ok(Done {})
    }

    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        self.envelope(args.peer, None)
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        self.known(&args.peer)?;
        Ok(SessionInfoAnswer {
            protocol: "Toy v1".to_owned(),
            cipher: "none".to_owned(),
            mac: "none".to_owned(),
            mac_bits: 256,
            key_agreement: "none".to_owned(),
        })
    }

    fn message_encrypt(&mut self, args: MessageEncrypt) -> Reply<EnvelopesAnswer> {
        self.envelope(args.peer, Some(args.plaintext))
    }

    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        let carried: Carried = serde_json::from_slice(&args.envelope.body)
            .map_err(|error| Declined::refused(Class::Malformed, error))?;
        if carried.summed() != carried.sum || carried.from != args.from {
            return Err(Declined::refused(Class::BadSignature, "the sum is wrong"));
        }
        if carried.to != self.name()? {
            return Err(Declined::refused(Class::NotMember, "not for this device"));
        }
        let Carried { from, count, text, .. } = carried;
        if !self.seen.insert((from.clone(), count)) {
            return Err(Declined::refused(Class::OldMessage, format!("message {count} again")));
        }
        self.peers.entry(from.clone()).or_insert_with(|| digest(from.as_bytes()));
        let message = |plaintext| Message {
            plaintext,
            sender: from.clone(),
            position: Some(count),
            conversation: None,
        };
        Ok(MessagesAnswer { messages: text.into_iter().map(message).collect() })
    }

    fn state_snapshot(&mut self, _: StateSnapshot) -> Reply<StateAnswer> {
        Ok(StateAnswer { state: serde_json::to_vec(self).map_err(Declined::error)?.into() })
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        let state: Self = serde_json::from_slice(&args.state).map_err(Declined::error)?;
        *self = Self { calling: self.calling.take(), ..state };
        Ok(Done {})
    }

    fn state_paths(&mut self, _: StatePaths) -> Reply<PathsAnswer> {
        Ok(PathsAnswer { paths: std::env::var("HOME").into_iter().collect() })
    }

    fn session_delete(&mut self, args: SessionDelete) -> Reply<Done> {
        self.known(&args.peer)?;
        self.given_up.insert(args.peer);
        Ok(Done {})
    }

    fn attachment_encrypt(&mut self, args: AttachmentEncrypt) -> Reply<AttachmentAnswer> {
        let key = digest(&args.plaintext).into();
        Ok(AttachmentAnswer { key, body: args.plaintext, cipher: "none".to_owned() })
    }

    fn attachment_decrypt(&mut self, args: AttachmentDecrypt) -> Reply<AttachmentTextAnswer> {
        if digest(&args.body) != args.key.0 {
            return Err(Declined::refused(Class::BadSignature, "the sum is wrong"));
        }
        Ok(AttachmentTextAnswer { plaintext: args.body })
    }

    fn device_import(&mut self, args: DeviceImport) -> Reply<Done> {
        self.known(&args.peer)?;
        Err(Declined::refused(Class::Policy, "one device is enough for everybody"))
    }

    fn group_create(&mut self, args: GroupCreate) -> Reply<GroupAnswer> {
        let members = BTreeSet::from([self.name()?.to_owned()]);
        self.groups.insert(args.group, Group { members, epoch: 0 });
        Ok(GroupAnswer::default())
    }

    fn group_add(&mut self, args: GroupAdd) -> Reply<GroupAnswer> {
        args.members.iter().try_for_each(|member| self.known(member).map(drop))?;
        self.change(&args.group, |group| group.members.extend(args.members))
    }

    fn group_remove(&mut self, args: GroupRemove) -> Reply<GroupAnswer> {
        self.change(&args.group, |group| group.members.retain(|m| !args.members.contains(m)))
    }

    fn group_rotate(&mut self, args: GroupRotate) -> Reply<GroupAnswer> {
        self.change(&args.group, |_| ())
    }

    fn group_join(&mut self, args: GroupJoin) -> Reply<GroupAnswer> {
        let told = self.heard(&args.from, &args.envelope)?;
        self.groups.insert(args.group, told.group);
        Ok(GroupAnswer::default())
    }

    fn group_process(&mut self, args: GroupProcess) -> Reply<GroupAnswer> {
        let told = self.heard(&args.from, &args.envelope)?;
        *self.group(&args.group)? = told.group;
        Ok(GroupAnswer::default())
    }

    fn group_encrypt(&mut self, args: GroupEncrypt) -> Reply<GroupAnswer> {
        self.group(&args.group)?;
        let envelope = self.told(&args.group, GroupEnvelopeKind::Message, Some(args.plaintext))?;
        Ok(GroupAnswer { envelopes: vec![envelope] })
    }

    fn group_decrypt(&mut self, args: GroupDecrypt) -> Reply<MessagesAnswer> {
        if !self.group(&args.group)?.members.contains(&args.from) {
            return Err(Declined::refused(Class::NotMember, "the sender is not in this group"));
        }
        let Told { from, count, text, .. } = self.heard(&args.from, &args.envelope)?;
        let message = |plaintext| Message {
            plaintext,
            sender: from.clone(),
            position: Some(count),
            conversation: None,
        };
        Ok(MessagesAnswer { messages: text.into_iter().map(message).collect() })
    }

    fn group_info(&mut self, args: GroupInfo) -> Reply<GroupInfoAnswer> {
        let group = self.group(&args.group)?;
        let state = serde_json::to_vec(group).map_err(Declined::error)?;
        Ok(GroupInfoAnswer {
            epoch: Some(group.epoch),
            authenticator: Some(digest(&state).into()),
            members: group.members.iter().cloned().collect(),
            protocol: "Toy v1".to_owned(),
            cipher: "none".to_owned(),
            mac: "none".to_owned(),
            mac_bits: 256,
            key_agreement: "none".to_owned(),
        })
    }
}
