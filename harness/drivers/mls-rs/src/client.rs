//! One client of mls-rs.

use std::collections::BTreeMap;

use hallmark_driver::{
    protocol::{Bytes, Class, ops::Program},
    sdk::{Declined, Reply},
};
use hallmark_driver_mls::{
    Accept, Change, Commit, Invitation, Kind, Library, Member, PREFERRED, Text, View,
};
use mls_rs::{
    CipherSuite, CipherSuiteProvider, CryptoProvider, ExtensionList, Group, MlsMessage,
    MlsMessageDescription,
    client_builder::MlsConfig,
    crypto::SignatureSecretKey,
    group::{CommitEffect, ContentType, ReceivedMessage},
    identity::{
        Credential, SigningIdentity,
        basic::{BasicCredential, BasicIdentityProvider},
    },
};
use mls_rs_crypto_rustcrypto::RustCryptoProvider;
use serde::{Deserialize, Serialize};

use crate::{refusal::refusal, rosters::Rosters, storage::Storage};

/// Keep in step with the workspace's `Cargo.toml`, which pins the version exactly.
const VERSION: &str = "0.57.0";

/// A client: a name, a signature key, and what the library stores.
#[derive(Serialize, Deserialize)]
pub struct Client {
    name: String,
    signature_key: Bytes,
    secret_key: Bytes,
    storage: Storage,
    rosters: Rosters,
}

impl Client {
    fn suite() -> Reply<(CipherSuite, impl CipherSuiteProvider)> {
        let suite = CipherSuite::from(PREFERRED);
        let provider = RustCryptoProvider::default().cipher_suite_provider(suite);
        let provider =
            provider.ok_or_else(|| Declined::error("the library lacks the cipher suite"))?;
        Ok((suite, provider))
    }

    /// The library's client, on what is stored.
    fn open(&self) -> mls_rs::Client<impl MlsConfig + use<>> {
        let credential = BasicCredential::new(self.name.clone().into_bytes()).into_credential();
        let identity = SigningIdentity::new(credential, self.signature_key.to_vec().into());
        let secret = SignatureSecretKey::new_slice(&self.secret_key);
        mls_rs::Client::builder()
            .identity_provider(BasicIdentityProvider::new())
            .crypto_provider(RustCryptoProvider::default())
            .key_package_repo(self.storage.key_packages.clone())
            .group_state_storage(self.storage.groups.clone())
            .signing_identity(identity, secret, PREFERRED.into())
            .build()
    }

    fn load(&self, group: &str) -> Reply<Group<impl MlsConfig + use<>>> {
        self.open().load_group(group.as_bytes()).map_err(refusal)
    }
}

impl Library for Client {
    const CALLING: &'static str = "mls-rs is called as its manual shows, with its in-memory \
        storage, RustCrypto, its default rules and its provider for basic identities, in the \
        cipher suite with ChaCha20-Poly1305. Commits are sent as public messages, signed and with \
        a membership tag, which is its default; three past epochs are kept, and messages are \
        padded by its step function, which are its defaults too. The feature \
        `export_key_generation` is on, so that the position of a message is its generation in the \
        sender's ratchet. The application remembers who was a member in the epochs that are kept. \
        A device that is removed no longer sends.";

    fn programs() -> (Program, Program) {
        let program = |name: &str, version: &str| Program {
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: None,
        };
        let driver = program("hallmark-driver-mls-rs", env!("CARGO_PKG_VERSION"));
        (driver, program("mls-rs", VERSION))
    }

    fn new(name: &str) -> Reply<Self> {
        let (_, provider) = Self::suite()?;
        let (secret, public) = provider
            .signature_key_generate()
            .map_err(|_| Declined::error("the library made no signature key"))?;
        Ok(Self {
            name: name.to_owned(),
            signature_key: public.as_bytes().into(),
            secret_key: secret.as_bytes().into(),
            storage: Storage::default(),
            rosters: Rosters::default(),
        })
    }

    fn signature_key(&self) -> Vec<u8> {
        self.signature_key.to_vec()
    }

    fn key_package(&mut self) -> Reply<Vec<u8>> {
        let (extensions, leaf_extensions) = (ExtensionList::default(), ExtensionList::default());
        let made = self.open().generate_key_package_message(extensions, leaf_extensions, None);
        bytes(&made.map_err(refusal)?)
    }

