//! The messenger as a device behind the driver protocol.

mod group;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
};

use crate::{
    attachment,
    entropy::{Entropy, NoEntropy},
    faults::{Fault, Faults},
    fingerprint::{Party, fingerprint},
    group::Plan,
    hello::hello,
    identity::PublicIdentity,
    kdf::Key,
    offer,
    refused::Refused,
    seal::{self, ContentCipher},
    session::Outgoing,
    state_file::StateFile,
    store::Store,
    wire::{self, Address, Body, Form, MAX_BODY, MAX_PLAINTEXT, Sealed},
    x3dh::{NumberedKey, PeerPrekeys},
};
use hallmark_driver::{
    protocol::{
        Bytes, Operation, Warning, WarningClass,
        ops::{
            AttachmentAnswer, AttachmentDecrypt, AttachmentEncrypt, AttachmentTextAnswer,
            DeviceImport, Done, Envelope, EnvelopeKind, EnvelopesAnswer, FingerprintAnswer,
            GroupAdd, GroupAnswer, GroupCreate, GroupDecrypt, GroupEncrypt, GroupForward,
            GroupInfo, GroupInfoAnswer, GroupJoin, GroupProcess, GroupRemove, GroupRotate,
            HelloAnswer, IdentityCreate, IdentityFingerprint, IdentityPublic, IdentityPublicAnswer,
            IdentitySign, Message, MessageDecrypt, MessageEncrypt, MessagesAnswer, OneTimePrekey,
            PathsAnswer, Prekeys, PrekeysAnswer, PrekeysImport, PrekeysPublish, ProcessPid,
            SessionDelete, SessionInfo, SessionInfoAnswer, SessionStart, SignAnswer, SignedPrekey,
            StateAnswer, StatePaths, StateRestore, StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};

/// What the fault `truncate-long-message` leaves of a message, in bytes.
const TRUNCATED: usize = 4096;

/// How much a device remembers in memory only, in messages.
const REMEMBERED: usize = 4096;

/// A device of the reference messenger.
pub struct Messenger {
    faults: Faults,
    entropy: Entropy,
    store: Option<Store>,
    memory: Memory,
    /// For a process of its own.
    file: Option<StateFile>,
    /// What the user was shown and nobody has asked for yet.
    warnings: Vec<Warning>,
}

/// What is lost with the process. Only faults use it: the honest messenger refuses a second
/// delivery because the key is gone.
#[derive(Default)]
struct Memory {
    /// Envelopes that were answered, with their answers.
    answered: VecDeque<(MessageDecrypt, Message)>,
    /// The same for messages of groups.
    group_answered: VecDeque<(GroupDecrypt, Message)>,
    /// Messages of groups that were delivered: group, sender and position.
    group_delivered: VecDeque<(String, String, u64)>,
    /// Envelopes that were sent, with their plaintext.
    sent: VecDeque<(Envelope, Bytes)>,
    /// Session, ratchet key and number of delivered messages.
    delivered: VecDeque<(u64, Key, u32)>,
    /// Chain keys that received messages.
    chain_keys: VecDeque<Key>,
    /// Whether the state was there before the process.
    restarted: bool,
}

impl Messenger {
    /// A device without identity, with these faults.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            entropy: Entropy::new(None),
            store: None,
            memory: Memory::default(),
            file: None,
            warnings: Vec::new(),
        }
    }

    /// The same as a process of its own, which keeps its state in this file.
    #[must_use]
    pub fn keeping_state_in(self, file: PathBuf) -> Self {
        let keeps_old = self.faults.has(Fault::KeepOldStates);
        Self { file: Some(StateFile::new(file, keeps_old)), ..self }
    }

    /// Writes the state to its file, where it has one.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file.write(self.store.as_ref()))
    }

    fn store(&self) -> Reply<&Store> {
        self.store.as_ref().ok_or_else(no_identity)
    }

    fn parts(&mut self) -> Reply<(&mut Store, &mut Entropy, Faults)> {
        let store = self.store.as_mut().ok_or_else(no_identity)?;
        Ok((store, &mut self.entropy, self.faults))
    }

    fn deliver(&mut self, from: &str, body: Body<'_>) -> Reply<Message> {
        match body {
            Body::Sealed(sealed) => self.deliver_sealed(from, &sealed),
            Body::Plain(text) if self.faults.has(Fault::AcceptPlaintext) => Ok(Message {
                plaintext: text.into(),
                sender: from.to_owned(),
                position: None,
                conversation: None,
            }),
            Body::Plain(_) => Err(Refused::Malformed("the envelope has no known form").into()),
        }
    }

    fn deliver_sealed(&mut self, from: &str, sealed: &Sealed<'_>) -> Reply<Message> {
        let faults = self.faults_now();
        let store = self.store()?;
        let speaker = store.speaker(from, &sealed.address, faults).to_owned();
        let delivery = match &sealed.address {
            Address::Session(id) => match store.open(&speaker, *id, sealed, faults) {
                Err(Refused::Tag) if faults.has(Fault::AdvanceOnRefusal) => {
                    self.parts()?.0.spend(&speaker, *id, &sealed.header, faults);
                    return Err(Refused::Tag.into());
                }
                opened => opened?,
            },
            Address::Start(start) => store.open_start(from, start, sealed, faults)?,
        };
        if KEEPING.into_iter().any(|fault| faults.has(fault)) {
            let place = (delivery.session.id, sealed.header.ratchet.clone(), sealed.header.number);
            self.memory.deliver_once(place)?;
        }
        if let Some(chain) = delivery.session.receiving_chain()
            && faults.has(Fault::KeepChainKeys)
        {
            remember(&mut self.memory.chain_keys, chain.clone());
        }
        let displaces = delivery.displaces;
        let (store, ..) = self.parts()?;
        let opened = store.accept(&speaker, delivery, faults)?;
        if displaces && !faults.has(Fault::SilentNewSession) {
            self.warn(WarningClass::NewSession, format!("{from} began a new session"));
        }
        Ok(Message {
            plaintext: opened.plaintext.into(),
            sender: from.to_owned(),
            position: (!faults.has(Fault::NoPosition)).then_some(opened.position),
            conversation: None,
        })
    }
}

