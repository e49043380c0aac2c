//! The driver `vodozemac-megolm`: two devices, a Megolm session for each direction.

use std::collections::BTreeMap;

use hallmark_driver::{
    protocol::{
        Class,
        ops::{
            Done, Envelope, EnvelopeKind, EnvelopesAnswer, FingerprintAnswer, HelloAnswer,
            IdentityCreate, IdentityFingerprint, IdentityPublic, IdentityPublicAnswer,
            IdentitySign, Message, MessageDecrypt, MessageEncrypt, MessagesAnswer, PrekeysAnswer,
            PrekeysImport, PrekeysPublish, SessionInfo, SessionInfoAnswer, SessionStart,
            SignAnswer, StateAnswer, StateRestore, StateSnapshot,
        },
    },
    sdk::{Declined, Device, Reply},
};
use serde::{Deserialize, Serialize};
use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionConfig};

use crate::{
    olm::{self, CAPABILITIES},
    pairwise::Pairwise,
    refusal::{Refuses, more_telling},
    room_key,
    state::{self, Kept},
};

const CALLING: &str = "The library's GroupSession and InboundGroupSession are called directly, \
    with its default session configuration (version 1, 8-byte MAC), which is the one that Matrix \
    clients use. Each direction has its own Megolm session, shared once over Olm and never \
    rotated. An inbound session is kept as it was received, so that a user can read older \
    messages again, as Matrix clients keep it. Replay protection is the application's duty and is \
    not added; nor are signatures over one-time keys checked. The position of a message is its \
    index in the Megolm session.";

const TAG: &str = "megolm";

/// Length of the MAC of Megolm version 1; an Ed25519 signature follows it.
const MAC_BITS: u32 = 64;

/// A device with one Olm account and its Megolm sessions.
#[derive(Default)]
pub struct MegolmDevice {
    state: Option<State>,
}

/// All that the device remembers.
#[derive(Serialize, Deserialize)]
struct State {
    olm: Pairwise,
    /// By the peer that the session was shared with.
    outbound: BTreeMap<String, Kept<GroupSession>>,
    /// By the peer that shared them; the one received last comes last.
    inbound: BTreeMap<String, Vec<Kept<InboundGroupSession>>>,
}

impl State {
    /// Makes the Megolm session for this peer and shares it over Olm.
    fn share(&mut self, peer: &str) -> Reply<Envelope> {
        if self.olm.has_offer(peer) {
            self.olm.start(peer)?;
        }
        let session = GroupSession::new(SessionConfig::default());
        let message = self.olm.encrypt(peer, &room_key::write(&session)?)?;
        self.outbound.insert(peer.to_owned(), Kept(session));
        Ok(olm::envelope(EnvelopeKind::Setup, &message))
    }

    /// Keeps a session that a peer shared. The same session may come twice, from another index.
    fn keep(&mut self, from: &str, mut shared: InboundGroupSession) -> Reply<()> {
        let sessions = self.inbound.entry(from.to_owned()).or_default();
        let id = shared.session_id();
        let Some(known) = sessions.iter_mut().find(|known| known.session_id() == id) else {
            sessions.push(Kept(shared));
            return Ok(());
        };
        let merged = known.merge(&mut shared).ok_or_else(|| {
            Declined::refused(Class::BadKey, "another session of the same id is known")
        })?;
        *known = Kept(merged);
        Ok(())
    }

    fn decrypt(&mut self, from: String, message: &MegolmMessage) -> Reply<Message> {
        let mut refused = None;
        for session in self.inbound.entry(from.clone()).or_default().iter_mut().rev() {
            match session.decrypt(message) {
                Ok(opened) => {
                    return Ok(Message {
                        plaintext: opened.plaintext.into(),
                        sender: from,
                        position: Some(opened.message_index.into()),
                        conversation: None,
                    });
                }
                Err(error) => refused = Some(more_telling(refused, error)),
            }
        }
        Err(match refused {
            Some(error) => error.refusal(),
            None => Declined::refused(
                Class::UnknownKey,
                format!("`{from}` has shared no Megolm session"),
            ),
        })
    }
}

