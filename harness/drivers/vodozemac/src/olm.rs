//! The driver `vodozemac-olm`: two devices, one Olm session.

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
use vodozemac::olm::{OlmMessage, SessionConfig};

use crate::{pairwise::Pairwise, refusal::Refuses, state};

const CALLING: &str = "The library's Account and Session are called directly, with its default \
    session configuration (version 1, 8-byte MAC), which is the one that Matrix clients use. A \
    session starts from a one-time key; fallback keys are not used, and signatures over one-time \
    keys are not checked, because that is the application's duty. The identity key of a peer is \
    trusted on first use. The position of a message is its index in the sending chain, which \
    starts again with every ratchet step.";

/// Operations of both drivers.
pub(crate) const CAPABILITIES: &[&str] = &[
    "identity.create",
    "identity.public",
    "identity.sign",
    "prekeys.publish",
    "prekeys.import",
    "session.start",
    "session.info",
    "message.encrypt",
    "message.decrypt",
    "state.snapshot",
    "state.restore",
    "process.pid",
];

/// The library's answer to "what is the MAC's length?", by session version.
const TRUNCATED_MAC_BITS: u32 = 64;
const FULL_MAC_BITS: u32 = 256;

/// A device with one Olm account.
#[derive(Default)]
pub struct OlmDevice {
    olm: Option<Pairwise>,
}

impl OlmDevice {
    fn olm(&mut self) -> Reply<&mut Pairwise> {
        self.olm.as_mut().ok_or_else(no_identity)
    }
}

impl Device for OlmDevice {
    fn hello(&self) -> HelloAnswer {
        crate::hello("hallmark-driver-vodozemac-olm", "olm", CALLING)
    }

    fn capabilities(&self) -> Vec<&'static str> {
        CAPABILITIES.to_vec()
    }

    fn reset(&mut self, _seed: Option<u64>) -> Reply<()> {
        *self = Self::default();
        Ok(())
    }

    fn identity_create(&mut self, _args: IdentityCreate) -> Reply<Done> {
        if self.olm.is_some() {
            return Err(identity_exists());
        }
        self.olm = Some(Pairwise::new());
        Ok(Done {})
    }

    fn identity_public(&mut self, _args: IdentityPublic) -> Reply<IdentityPublicAnswer> {
        Ok(IdentityPublicAnswer { identity_key: self.olm()?.identity().curve25519.to_vec().into() })
    }

    fn identity_fingerprint(&mut self, _args: IdentityFingerprint) -> Reply<FingerprintAnswer> {
        Err(no_fingerprint())
    }

    fn identity_sign(&mut self, args: IdentitySign) -> Reply<SignAnswer> {
        Ok(SignAnswer { signature: self.olm()?.sign(&args.message) })
    }

    fn prekeys_publish(&mut self, args: PrekeysPublish) -> Reply<PrekeysAnswer> {
        Ok(PrekeysAnswer { prekeys: self.olm()?.publish(args.one_time)? })
    }

    fn prekeys_import(&mut self, args: PrekeysImport) -> Reply<Done> {
        self.olm()?.import(args.peer, &args.prekeys)?;
        Ok(Done {})
    }

    fn session_start(&mut self, args: SessionStart) -> Reply<EnvelopesAnswer> {
        self.olm()?.start(&args.peer)?;
        Ok(EnvelopesAnswer::default())
    }

    fn session_info(&mut self, args: SessionInfo) -> Reply<SessionInfoAnswer> {
        let config = self.olm()?.session_config(&args.peer)?;
        Ok(SessionInfoAnswer {
            protocol: format!("Olm v{}", config.version()),
            cipher: "AES-256-CBC".to_owned(),
            mac: "HMAC-SHA-256".to_owned(),
            mac_bits: mac_bits(config),
            key_agreement: "X25519".to_owned(),
        })
    }

    fn message_encrypt(&mut self, args: MessageEncrypt) -> Reply<EnvelopesAnswer> {
        let message = self.olm()?.encrypt(&args.peer, &args.plaintext)?;
        Ok(EnvelopesAnswer { envelopes: vec![envelope(EnvelopeKind::Message, &message)] })
    }

    fn message_decrypt(&mut self, args: MessageDecrypt) -> Reply<MessagesAnswer> {
        let message = open(&args.envelope)?;
        let plaintext = self.olm()?.decrypt(&args.from, &message)?;
        let position = match &message {
            OlmMessage::Normal(inner) => inner.chain_index(),
            OlmMessage::PreKey(prekey) => prekey.message().chain_index(),
        };
        let message = Message {
            plaintext: plaintext.into(),
            sender: args.from,
            position: Some(position),
            conversation: None,
        };
        Ok(MessagesAnswer { messages: vec![message] })
    }

    fn state_snapshot(&mut self, _args: StateSnapshot) -> Reply<StateAnswer> {
        state::snapshot(self.olm()?)
    }

    fn state_restore(&mut self, args: StateRestore) -> Reply<Done> {
        self.olm = Some(state::restore(&args.state)?);
        Ok(Done {})
    }
}

/// The envelope of an Olm message; its tag is the message type that Matrix sends beside it.
pub(crate) fn envelope(kind: EnvelopeKind, message: &OlmMessage) -> Envelope {
    let (message_type, body) = message.to_parts();
    let tag = if message_type == 0 { PREKEY_TAG } else { NORMAL_TAG };
    Envelope { kind, tag: tag.to_owned(), body: body.into() }
}

/// The Olm message in an envelope.
pub(crate) fn open(envelope: &Envelope) -> Reply<OlmMessage> {
    let message_type = match envelope.tag.as_str() {
        PREKEY_TAG => 0,
        NORMAL_TAG => 1,
        _ => return Err(Declined::refused(Class::Malformed, "not an Olm message type")),
    };
    OlmMessage::from_parts(message_type, &envelope.body).map_err(|error| error.refusal())
}

const PREKEY_TAG: &str = "olm-prekey";
const NORMAL_TAG: &str = "olm-message";

pub(crate) fn no_identity() -> Declined {
    Declined::error("there is no identity yet: `identity.create` or `state.restore` comes first")
}

pub(crate) fn identity_exists() -> Declined {
    Declined::error("the device has an identity already: `reset` comes first")
}

pub(crate) fn no_fingerprint() -> Declined {
    Declined::Unsupported(
        "vodozemac verifies people by short authentication strings, which both devices work out \
         while they are online; it has no fingerprint of a pair of identities"
            .to_owned(),
    )
}

fn mac_bits(config: SessionConfig) -> u32 {
    if config == SessionConfig::version_1() { TRUNCATED_MAC_BITS } else { FULL_MAC_BITS }
}