impl Messenger {
    /// Whether an envelope that was answered is answered again.
    fn answers_again(&self, args: &MessageDecrypt) -> bool {
        if self.faults.has(Fault::AcceptReplay) {
            return true;
        }
        let (Some(store), Ok(Body::Sealed(sealed))) =
            (&self.store, wire::parse(&args.envelope.body))
        else {
            return false;
        };
        self.faults.has(Fault::ReplayInNewSession)
            && store.is_superseded(&args.from, &sealed.address)
    }

    /// The faults; after a restart, one of them makes the device keep what it should erase.
    fn faults_now(&self) -> Faults {
        if self.memory.restarted && self.faults.has(Fault::ForgetOnRestart) {
            return self.faults.iter().chain([Fault::KeepMessageKeys]).collect();
        }
        self.faults
    }

    fn warn(&mut self, class: WarningClass, text: String) {
        self.warnings.push(Warning { class, text });
    }
}

/// The faults with which the state opens some message a second time. A memory of the process
/// refuses that, as an application that sorts out duplicates would.
const KEEPING: [Fault; 3] = [Fault::KeepMessageKeys, Fault::KeepLateKeys, Fault::KeepOldChains];

impl Memory {
    /// Refuses a message whose kept key would open it a second time in one life of the process.
    fn deliver_once(&mut self, place: (u64, Key, u32)) -> Result<(), Refused> {
        if self.delivered.contains(&place) {
            return Err(Refused::Old(place.2));
        }
        remember(&mut self.delivered, place);
        Ok(())
    }

    /// What this device itself sent, as if the peer had: remembered with the fault only.
    fn reflected(&self, args: &MessageDecrypt) -> Option<Message> {
        let (_, plaintext) = self.sent.iter().find(|(envelope, _)| *envelope == args.envelope)?;
        Some(Message {
            plaintext: plaintext.clone(),
            sender: args.from.clone(),
            position: None,
            conversation: None,
        })
    }

    fn answer(&self, args: &MessageDecrypt) -> Option<Message> {
        self.answered.iter().find(|(known, _)| known == args).map(|(_, answer)| answer.clone())
    }
}

fn remember<T>(memory: &mut VecDeque<T>, item: T) {
    memory.push_back(item);
    if memory.len() > REMEMBERED {
        memory.pop_front();
    }
}

fn no_identity() -> Declined {
    Declined::error("the device has no identity yet: call `identity.create` or `state.restore`")
}

impl From<NoEntropy> for Declined {
    fn from(error: NoEntropy) -> Self {
        Self::error(error)
    }
}