impl MegolmDevice {
    fn state(&mut self) -> Reply<&mut State> {
        self.state.as_mut().ok_or_else(olm::no_identity)
    }
}

impl Device for MegolmDevice {
    fn hello(&self) -> HelloAnswer {
        crate::hello("hallmark-driver-vodozemac-megolm", "megolm", CALLING)
    }

    fn capabilities(&self) -> Vec<&'static str> {
        CAPABILITIES.to_vec()
    }

    fn reset(&mut self, _seed: Option<u64>) -> Reply<()> {
        *self = Self::default();
        Ok(())
    }

    fn identity_create(&mut self, _args: IdentityCreate) -> Reply<Done> {
        if self.state.is_some() {
            return Err(olm::identity_exists());
        }
        let (outbound, inbound) = (BTreeMap::new(), BTreeMap::new());
        self.state = Some(State { olm: Pairwise::new(), outbound, inbound });
        Ok(Done {})
    }

    fn identity_public(&mut self, _args: IdentityPublic) -> Reply<IdentityPublicAnswer> {
        let identity = self.state()?.olm.identity();
        Ok(IdentityPublicAnswer { identity_key: identity.curve25519.to_vec().into() })
    }

    fn identity_fingerprint(&mut self, _args: IdentityFingerprint) -> Reply<FingerprintAnswer> {
        Err(olm::no_fingerprint())
    }

    fn identity_sign(&mut self, args: IdentitySign) -> Reply<SignAnswer> {
        Ok(SignAnswer { signature: self.state()?.olm.sign(&args.message) })
    }

    fn prekeys_publish(&mut self, args: PrekeysPublish) -> Reply<PrekeysAnswer> {
        Ok(PrekeysAnswer { prekeys: self.state()?.olm.publish(args.one_time)? })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        self.state()?.olm.import(args.peer, &args.prekeys)?;
        Ok(Done {})
    }

    /// Shares a new Megolm session, over a new Olm session where unused prekeys were imported.
    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        let state = self.state()?;
        if !state.olm.has_offer(&args.peer) && !state.olm.has_session(&args.peer) {
            let peer = &args.peer;
            return Err(Declined::error(format!("no prekeys of `{peer}` were imported")));
        }
        Ok(EnvelopesAnswer { envelopes: vec![state.share(&args.peer)?] })
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        let state = self.state()?;
        let olm = state.olm.session_config(&args.peer)?.version();
        let megolm = SessionConfig::default().version();
        Ok(SessionInfoAnswer {
            protocol: format!("Megolm v{megolm}, Ed25519 signatures, keys shared over Olm v{olm}"),
            cipher: "AES-256-CBC".to_owned(),
            mac: "HMAC-SHA-256".to_owned(),
            mac_bits: MAC_BITS,
            key_agreement: "X25519".to_owned(),
        })
    }

    fn message_encrypt(&mut self, args: MessageEncrypt) -> Reply<EnvelopesAnswer> {
        let state = self.state()?;
        let mut envelopes = Vec::new();
        if !state.outbound.contains_key(&args.peer) {
            envelopes.push(state.share(&args.peer)?);
        }
        if let Some(session) = state.outbound.get_mut(&args.peer) {
            let body = session.encrypt(&*args.plaintext).to_bytes();
            let kind = EnvelopeKind::Message;
            envelopes.push(Envelope { kind, tag: TAG.to_owned(), body: body.into() });
        }
        Ok(EnvelopesAnswer { envelopes })
    }

    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        let state = self.state()?;
        if args.envelope.tag == TAG {
            let message =
                MegolmMessage::from_bytes(&args.envelope.body).map_err(|error| error.refusal())?;
            return Ok(MessagesAnswer { messages: vec![state.decrypt(args.from, &message)?] });
        }
        let shared = state.olm.decrypt(&args.from, &olm::open(&args.envelope)?)?;
        state.keep(&args.from, room_key::read(&shared)?)?;
        Ok(MessagesAnswer::default())
    }

    fn state_snapshot(&mut self, _args: StateSnapshot) -> Reply<StateAnswer> {
        state::snapshot(self.state()?)
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        self.state = Some(state::restore(&args.state)?);
        Ok(Done {})
    }
}
