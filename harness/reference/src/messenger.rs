//! The messenger as a device behind the driver protocol.

use std::collections::{BTreeMap, VecDeque};

use hallmark_driver::{
    protocol::{
        Bytes, Operation, PROTOCOL,
        ops::{
            Done, Envelope, EnvelopeKind, EnvelopesAnswer, FingerprintAnswer, HelloAnswer,
            IdentityCreate, IdentityFingerprint, IdentityPublic, IdentityPublicAnswer,
            IdentitySign, Message, MessageDecrypt, MessageEncrypt, MessagesAnswer, OneTimePrekey,
            Prekeys, PrekeysAnswer, PrekeysImport, PrekeysPublish, Program, SessionInfo,
            SessionInfoAnswer, SessionStart, SignAnswer, SignedPrekey, StateAnswer, StateRestore,
            StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};
use serde_json::Value;

use crate::{
    entropy::{Entropy, NoEntropy},
    faults::{Fault, Faults},
    fingerprint::{Party, fingerprint},
    identity::PublicIdentity,
    kdf::Key,
    refused::Refused,
    seal::{self, ContentCipher},
    session::Outgoing,
    store::Store,
    wire::{self, Address, Body, Form, MAX_PLAINTEXT, Sealed},
    x3dh::{NumberedKey, PeerPrekeys},
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
}

/// What is lost with the process. Only faults use it: the honest messenger refuses a second
/// delivery because the key is gone.
#[derive(Default)]
struct Memory {
    /// Envelopes that were answered, with their answers.
    answered: VecDeque<(MessageDecrypt, Message)>,
    /// Envelopes that were sent, with their plaintext.
    sent: VecDeque<(Envelope, Bytes)>,
    /// Session, ratchet key and number of delivered messages.
    delivered: VecDeque<(u64, Key, u32)>,
}

impl Messenger {
    /// A device without identity, with these faults.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self { faults, entropy: Entropy::new(None), store: None, memory: Memory::default() }
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
            Body::Plain(text) if self.faults.has(Fault::PlaintextFallback) => {
                Ok(Message { plaintext: text.into(), sender: from.to_owned(), position: None })
            }
            Body::Plain(_) => Err(Refused::Malformed("the envelope has no known form").into()),
        }
    }

    fn deliver_sealed(&mut self, from: &str, sealed: &Sealed<'_>) -> Reply<Message> {
        let (store, _, faults) = self.parts()?;
        let delivery = match &sealed.address {
            Address::Session(id) => store.open(from, *id, sealed, faults)?,
            Address::Start(start) => store.open_start(from, start, sealed, faults)?,
        };
        if faults.has(Fault::KeepMessageKeys) {
            let place = (delivery.session.id, sealed.header.ratchet.clone(), sealed.header.number);
            self.memory.deliver_once(place)?;
        }
        let (store, ..) = self.parts()?;
        let opened = store.accept(from, delivery, faults)?;
        Ok(Message {
            plaintext: opened.plaintext.into(),
            sender: from.to_owned(),
            position: Some(opened.position),
        })
    }
}

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
        Some(Message { plaintext: plaintext.clone(), sender: args.from.clone(), position: None })
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
        let program = |name: &str| Program {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            sha256: None,
        };
        HelloAnswer {
            protocol: PROTOCOL.to_owned(),
            driver: program("hallmark-reference"),
            candidate: program("Hallmark reference messenger"),
            family: "reference".to_owned(),
            calling: "called directly, without an application around it: one session in use per \
                      peer, a changed identity key is refused, nothing is retried"
                .to_owned(),
            capabilities: Vec::new(),
            limits: BTreeMap::from([("plaintext-bytes".to_owned(), MAX_PLAINTEXT as u64)]),
        }
    }

    fn capabilities(&self) -> Vec<&'static str> {
        vec![
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
        ]
    }

    fn reset(&mut self, seed: Option<u64>) -> Reply<()> {
        *self = Self { entropy: Entropy::new(seed), ..Self::new(self.faults) };
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
        let (store, entropy, _) = self.parts()?;
        let one_time = store.add_one_time_prekeys(args.one_time, entropy)?;
        let (id, public) = store.rotate_signed_prekey(entropy)?;
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
                        signature: None,
                    })
                    .collect(),
                kem_prekey: None,
                extra: Value::Null,
            },
        })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        let (store, _, faults) = self.parts()?;
        let (identity, prekeys) = check_prekeys(&args.prekeys, faults)?;
        store.import(&args.peer, identity, prekeys)?;
        Ok(Done {})
    }

    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        let (store, entropy, faults) = self.parts()?;
        store.start(&args.peer, entropy, faults)?;
        Ok(EnvelopesAnswer::default())
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        let (store, _, faults) = self.parts()?;
        store.session(&args.peer).ok_or_else(no_session)?;
        let cipher = ContentCipher::of(faults);
        Ok(SessionInfoAnswer {
            protocol: "Hallmark reference 1 (X3DH + Double Ratchet)".to_owned(),
            cipher: cipher.name().to_owned(),
            mac: seal::MAC.to_owned(),
            mac_bits: 8 * seal::TAG_LEN as u32,
            key_agreement: "X25519".to_owned(),
        })
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
        let outgoing = match store.session(&args.peer) {
            Some(session) => session.seal(plaintext, entropy, faults)?,
            None if faults.has(Fault::PlaintextFallback) => {
                Outgoing { form: Form::Plain, body: wire::plain(plaintext) }
            }
            None => return Err(no_session()),
        };
        let (tag, body) = (outgoing.form.tag().to_owned(), outgoing.body.into());
        let envelope = Envelope { kind: EnvelopeKind::Message, tag, body };
        if self.faults.has(Fault::AcceptReflection) {
            remember(&mut self.memory.sent, (envelope.clone(), args.plaintext));
        }
        Ok(EnvelopesAnswer { envelopes: vec![envelope] })
    }

    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        let replays = self.faults.has(Fault::AcceptReplay);
        if let Some(message) = replays.then(|| self.memory.answer(&args)).flatten() {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        if let Some(message) = self.memory.reflected(&args) {
            return Ok(MessagesAnswer { messages: vec![message] });
        }
        let body = wire::parse(&args.envelope.body)?;
        if body.form().tag() != args.envelope.tag {
            return Err(
                Refused::Malformed("the outer tag is not that of the envelope's form").into()
            );
        }
        if args.envelope.kind != EnvelopeKind::Message {
            return Err(Refused::Malformed("the envelope carries a message").into());
        }
        let message = self.deliver(&args.from, body)?;
        if replays {
            remember(&mut self.memory.answered, (args, message.clone()));
        }
        Ok(MessagesAnswer { messages: vec![message] })
    }

    fn state_snapshot(&mut self, _: StateSnapshot) -> Reply<StateAnswer> {
        Ok(StateAnswer { state: self.store()?.write()?.into() })
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        let store = Store::read(&args.state)?;
        self.entropy.separate_by_restore(&args.state);
        self.store = Some(store);
        self.memory = Memory::default();
        Ok(Done {})
    }
}

fn bytes(key: &Key) -> Bytes {
    key.0.to_vec().into()
}

fn no_session() -> Declined {
    Refused::Unknown("there is no session with this peer").into()
}

/// Reads a peer's prekeys and checks that it signed them (X3DH section 3.3).
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
    let verified = identity.verifies(&signed.public, &signed.signature);
    if !verified && !faults.has(Fault::SkipPrekeySignature) {
        return Err(Refused::PrekeySignature);
    }
    let one_time = match &prekeys.one_time_prekeys[..] {
        [] => None,
        [only] => Some(NumberedKey { id: only.id, public: key(&only.public)? }),
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