impl Device for Messenger {
    fn hello(&self) -> HelloAnswer {
        let calling = "called directly, without an application around it: one session in use per \
                       peer, a changed identity key is refused, nothing is retried";
        HelloAnswer {
            limits: BTreeMap::from([
                ("plaintext-bytes".to_owned(), MAX_PLAINTEXT as u64),
                ("group-rotation-messages".to_owned(), group::ROTATION),
                ("group-generations".to_owned(), group::GENERATIONS),
                ("group-epochs".to_owned(), group::EPOCHS),
            ]),
            ..hello("Hallmark reference messenger", calling)
        }
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let pairwise = [
            IdentityCreate::NAME,
            IdentityPublic::NAME,
            IdentityFingerprint::NAME,
            IdentitySign::NAME,
            PrekeysPublish::NAME,
            PrekeysImport::NAME,
            SessionStart::NAME,
            SessionInfo::NAME,
            MessageEncrypt::NAME,
            MessageDecrypt::NAME,
            StateSnapshot::NAME,
            StateRestore::NAME,
            AttachmentEncrypt::NAME,
            AttachmentDecrypt::NAME,
            DeviceImport::NAME,
            SessionDelete::NAME,
        ];
        let process: &[_] =
            if self.file.is_some() { &[StatePaths::NAME, ProcessPid::NAME] } else { &[] };
        [&pairwise, &group::CAPABILITIES[..], process].concat()
    }

    fn warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    fn reset(&mut self, seed: Option<u64>) -> Reply<()> {
        let file = self.file.take();
        *self = Self { entropy: Entropy::new(seed), file, ..Self::new(self.faults) };
        Ok(())
    }

    fn identity_create(&mut self, args: IdentityCreate) -> Reply<Done> {
        if self.store.is_some() {
            return Err(Declined::error("the device has an identity already: call `reset` first"));
        }
        self.entropy.separate_by_name(&args.name);
        self.store = Some(Store::create(&args.name, &mut self.entropy)?);
        Ok(Done {})
    }

    fn identity_public(&mut self, _: IdentityPublic) -> Reply<IdentityPublicAnswer> {
        let identity = self.store()?.identity.public();
        Ok(IdentityPublicAnswer { identity_key: bytes(&identity.agreement) })
    }

    fn identity_fingerprint(&mut self, args: IdentityFingerprint) -> Reply<FingerprintAnswer> {
        let store = self.store()?;
        let ours = store.identity.public();
        let us = Party { name: &store.name, identity: &ours };
        let them = Party { name: &args.peer, identity: &store.peer(&args.peer)?.identity };
        Ok(FingerprintAnswer { fingerprint: fingerprint(&us, &them, self.faults) })
    }

    fn identity_sign(&mut self, args: IdentitySign) -> Reply<SignAnswer> {
        Ok(SignAnswer { signature: self.store()?.identity.sign(&args.message).into() })
    }

    fn prekeys_publish(&mut self, args: PrekeysPublish) -> Reply<PrekeysAnswer> {
        let (store, entropy, faults) = self.parts()?;
        let mut one_time = store.add_one_time_prekeys(args.one_time, entropy)?;
        let (id, public) = store.rotate_signed_prekey(entropy)?;
        if faults.has(Fault::OneKeyTwoRoles)
            && let Some(first) = one_time.first_mut()
        {
            store.use_twice(id, first.0);
            first.1 = public.clone();
        }
        let identity = store.identity.public();
        let signature = store.identity.sign(&public.0).into();
        Ok(PrekeysAnswer {
            prekeys: Prekeys {
                identity_key: bytes(&identity.agreement),
                signing_key: Some(bytes(&identity.signing)),
                signed_prekey: Some(SignedPrekey { id, public: bytes(&public), signature }),
                one_time_prekeys: one_time
                    .into_iter()
                    .map(|(id, public)| OneTimePrekey {
                        id,
                        public: bytes(&public),
                        signature: Some(store.identity.sign(&public.0).into()),
                    })
                    .collect(),
                kem_prekey: None,
                extra: offer::write(&store.identity, ContentCipher::of(faults)),
            },
        })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        let (store, _, faults) = self.parts()?;
        if faults.has(Fault::StripEncryption) && are_stripped(&args.prekeys) {
            store.strip(&args.peer);
            return Ok(Done {});
        }
        let (identity, prekeys) = check_prekeys(&args.prekeys, faults)?;
        let older = offer::is_older(&args.prekeys.extra, &identity, faults)?;
        store.import(&args.peer, identity, prekeys, older, faults)?;
        Ok(Done {})
    }