    /// Its signature is verified when its owner is added: the library offers it no earlier.
    fn read_key_package(&self, bytes: &[u8]) -> Reply<Member> {
        let key_package = parse(bytes)?
            .into_key_package()
            .ok_or_else(|| Declined::refused(Class::Malformed, "not a key package"))?;
        member(key_package.signing_identity())
    }

    fn random(&self) -> Reply<[u8; 8]> {
        let mut bytes = [0; 8];
        let (_, provider) = Self::suite()?;
        provider
            .random_bytes(&mut bytes)
            .map_err(|_| Declined::error("the library has no randomness"))?;
        Ok(bytes)
    }

    fn create(&mut self, group: &str) -> Reply<()> {
        let stored = self.storage.groups.stored_groups();
        if stored.iter().any(|id| id == group.as_bytes()) {
            let detail = format!("there is a group `{group}` already");
            return Err(Declined::refused(Class::Policy, detail));
        }
        let builder = self.open().group_builder().map_err(refusal)?;
        let built = builder.with_group_id(group.as_bytes().to_vec()).build();
        built.map_err(refusal)?.write_to_storage().map_err(refusal)
    }

    fn commit(&mut self, group: &str, change: Change) -> Reply<Commit> {
        let id = group;
        let mut group = self.load(id)?;
        let ending = (group.current_epoch(), roster(&group)?);
        let leaves = match &change {
            Change::Remove(names) => leaves(&ending.1, names)?,
            Change::Add(_) | Change::Rotate => Vec::new(),
        };
        let mut builder = group.commit_builder();
        if let Change::Add(offers) = &change {
            for offer in offers {
                builder = builder.add_member(parse(offer)?).map_err(refusal)?;
            }
        }
        for leaf in leaves {
            builder = builder.remove_member(leaf).map_err(refusal)?;
        }
        let made = builder.build().map_err(refusal)?;
        group.apply_pending_commit().map_err(refusal)?;
        group.write_to_storage().map_err(refusal)?;
        self.rosters.keep(id, ending.0, ending.1);
        let welcome = made.welcome_messages().first().map(bytes).transpose()?;
        Ok(Commit { commit: bytes(made.commit_message())?, welcome })
    }

    fn join(&mut self, welcome: &[u8], accept: &mut Accept<'_, Invitation>) -> Reply<()> {
        let (mut group, info) =
            self.open().join_group(None, &parse(welcome)?, None).map_err(refusal)?;
        let inviter = group
            .member_at_index(info.sender)
            .ok_or_else(|| Declined::refused(Class::NotMember, "whoever invites is no member"))?;
        accept(&Invitation {
            group: text(group.group_id())?,
            inviter: member(&inviter.signing_identity)?.name,
            view: view(&group)?,
        })?;
        group.write_to_storage().map_err(refusal)
    }

    fn process(
        &mut self,
        group: &str,
        message: &[u8],
        accept: &mut Accept<'_, View>,
    ) -> Reply<String> {
        let message = parse(message)?;
        if content(&message)?.1 == ContentType::Application {
            return Err(Declined::refused(Class::Policy, "the message is for something else"));
        }
        let id = group;
        let mut group = self.load(id)?;
        let ending = (group.current_epoch(), roster(&group)?);
        let epoch = content(&message)?.0;
        let received = group.process_incoming_message(message);
        let received = received.map_err(|error| of_its_epoch(error, epoch, ending.0))?;
        let ReceivedMessage::Commit(commit) = received else {
            return Err(Declined::refused(Class::Policy, "not a commit"));
        };
        if commit.is_external {
            return Err(Declined::refused(Class::Policy, "the sender is not a member"));
        }
        let committer = ending.1.get(&commit.committer).cloned();
        let committer = committer
            .ok_or_else(|| Declined::refused(Class::NotMember, "the committer is no member"))?;
        let mut becomes = view(&group)?;
        if let CommitEffect::Removed { .. } = commit.effect {
            becomes.members.retain(|member| member.name != self.name);
        }
        accept(&becomes)?;
        group.write_to_storage().map_err(refusal)?;
        self.rosters.keep(id, ending.0, ending.1);
        Ok(committer)
    }

    fn encrypt(&mut self, group: &str, plaintext: &[u8]) -> Reply<Vec<u8>> {
        let mut group = self.load(group)?;
        let message = group.encrypt_application_message(plaintext, Vec::new()).map_err(refusal)?;
        group.write_to_storage().map_err(refusal)?;
        bytes(&message)
    }

