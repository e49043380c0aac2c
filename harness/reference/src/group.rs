//! Groups: sender keys for messages, and a common secret that decides who can share and read them.
//!
//! A change of the group is signed by a member, continues the transcript of all changes before it,
//! and carries a fresh secret, sealed to the leaf key of every member who stays. The secret of the
//! next epoch follows from it and from the secret of the epoch before: one who is not a member any
//! more lacks the first, one who steals a state later lacks the second, since each is erased with
//! its use. The changer replaces its own leaf key, so a copy of its former state is left behind.
//! From the epoch's secret follow the keys under which senders share their sender keys.

mod change;
mod sender;
mod wire;

use std::collections::{BTreeMap, VecDeque};

use hallmark_driver::{
    protocol::ops::{GroupEnvelope, GroupInfoAnswer},
    sdk::{Declined, Reply},
};
use ring::digest::{Context as Digest, SHA256};
use serde::{Deserialize, Serialize};

pub(crate) use self::{
    change::{Invited, Plan, Processed},
    sender::{MAX_MESSAGES, WINDOW},
};
use self::{
    sender::{History, Receiving, SenderKey, Sending, Sharing},
    wire::{Content, Head, KeyShare, Message, Signed, envelope},
};
use crate::{
    content,
    entropy::Entropy,
    faults::{Fault, Faults},
    identity::{Identity, PublicIdentity},
    kdf::{Key, hmac},
    refused::Refused,
    seal::{self, ContentCipher, Context, SALT_LEN, TAG_LEN},
};

/// Epochs before the current one whose messages can still arrive.
pub(crate) const PAST_EPOCHS: usize = 2;

/// The same with the fault that keeps them for ever, or nearly: state stays bounded.
const PAST_EPOCHS_FAULTY: usize = 1000;

/// Members of one group.
const MAX_MEMBERS: usize = 1000;

/// From how many members on the fault `forget-last-member` forgets one.
const MANY_MEMBERS: usize = 10;

/// Sender keys that the faults `share-group-history` and `accept-forwarded-key` keep.
const MAX_HISTORY: usize = 1000;

/// Contents are padded to a multiple of this length, which hides theirs.
const PADDED_TO: usize = 64;

/// Who this device is.
#[derive(Clone, Copy)]
pub(crate) struct Us<'a> {
    pub(crate) name: &'a str,
    pub(crate) identity: &'a Identity,
}

/// A member, as every other sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    identity: PublicIdentity,
    /// X25519; secrets of changes are sealed to it.
    leaf: Key,
}

/// A group, as one member holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    id: Key,
    /// Under which its members address it.
    name: String,
    /// Number of changes so far.
    epoch: u64,
    /// Over all changes so far.
    transcript: Key,
    /// Ourselves included.
    members: BTreeMap<String, Member>,
    /// The secret of our leaf key.
    leaf: Key,
    /// What the next epoch's secret follows from.
    next: Key,
    sending: Sending,
    /// Messages that we sent.
    sent: u64,
    /// The current epoch last.
    epochs: VecDeque<Epoch>,
    /// Stays empty without the fault that shares it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<History>,
    /// Old changes that were counted again; stays zero without the fault that does so.
    #[serde(default, skip_serializing_if = "is_zero")]
    recounted: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What the messages of one epoch are read with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Epoch {
    number: u64,
    senders: BTreeMap<String, Receiving>,
}

/// A message that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) plaintext: Vec<u8>,
    pub(crate) sender: String,
    pub(crate) position: u64,
}

/// Whether the outside of an envelope says that it carries a message.
pub(crate) fn is_message(envelope: &GroupEnvelope) -> bool {
    envelope.kind == Message::KIND && envelope.tag == Message::TAG
}

/// The group that a message names, whatever the server says.
pub(crate) fn named_in(envelope: &[u8]) -> Option<Key> {
    Signed::<Message>::read_body(envelope).ok().map(|signed| signed.content.head.group)
}