    fn device_import(&mut self, args: DeviceImport) -> Reply<Done> {
        let (store, entropy, faults) = self.parts()?;
        let (identity, prekeys) = check_prekeys(&args.prekeys, faults)?;
        offer::is_older(&args.prekeys.extra, &identity, faults)?;
        let owner = &store.peer(&args.peer)?.identity;
        offer::check_device(owner, &args.device, &identity, &args.prekeys.extra, faults)?;
        store.link((&args.peer, &args.device), identity, prekeys, entropy, faults)?;
        Ok(Done {})
    }

    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        let (store, entropy, faults) = self.parts()?;
        store.start(&args.peer, entropy, faults)?;
        Ok(EnvelopesAnswer::default())
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        let (store, _, faults) = self.parts()?;
        let session = store.session(&args.peer).ok_or_else(no_session)?;
        let version = session.version;
        Ok(SessionInfoAnswer {
            protocol: format!("Hallmark reference {version} (X3DH + Double Ratchet)"),
            cipher: session.cipher(faults).name().to_owned(),
            mac: seal::MAC.to_owned(),
            mac_bits: 8 * seal::tag_len(faults) as u32,
            key_agreement: "X25519".to_owned(),
        })
    }

    fn session_delete(&mut self, args: SessionDelete) -> Reply<Done> {
        let (store, _, faults) = self.parts()?;
        store.delete_sessions(&args.peer, faults)?;
        Ok(Done {})
    }

    fn message_encrypt(&mut self, args: MessageEncrypt) -> Reply<EnvelopesAnswer> {
        let (store, entropy, faults) = self.parts()?;
        if args.plaintext.len() > MAX_PLAINTEXT {
            return Err(Refused::Policy("the message is longer than 1 MiB").into());
        }
        let mut plaintext = &args.plaintext[..];
        if faults.has(Fault::TruncateLongMessage) {
            plaintext = &plaintext[..plaintext.len().min(TRUNCATED)];
        }
        let stripped = store.is_stripped(&args.peer);
        let outgoing = match store.session(&args.peer) {
            Some(session) => session.seal(plaintext, entropy, faults)?,
            None if faults.has(Fault::PlaintextFallback) || stripped => {
                Outgoing { form: Form::Plain, body: wire::plain(plaintext) }
            }
            None => return Err(no_session()),
        };
        let mut envelopes = Vec::new();
        for session in store.linked(&args.peer) {
            envelopes.push(envelope(session.seal(plaintext, entropy, faults)?));
        }
        let envelope = envelope(outgoing);
        if self.faults.has(Fault::AcceptReflection) {
            remember(&mut self.memory.sent, (envelope.clone(), args.plaintext));
        }
        envelopes.push(envelope);
        Ok(EnvelopesAnswer { envelopes })
    }

    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        if let Some(message) = self.memory.answer(&args).filter(|_| self.answers_again(&args)) {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        if args.envelope.body.len() > MAX_BODY {
            let (store, _, faults) = self.parts()?;
            if faults.has(Fault::NoSizeLimit) {
                store.overrun(&args.from);
            }
            return Err(Refused::Malformed("the envelope is longer than any message").into());
        }
        if let Some(message) = self.memory.reflected(&args) {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        if let Some(message) = self.confused(&args)? {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        let claimed = args.envelope.body.first().copied().unwrap_or(wire::VERSION);
        let ignores_version = self.faults.has(Fault::UnauthenticatedVersion);
        let body = match &args.envelope.body[..] {
            [_, rest @ ..] if ignores_version => Bytes([&[wire::VERSION], rest].concat()),
            _ => args.envelope.body.clone(),
        };
        let body = wire::parse(&body)?;
        if body.form().tag() != args.envelope.tag {
            return Err(
                Refused::Malformed("the outer tag is not that of the envelope's form").into()
            );
        }
        if args.envelope.kind != EnvelopeKind::Message {
            return Err(Refused::Malformed("the envelope carries a message").into());
        }
        let message = self.deliver(&args.from, body)?;
        if ignores_version && let Some(session) = self.parts()?.0.session(&args.from) {
            session.version = claimed;
        }
        if self.faults.has(Fault::AcceptReplay) || self.faults.has(Fault::ReplayInNewSession) {
            remember(&mut self.memory.answered, (args, message.clone()));
        }
        Ok(MessagesAnswer { messages: vec![message] })
    }

    fn attachment_encrypt(&mut self, args: AttachmentEncrypt) -> Reply<AttachmentAnswer> {
        let (_, entropy, faults) = self.parts()?;
        attachment::seal(&args.plaintext, entropy, faults)
    }

    fn attachment_decrypt(&mut self, args: AttachmentDecrypt) -> Reply<AttachmentTextAnswer> {
        let (_, _, faults) = self.parts()?;
        Ok(attachment::open(&args.key, &args.body, faults)?)
    }

    fn state_snapshot(&mut self, _: StateSnapshot) -> Reply<StateAnswer> {
        Ok(StateAnswer { state: self.store()?.write()?.into() })
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        let store = Store::read(&args.state)?;
        self.entropy.separate_by_restore(&args.state);
        if self.faults.has(Fault::EntropyFromState) {
            self.entropy.follow_state(&args.state);
        }
        self.store = Some(store);
        self.memory = Memory { restarted: true, ..Memory::default() };
        Ok(Done {})
    }

    fn state_paths(&mut self, _: StatePaths) -> Reply<PathsAnswer> {
        let file = self.file.as_ref().ok_or_else(|| {
            Declined::Unsupported("this device has no file for its state".to_owned())
        })?;
        Ok(PathsAnswer { paths: vec![file.path().display().to_string()] })
    }

    fn group_create(&mut self, args: GroupCreate) -> Reply<GroupAnswer> {
        self.create_group(&args.group)
    }

    fn group_add(&mut self, args: GroupAdd) -> Reply<GroupAnswer> {
        self.add_to_group(&args.group, &args.members)
    }

    fn group_remove(&mut self, args: GroupRemove) -> Reply<GroupAnswer> {
        self.change_group(&args.group, &Plan { remove: args.members, ..Plan::default() })
    }

    fn group_join(&mut self, args: GroupJoin) -> Reply<GroupAnswer> {
        self.join_group(&args)
    }

    fn group_process(&mut self, args: GroupProcess) -> Reply<GroupAnswer> {
        self.process_in_group(&args)
    }

    fn group_encrypt(&mut self, args: GroupEncrypt) -> Reply<GroupAnswer> {
        self.encrypt_for_group(&args)
    }

    fn group_decrypt(&mut self, args: GroupDecrypt) -> Reply<MessagesAnswer> {
        self.decrypt_in_group(args)
    }

    fn group_rotate(&mut self, args: GroupRotate) -> Reply<GroupAnswer> {
        self.change_group(&args.group, &Plan::default())
    }

    fn group_forward(&mut self, args: GroupForward) -> Reply<GroupAnswer> {
        self.forward_in_group(&args)
    }

    fn group_info(&mut self, args: GroupInfo) -> Reply<GroupInfoAnswer> {
        Ok(self.group(&args.group)?.info(self.faults))
    }
}

fn bytes(key: &Key) -> Bytes {
    key.0.to_vec().into()
}

fn envelope(outgoing: Outgoing) -> Envelope {
    let (tag, body) = (outgoing.form.tag().to_owned(), outgoing.body.into());
    Envelope { kind: EnvelopeKind::Message, tag, body }
}

/// Whether these prekeys say that their owner has no encryption.
fn are_stripped(prekeys: &Prekeys) -> bool {
    prekeys.signed_prekey.is_none() && prekeys.one_time_prekeys.is_empty()
}

fn no_session() -> Declined {
    Refused::Unknown("there is no session with this peer").into()
}

/// Reads a peer's prekeys and checks that it signed them (X3DH section 3.3; X3DH leaves one-time
/// prekeys unsigned, this messenger does not).
fn check_prekeys(
    prekeys: &Prekeys,
    faults: Faults,
) -> Result<(PublicIdentity, PeerPrekeys), Refused> {
    let signing =
        prekeys.signing_key.as_ref().ok_or(Refused::Malformed("the signing key is missing"))?;
    let signed =
        prekeys.signed_prekey.as_ref().ok_or(Refused::Malformed("the signed prekey is missing"))?;
    let identity =
        PublicIdentity { agreement: key(&prekeys.identity_key)?, signing: key(signing)? };
    let verified = identity.accepts(&signed.public, &signed.signature, faults);
    if !verified && !faults.has(Fault::SkipPrekeySignature) {
        return Err(Refused::Signature("signed prekey"));
    }
    let one_time = match &prekeys.one_time_prekeys[..] {
        [] => None,
        [only] => {
            let public = key(&only.public)?;
            let signature = only.signature.as_deref().unwrap_or_default();
            let verified = identity.accepts(&public.0, signature, faults);
            if !verified && !faults.has(Fault::SkipOneTimeSignature) {
                return Err(Refused::Signature("one-time prekey"));
            }
            Some(NumberedKey { id: only.id, public })
        }
        _ => return Err(Refused::Malformed("a peer is given at most one one-time prekey")),
    };
    let signed = NumberedKey { id: signed.id, public: key(&signed.public)? };
    Ok((identity, PeerPrekeys { signed, one_time }))
}

fn key(bytes: &Bytes) -> Result<Key, Refused> {
    let bytes =
        <[u8; 32]>::try_from(&bytes[..]).map_err(|_| Refused::Malformed("a key has 32 bytes"))?;
    Ok(Key(bytes))
}