    fn decrypt(&mut self, group: &str, message: &[u8]) -> Reply<Text> {
        let message = parse(message)?;
        let (epoch, content) = content(&message)?;
        if content != ContentType::Application {
            return Err(Declined::refused(Class::Policy, "the message is for something else"));
        }
        let id = group;
        let mut group = self.load(id)?;
        let current = group.current_epoch();
        let received = group.process_incoming_message(message);
        let received = received.map_err(|error| of_its_epoch(error, epoch, current))?;
        let ReceivedMessage::ApplicationMessage(text) = received else {
            return Err(Declined::refused(Class::Policy, "the message carries no text"));
        };
        let sender = if epoch == current {
            roster(&group)?.remove(&text.sender_index)
        } else {
            self.rosters.name(id, epoch, text.sender_index).map(str::to_owned)
        };
        let sender =
            sender.ok_or_else(|| Declined::refused(Class::NotMember, "the sender is no member"))?;
        group.write_to_storage().map_err(refusal)?;
        let position = text.unauthenticated_key_generation.map(u64::from);
        Ok(Text { sender, plaintext: text.data().to_vec(), position })
    }

    fn view(&self, group: &str) -> Reply<View> {
        view(&self.load(group)?)
    }

    fn kind(&self, message: &[u8]) -> Reply<Kind> {
        match parse(message)?.description() {
            MlsMessageDescription::Welcome { .. } => Ok(Kind::Welcome),
            MlsMessageDescription::PrivateProtocolMessage { group_id, .. }
            | MlsMessageDescription::PublicProtocolMessage { group_id, .. } => {
                Ok(Kind::Group(text(group_id)?))
            }
            _ => Err(Declined::refused(Class::Malformed, "neither a welcome nor a message")),
        }
    }
}

fn view(group: &Group<impl MlsConfig>) -> Reply<View> {
    let members = group.roster().members();
    Ok(View {
        epoch: group.current_epoch(),
        authenticator: group.epoch_authenticator().map_err(refusal)?.to_vec(),
        suite: group.cipher_suite().into(),
        members: members.iter().map(|leaf| member(&leaf.signing_identity)).collect::<Reply<_>>()?,
    })
}

/// Names by leaf.
fn roster(group: &Group<impl MlsConfig>) -> Reply<BTreeMap<u32, String>> {
    let members = group.roster().members();
    members.iter().map(|leaf| Ok((leaf.index, member(&leaf.signing_identity)?.name))).collect()
}

fn leaves(roster: &BTreeMap<u32, String>, names: &[String]) -> Reply<Vec<u32>> {
    names
        .iter()
        .map(|wanted| {
            let leaf = roster.iter().find(|(_, name)| *name == wanted);
            leaf.map(|(leaf, _)| *leaf).ok_or_else(|| {
                Declined::refused(Class::NotMember, format!("`{wanted}` is not in the group"))
            })
        })
        .collect()
}

fn member(identity: &SigningIdentity) -> Reply<Member> {
    let Credential::Basic(credential) = &identity.credential else {
        return Err(Declined::refused(Class::Policy, "not a basic credential"));
    };
    let signature_key = identity.signature_key.as_bytes().to_vec();
    Ok(Member { name: text(&credential.identifier)?, signature_key })
}

/// Epoch and purpose of a message, as anyone can see.
fn content(message: &MlsMessage) -> Reply<(u64, ContentType)> {
    match message.description() {
        MlsMessageDescription::PrivateProtocolMessage { epoch_id, content_type, .. }
        | MlsMessageDescription::PublicProtocolMessage { epoch_id, content_type, .. } => {
            Ok((epoch_id, content_type))
        }
        _ => Err(Declined::refused(Class::Malformed, "not a message of a group")),
    }
}

/// The library says of some errors only that the epoch is another; here it is known which.
fn of_its_epoch(error: mls_rs::error::MlsError, message: u64, group: u64) -> Declined {
    use mls_rs::error::MlsError::{EpochNotFound, InvalidEpoch};
    match error {
        InvalidEpoch | EpochNotFound if message < group => {
            Declined::refused(Class::OldMessage, error)
        }
        InvalidEpoch | EpochNotFound => Declined::refused(Class::UnknownKey, error),
        error => refusal(error),
    }
}

fn text(bytes: &[u8]) -> Reply<String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| Declined::refused(Class::Policy, error))
}

fn parse(bytes: &[u8]) -> Reply<MlsMessage> {
    MlsMessage::from_bytes(bytes).map_err(|error| Declined::refused(Class::Malformed, error))
}

fn bytes(message: &MlsMessage) -> Reply<Vec<u8>> {
    message.to_bytes().map_err(Declined::error)
}