impl Group {
    /// A group of which we are the only member.
    pub(crate) fn create(name: &str, us: Us<'_>, entropy: &mut Entropy) -> Reply<Self> {
        let (id, leaf, secret) = (entropy.key()?, entropy.key()?, entropy.key()?);
        let member = Member::of(us.identity.public(), &leaf);
        Ok(Self {
            transcript: hash(b"group", &[&id.0]),
            id,
            name: name.to_owned(),
            epoch: 0,
            members: BTreeMap::from([(us.name.to_owned(), member)]),
            leaf,
            next: next_of(&secret),
            sending: Sending::begin(0, &secret, us.name),
            sent: 0,
            epochs: VecDeque::from([Epoch { number: 0, senders: BTreeMap::new() }]),
            history: Vec::new(),
            recounted: 0,
        })
    }

    /// Whether it is the group of this number.
    pub(crate) fn is(&self, id: &Key) -> bool {
        self.id == *id
    }

    /// Encrypts one message; the sender key before it, where it is a new one.
    pub(crate) fn encrypt(
        &mut self,
        us: Us<'_>,
        plaintext: &[u8],
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<Vec<GroupEnvelope>> {
        let mut envelopes = Vec::new();
        if self.sending.needs_key(faults) {
            envelopes.push(self.share_key(us, entropy, faults)?);
        }
        let turn = self.sending.next()?;
        let head = Head {
            group: self.id.clone(),
            epoch: turn.epoch,
            from: us.name.to_owned(),
            chain: turn.number,
            position: self.sent,
        };
        self.sent += 1;
        let bytes = serde_json::to_vec(&head).map_err(Declined::error)?;
        let context = Context { associated: &self.id.0, head: &bytes, constant: None };
        let salt = crate::session::salt(entropy, faults)?;
        let sealed = ContentCipher::of(faults)
            .seal(&turn.key, &salt, context, &content::write_padded(plaintext, PADDED_TO))?
            .into();
        envelopes.push(envelope(&Message { head, sealed }, &turn.signing, Vec::new())?.0);
        Ok(envelopes)
    }

    /// Makes a new sender key, and shares it.
    fn share_key(
        &mut self,
        us: Us<'_>,
        entropy: &mut Entropy,
        faults: Faults,
    ) -> Reply<GroupEnvelope> {
        let (signing, chain) = (entropy.key()?, entropy.key()?);
        let key = SenderKey {
            first: self.sent,
            signing: crate::identity::signing_public(&signing),
            chain: chain.clone(),
        };
        let (number, seal) = self.sending.renew(signing, chain)?;
        self.remember(self.epoch, us.name, number, &key, faults);
        let to = self.roster(faults).into_iter().filter(|name| name != us.name).collect();
        let share = self.key_share(us, us.name, number, &seal, &key)?;
        Ok(envelope(&share, &us.identity.signing, to)?.0)
    }

    fn key_share(
        &self,
        us: Us<'_>,
        sender: &str,
        number: u32,
        seal: &Key,
        key: &SenderKey,
    ) -> Reply<KeyShare> {
        let key = serde_json::to_vec(key).map_err(Declined::error)?;
        Ok(KeyShare {
            group: self.id.clone(),
            epoch: self.epoch,
            transcript: self.transcript.clone(),
            from: us.name.to_owned(),
            sender: sender.to_owned(),
            number,
            sealed: seal_once(seal, &self.id.0, &key)?.into(),
        })
    }

    /// Hands over another member's sender key, as a hostile member might.
    pub(crate) fn forward(&self, us: Us<'_>, sender: &str, to: &str) -> Reply<GroupEnvelope> {
        let unknown = Refused::Unknown("there is no sender key of this member");
        let kept = self.history.iter().rev().find(|old| old.sender == sender);
        let kept = kept.filter(|old| old.epoch == self.epoch);
        let (number, key) = match kept {
            Some(old) => (old.number, old.key.clone()),
            None => {
                let theirs = self.epochs.back().and_then(|epoch| epoch.senders.get(sender));
                theirs.and_then(Receiving::current).ok_or(unknown)?
            }
        };
        let seal = self.sending.sharing.aside(sender);
        let share = self.key_share(us, sender, number, &seal, &key)?;
        Ok(envelope(&share, &us.identity.signing, vec![to.to_owned()])?.0)
    }

    /// Takes over a sender key.
    pub(crate) fn process_key(
        &mut self,
        from: &str,
        envelope: &GroupEnvelope,
        faults: Faults,
    ) -> Result<(), Refused> {
        let signed = Signed::<KeyShare>::read(envelope)?;
        let share = &signed.content;
        self.check_origin(&share.group, &share.from, from)?;
        let identity = &self.member(from)?.identity;
        if !signed.is_signed_by(&identity.signing)
            && !faults.has(Fault::UnauthenticatedGroupControl)
        {
            return Err(Refused::Unsigned("the sender key is not signed by who shares it"));
        }
        self.check_place(share.epoch, &share.transcript)?;
        if share.sender != share.from && !faults.has(Fault::AcceptForwardedKey) {
            return Err(Refused::Unsigned("the sender key is not signed by its sender"));
        }
        let unknown = Refused::Unknown("there is nothing to read this sender with");
        let senders = &mut self.epochs.back_mut().ok_or(unknown.clone())?.senders;
        let sharing = senders.get_mut(from).and_then(|theirs| theirs.sharing.as_mut());
        let sharing = sharing.ok_or(unknown.clone())?;
        let seal = if share.sender == share.from {
            sharing.take_at(share.number)?
        } else {
            sharing.aside(&share.sender)
        };
        let key = open_once(&seal, &self.id.0, &share.sealed)?;
        let key: SenderKey = serde_json::from_slice(&key)
            .map_err(|_| Refused::Malformed("the sender key cannot be read"))?;
        let theirs = senders.get_mut(&share.sender).ok_or(unknown)?;
        theirs.renew(share.number, key.clone(), faults);
        self.remember(share.epoch, &share.sender, share.number, &key, faults);
        Ok(())
    }

    /// Decrypts one message. Changes the state, so call it on a copy until it succeeds.
    pub(crate) fn decrypt(
        &mut self,
        from: &str,
        body: &[u8],
        faults: Faults,
    ) -> Result<Opened, Refused> {
        let signed = Signed::<Message>::read_body(body)?;
        let Message { head, sealed } = &signed.content;
        let trusts_server = faults.has(Fault::GroupTrustOuterSender);
        let shown = if trusts_server { from } else { &head.from };
        self.check_origin(&head.group, &head.from, if trusts_server { &head.from } else { from })?;
        self.member(&head.from)?;
        self.member(shown)?;
        if head.epoch > self.epoch {
            return Err(Refused::Unknown("the message is of an epoch that has not begun here"));
        }
        let missing = if head.epoch == self.epoch {
            Refused::Unknown("there is nothing to read this sender with")
        } else {
            Refused::Stale("the keys of the message's epoch and sender are gone")
        };
        let epoch = self.epochs.iter_mut().find(|epoch| epoch.number == head.epoch);
        let theirs = epoch.and_then(|epoch| epoch.senders.get_mut(&head.from)).ok_or(missing)?;
        let opening = theirs.opening(head.chain, head.position, faults)?;
        let unchecked = faults.has(Fault::SkipGroupSignature);
        if !unchecked && !signed.is_signed_by(&opening.signing) {
            return Err(Refused::Unsigned("the message is not signed by its sender"));
        }
        let bytes = serde_json::to_vec(head)
            .map_err(|_| Refused::Malformed("the head of the message cannot be written"))?;
        let context = Context { associated: &self.id.0, head: &bytes, constant: None };
        let (ciphertext, tag) = split_tag(sealed)?;
        // Faults of pairwise tags have no part here: group messages are signed.
        let tags = if unchecked { Fault::SkipMac.into() } else { Faults::NONE };
        let content =
            ContentCipher::of(faults).open(&opening.key, context, ciphertext, tag, tags)?;
        let plaintext = content::read_padded(&content, PADDED_TO)?.to_vec();
        Ok(Opened { plaintext, sender: shown.to_owned(), position: head.position })
    }

    /// How this member sees the group.
    pub(crate) fn info(&self, faults: Faults) -> GroupInfoAnswer {
        GroupInfoAnswer {
            epoch: Some(self.epoch.saturating_add(self.recounted)),
            authenticator: Some(self.authenticator(faults).0.to_vec().into()),
            members: self.roster(faults),
            protocol: "Hallmark reference group 1 (sender keys)".to_owned(),
            cipher: ContentCipher::of(faults).name().to_owned(),
            mac: seal::MAC.to_owned(),
            mac_bits: 8 * TAG_LEN as u32,
            key_agreement: "X25519".to_owned(),
        }
    }

    /// Equal for those who agree on every change so far, and on who is a member.
    fn authenticator(&self, faults: Faults) -> Key {
        if faults.has(Fault::BlindAuthenticator) {
            return hash(b"authenticator", &[&self.id.0, &self.epoch.to_be_bytes()]);
        }
        let members = self.members.iter().flat_map(|(name, member)| {
            [name.as_bytes().to_vec(), member.identity.encode().to_vec(), member.leaf.0.to_vec()]
        });
        let parts: Vec<Vec<u8>> = [self.transcript.0.to_vec()].into_iter().chain(members).collect();
        hash(b"authenticator", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn member(&self, name: &str) -> Result<&Member, Refused> {
        self.members.get(name).ok_or(Refused::NotMember("the sender is not a member of the group"))
    }

    /// Whether it is of this group, and of the sender for whose it is handed over.
    fn check_origin(&self, group: &Key, inner: &str, outer: &str) -> Result<(), Refused> {
        if self.id != *group {
            return Err(Refused::Unknown("the envelope belongs to another group"));
        }
        if inner != outer {
            return Err(Refused::Unsigned("the envelope is signed by another than its sender"));
        }
        Ok(())
    }

    /// Whether it belongs exactly where we are.
    fn check_place(&self, epoch: u64, transcript: &Key) -> Result<(), Refused> {
        if epoch != self.epoch || *transcript != self.transcript {
            return Err(Refused::Stale("the envelope belongs to another state of the group"));
        }
        Ok(())
    }

    fn remember(&mut self, epoch: u64, sender: &str, number: u32, key: &SenderKey, faults: Faults) {
        let keeps = faults.has(Fault::ShareGroupHistory) || faults.has(Fault::AcceptForwardedKey);
        if keeps && self.history.len() < MAX_HISTORY {
            let (sender, key) = (sender.to_owned(), key.clone());
            self.history.push(History { epoch, sender, number, key });
        }
    }

    /// The names of the members. The fault forgets one where nobody would notice soon.
    fn roster(&self, faults: Faults) -> Vec<String> {
        let mut names: Vec<_> = self.members.keys().cloned().collect();
        if faults.has(Fault::ForgetLastMember) && names.len() >= MANY_MEMBERS {
            names.pop();
        }
        names
    }
}

impl Member {
    fn of(identity: PublicIdentity, leaf: &Key) -> Self {
        Self { identity, leaf: crate::identity::public(leaf) }
    }
}

impl Epoch {
    /// The epoch that begins with this secret.
    fn begin<'a>(number: u64, secret: &Key, others: impl Iterator<Item = &'a String>) -> Self {
        let senders = others
            .map(|name| (name.clone(), Receiving::begin(Some(Sharing::begin(secret, name)))))
            .collect();
        Self { number, senders }
    }
}

/// What the secret of the next epoch follows from.
fn next_of(secret: &Key) -> Key {
    Key(hmac(&secret.0, &[b"next"]))
}

/// SHA-256 over a label and parts, each with its length.
fn hash(label: &[u8], parts: &[&[u8]]) -> Key {
    let mut digest = Digest::new(&SHA256);
    for part in [&[label], parts].concat() {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.finish().as_ref());
    Key(bytes)
}

/// Seals under a key that serves once.
fn seal_once(key: &Key, associated: &[u8], plaintext: &[u8]) -> Reply<Vec<u8>> {
    let context = Context { associated, head: &[], constant: None };
    ContentCipher::Aes256Cbc.seal(key, &[0; SALT_LEN], context, plaintext)
}

fn open_once(key: &Key, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Refused> {
    let (ciphertext, tag) = split_tag(sealed)?;
    let context = Context { associated, head: &[], constant: None };
    ContentCipher::Aes256Cbc.open(key, context, ciphertext, tag, Faults::NONE)
}

fn split_tag(sealed: &[u8]) -> Result<(&[u8], &[u8]), Refused> {
    sealed
        .len()
        .checked_sub(TAG_LEN)
        .and_then(|at| sealed.split_at_checked(at))
        .ok_or(Refused::Malformed("the sealed content ends before its tag does"))
}
