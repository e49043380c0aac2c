//! One session with one peer: the ratchet, and what binds it to both identities.

use base64::{Engine, engine::general_purpose::STANDARD};
use hallmark_driver::{protocol::Bytes, sdk::Reply};
use serde::{Deserialize, Serialize};

use crate::{
    content,
    entropy::Entropy,
    faults::{Fault, Faults},
    kdf::Key,
    ratchet::Ratchet,
    refused::Refused,
    seal::{ContentCipher, Context, SALT_LEN, Salt, ciphertext_len, tag_len},
    wire::{self, Address, Form, Header, MAX_PADDING, Sealed, Start},
    x3dh::Agreed,
};

/// How much of the plaintext the fault `leak-plaintext` shows, in bytes.
const LEAKED: usize = MAX_PADDING / 4 * 3;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    /// Its number, the same on both sides.
    pub(crate) id: u64,
    /// The initiator's ephemeral key, by which a repeated start is known.
    pub(crate) base: Key,
    /// What every tag covers besides the envelope.
    associated: Bytes,
    /// What the peer needs to begin; sent until the peer is heard.
    pending: Option<Start>,
    /// Whether the older content cipher protects it: with the fault `accept-downgrade` only.
    pub(crate) older: bool,
    /// The version that the peer is said to speak: with the fault `unauthenticated-version`, what
    /// the last envelope claimed.
    pub(crate) version: u8,
    ratchet: Ratchet,
    /// One secret for the contents of all messages: none without the fault that reuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    constant: Option<Key>,
}

/// A body to be carried, and its form.
pub(crate) struct Outgoing {
    pub(crate) form: Form,
    pub(crate) body: Vec<u8>,
}

/// A message that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) plaintext: Vec<u8>,
    /// Place in the sender's order.
    pub(crate) position: u64,
}

impl Session {
    /// The initiator's session.
    pub(crate) fn initiator(
        agreed: Agreed,
        start: Start,
        ratchet: Ratchet,
        faults: Faults,
    ) -> Self {
        Self {
            id: agreed.session,
            base: start.base.clone(),
            associated: agreed.associated.into(),
            pending: Some(start),
            older: false,
            version: wire::VERSION,
            ratchet,
            constant: faults.has(Fault::ReuseNonce).then_some(agreed.root),
        }
    }

    /// The responder's session, for the initiator's ephemeral key.
    pub(crate) fn responder(agreed: Agreed, base: Key, signed_prekey: Key, faults: Faults) -> Self {
        Self {
            id: agreed.session,
            base,
            associated: agreed.associated.into(),
            pending: None,
            constant: faults.has(Fault::ReuseNonce).then(|| agreed.root.clone()),
            older: false,
            version: wire::VERSION,
            ratchet: Ratchet::responder(agreed.root, signed_prekey),
        }
    }

    /// Whether we started it and the peer has not been heard.
    pub(crate) fn is_unanswered(&self) -> bool {
        self.pending.is_some()
    }

    /// What protects contents.
    pub(crate) fn cipher(&self, faults: Faults) -> ContentCipher {
        if self.older { ContentCipher::Aes128Cbc } else { ContentCipher::of(faults) }
    }

    /// Encrypts one message.
    pub(crate) fn seal(
        &mut self,
        plaintext: &[u8],
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<Outgoing> {
        if self.ratchet.needs_key() {
            self.ratchet.turn(entropy.key()?, faults)?;
        }
        let (header, key) = self.ratchet.next_sent()?;
        let (address, form) = match &self.pending {
            Some(start) => (Address::Start(start.clone()), Form::Prekey),
            None => (Address::Session(self.id), Form::Ratchet),
        };
        let leaks = faults.has(Fault::LeakPlaintext) && form == Form::Ratchet;
        let padding = if leaks { leak(plaintext) } else { Vec::new() };
        let cipher = self.cipher(faults);
        let content = content::write(plaintext);
        let length = ciphertext_len(content.len());
        let head = wire::head(&address, &header, &padding, length);
        let constant = self.constant.as_ref();
        let context = Context { associated: &self.associated, head: &head, constant };
        let mut sealed = cipher.seal(&key, &salt(entropy, faults)?, context, &content)?;
        sealed.truncate(length + tag_len(faults));
        Ok(Outgoing { form, body: [head, sealed].concat() })
    }

    /// Decrypts one message. Changes the state, so call it on a copy until it succeeds.
    pub(crate) fn open(&mut self, sealed: &Sealed<'_>, faults: Faults) -> Result<Opened, Refused> {
        let received = self.ratchet.received(&sealed.header, faults)?;
        let constant = self.constant.as_ref();
        let context = Context { associated: &self.associated, head: sealed.head, constant };
        let content = self.cipher(faults).open(
            &received.key,
            context,
            sealed.ciphertext,
            sealed.tag,
            faults,
        )?;
        let plaintext = content::read(&content)?.to_vec();
        self.pending = None;
        Ok(Opened { plaintext, position: received.position })
    }

    /// The key from which that of the next message received follows.
    pub(crate) fn receiving_chain(&self) -> Option<&Key> {
        self.ratchet.receiving_chain()
    }

    /// Uses up the key of a message that was refused: with the fault `advance-on-refusal` only.
    pub(crate) fn spend(&mut self, header: &Header, faults: Faults) {
        self.ratchet.spend(header, faults);
    }
}

/// What is fresh in one sealing.
pub(crate) fn salt(entropy: &mut Entropy, faults: Faults) -> Reply<Salt> {
    let mut salt = [0; SALT_LEN];
    if !faults.has(Fault::DeterministicSealing) {
        salt.copy_from_slice(&entropy.key()?.0[..SALT_LEN]);
    }
    Ok(salt)
}

/// Base64 of the beginning of a text, always of one length: the fault must not disturb what can
/// be learnt from the lengths of envelopes.
fn leak(plaintext: &[u8]) -> Vec<u8> {
    let mut shown = STANDARD.encode(&plaintext[..plaintext.len().min(LEAKED)]).into_bytes();
    shown.resize(MAX_PADDING, 0);
    shown
}
