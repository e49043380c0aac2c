//! One client of OpenMLS.

use hallmark_driver::{
    protocol::{Class, ops::Program},
    sdk::{Declined, Reply},
};
use hallmark_driver_mls::{
    Accept, Change, Commit, Invitation, Kind, Library, Member, PREFERRED, Text, View,
};
use openmls::prelude::{
    BasicCredential, Ciphersuite, ContentType, Credential, CredentialWithKey, GroupId, KeyPackage,
    LeafNodeIndex, LeafNodeParameters, MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY, Member as Leaf,
    MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn,
    MlsMessageOut, OpenMlsRand, ProcessedMessage, ProcessedMessageContent, ProtocolMessage,
    ProtocolVersion, Sender, StagedWelcome,
    tls_codec::{Deserialize as _, Serialize as _},
};
use openmls_traits::OpenMlsProvider;
use serde::{Deserialize, Serialize};

use crate::{
    refusal::{Refuses, of_another_epoch},
    signer::SignatureKey,
    storage::Provider,
};

/// Keep in step with the workspace's `Cargo.toml`, which pins the version exactly.
const VERSION: &str = "0.9.2";

/// A client: a name, a signature key, and what the library stores.
#[derive(Serialize, Deserialize)]
pub struct Client {
    name: String,
    signer: SignatureKey,
    provider: Provider,
}

impl Client {
    fn suite() -> Reply<Ciphersuite> {
        Ciphersuite::try_from(PREFERRED).map_err(|error| Declined::error(format!("{error:?}")))
    }

    fn credential(&self) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(self.name.clone().into_bytes()).into(),
            signature_key: self.signer.public().into(),
        }
    }

    fn load(&self, group: &str) -> Reply<MlsGroup> {
        let id = GroupId::from_slice(group.as_bytes());
        MlsGroup::load(self.provider.storage(), &id).map_err(internal)?.ok_or_else(|| {
            Declined::refused(Class::NotMember, format!("there is no group `{group}` here"))
        })
    }

    /// Runs one operation; if it is declined, everything stored is as before.
    fn whole_or_nothing<T>(&self, operation: impl FnOnce() -> Reply<T>) -> Reply<T> {
        let before = self.provider.values()?;
        operation().inspect_err(|_| {
            // A poisoned storage shows with the next operation.
            let _ = self.provider.put_back(before);
        })
    }

    fn key_packages(&self, offers: &[Vec<u8>]) -> Reply<Vec<KeyPackage>> {
        offers.iter().map(|offer| self.verified(offer)).collect()
    }

    fn verified(&self, key_package: &[u8]) -> Reply<KeyPackage> {
        let MlsMessageBodyIn::KeyPackage(key_package) = parse(key_package)?.extract() else {
            return Err(Declined::refused(Class::Malformed, "not a key package"));
        };
        key_package
            .validate(self.provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|error| error.refusal())
    }

    /// Hands a message to the library.
    fn take(
        &self,
        group: &mut MlsGroup,
        message: &[u8],
        wanted: impl Fn(ContentType) -> bool,
    ) -> Reply<ProcessedMessage> {
        let message: ProtocolMessage = parse(message)?
            .try_into_protocol_message()
            .map_err(|error| Declined::refused(Class::Malformed, error))?;
        if !wanted(message.content_type()) {
            return Err(Declined::refused(Class::Policy, "the message is for something else"));
        }
        let epochs = (message.epoch().as_u64(), group.epoch().as_u64());
        group.process_message(&self.provider, message).map_err(|error| {
            let class = match error.class() {
                Class::UnknownKey | Class::OldMessage if epochs.0 != epochs.1 => {
                    of_another_epoch(epochs.0, epochs.1)
                }
                class => class,
            };
            Declined::refused(class, error)
        })
    }
}

impl Library for Client {
    const CALLING: &'static str = "OpenMLS is called as its manual shows, with its in-memory \
        storage, in the cipher suite with ChaCha20-Poly1305; below it is RustCrypto, as mls-rs \
        wraps it, because the library brings no cryptography of its own. Commits are sent \
        encrypted, which is its default, and public ones are taken too, as other libraries send \
        them; past epochs are not kept, and no padding is \
        added, which are its defaults too. Every commit carries a path.";

    fn programs() -> (Program, Program) {
        let program = |name: &str, version: &str| Program {
            name: name.to_owned(),
            version: version.to_owned(),
            sha256: None,
        };
        let driver = program("hallmark-driver-openmls", env!("CARGO_PKG_VERSION"));
        (driver, program("openmls", VERSION))
    }

    fn new(name: &str) -> Reply<Self> {
        Ok(Self {
            name: name.to_owned(),
            signer: SignatureKey::generate()?,
            provider: Provider::default(),
        })
    }

    fn signature_key(&self) -> Vec<u8> {
        self.signer.public()
    }

    fn key_package(&mut self) -> Reply<Vec<u8>> {
        let bundle = KeyPackage::builder()
            .build(Self::suite()?, &self.provider, &self.signer, self.credential())
            .map_err(internal)?;
        bytes(&bundle.into())
    }

    fn read_key_package(&self, bytes: &[u8]) -> Reply<Member> {
        let leaf = self.verified(bytes)?;
        let leaf = leaf.leaf_node();
        let signature_key = leaf.signature_key().as_slice().to_vec();
        Ok(Member { name: name(leaf.credential())?, signature_key })
    }

    fn random(&self) -> Reply<[u8; 8]> {
        self.provider.rand().random_array().map_err(internal)
    }

    fn create(&mut self, group: &str) -> Reply<()> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(Self::suite()?)
            .use_ratchet_tree_extension(true)
            .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .build();
        let id = GroupId::from_slice(group.as_bytes());
        let (provider, credential) = (&self.provider, self.credential());
        MlsGroup::new_with_group_id(provider, &self.signer, &config, id, credential)
            .map_err(|error| error.refusal())?;
        Ok(())
    }

    fn commit(&mut self, group: &str, change: Change) -> Reply<Commit> {
        let mut group = self.load(group)?;
        let (provider, signer) = (&self.provider, &self.signer);
        self.whole_or_nothing(|| {
            let (commit, welcome) = match change {
                Change::Add(offers) => {
                    let key_packages = self.key_packages(&offers)?;
                    let (commit, welcome, _) = group
                        .add_members(provider, signer, &key_packages)
                        .map_err(|error| error.refusal())?;
                    (commit, Some(welcome))
                }
                Change::Remove(names) => {
                    let leaves = leaves(&group, &names)?;
                    let (commit, welcome, _) = group
                        .remove_members(provider, signer, &leaves)
                        .map_err(|error| error.refusal())?;
                    (commit, welcome)
                }
                Change::Rotate => {
                    let bundle = group
                        .self_update(provider, signer, LeafNodeParameters::default())
                        .map_err(|error| error.refusal())?;
                    (bundle.into_commit(), None)
                }
            };
            group.merge_pending_commit(provider).map_err(|error| error.refusal())?;
            let welcome = welcome.as_ref().map(bytes).transpose()?;
            Ok(Commit { commit: bytes(&commit)?, welcome })
        })
    }

    fn join(&mut self, welcome: &[u8], accept: &mut Accept<'_, Invitation>) -> Reply<()> {
        let MlsMessageBodyIn::Welcome(welcome) = parse(welcome)?.extract() else {
            return Err(Declined::refused(Class::Malformed, "not a welcome"));
        };
        let config = MlsGroupJoinConfig::builder()
            .use_ratchet_tree_extension(true)
            .wire_format_policy(MIXED_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .build();
        let mut builder = StagedWelcome::build_from_welcome(&self.provider, &config, welcome)
            .map_err(|error| error.refusal())?;
        // Whoever was removed may be added again.
        let id = builder.processed_welcome().unverified_group_info().group_id();
        let old = MlsGroup::load(self.provider.storage(), id).map_err(internal)?;
        if old.is_some_and(|group| !group.is_active()) {
            builder = builder.replace_old_group();
        }
        let staged = builder.build().map_err(|error| error.refusal())?;
        let context = staged.group_context();
        let inviter = staged.welcome_sender().map_err(internal)?;
        accept(&Invitation {
            group: text(context.group_id().as_slice())?,
            inviter: name(inviter.credential())?,
            view: View {
                epoch: context.epoch().as_u64(),
                authenticator: Vec::new(),
                suite: context.ciphersuite().into(),
                members: staged.members().map(member).collect::<Reply<_>>()?,
            },
        })?;
        staged.into_group(&self.provider).map_err(|error| error.refusal())?;
        Ok(())
    }

    fn process(
        &mut self,
        group: &str,
        message: &[u8],
        accept: &mut Accept<'_, View>,
    ) -> Reply<String> {
        let mut group = self.load(group)?;
        self.whole_or_nothing(|| {
            let change = |content| content != ContentType::Application;
            let processed = self.take(&mut group, message, change)?;
            if !matches!(processed.sender(), Sender::Member(_)) {
                return Err(Declined::refused(Class::Policy, "the sender is not a member"));
            }
            let committer = name(processed.credential())?;
            let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content()
            else {
                return Err(Declined::refused(Class::Policy, "not a commit of another member"));
            };
            group.merge_staged_commit(&self.provider, *staged).map_err(|error| error.refusal())?;
            accept(&view(&group)?)?;
            Ok(committer)
        })
    }

    fn encrypt(&mut self, group: &str, plaintext: &[u8]) -> Reply<Vec<u8>> {
        let message = self
            .load(group)?
            .create_message(&self.provider, &self.signer, plaintext)
            .map_err(|error| error.refusal())?;
        bytes(&message)
    }

    fn decrypt(&mut self, group: &str, message: &[u8]) -> Reply<Text> {
        let mut group = self.load(group)?;
        let application = |content| content == ContentType::Application;
        let processed = self.take(&mut group, message, application)?;
        let sender = name(processed.credential())?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(text) => {
                Ok(Text { sender, plaintext: text.into_bytes(), position: None })
            }
            ProcessedMessageContent::OwnPrivateMessage => {
                Err(Declined::refused(Class::Policy, "a message of our own"))
            }
            _ => Err(Declined::refused(Class::Policy, "the message carries no text")),
        }
    }

    fn view(&self, group: &str) -> Reply<View> {
        view(&self.load(group)?)
    }

    fn kind(&self, message: &[u8]) -> Reply<Kind> {
        match parse(message)?.extract() {
            MlsMessageBodyIn::Welcome(_) => Ok(Kind::Welcome),
            MlsMessageBodyIn::PrivateMessage(message) => {
                let message = ProtocolMessage::from(message);
                Ok(Kind::Group(text(message.group_id().as_slice())?))
            }
            MlsMessageBodyIn::PublicMessage(message) => {
                let message = ProtocolMessage::from(message);
                Ok(Kind::Group(text(message.group_id().as_slice())?))
            }
            _ => Err(Declined::refused(Class::Malformed, "neither a welcome nor a message")),
        }
    }
}

fn view(group: &MlsGroup) -> Reply<View> {
    Ok(View {
        epoch: group.epoch().as_u64(),
        authenticator: group.epoch_authenticator().as_slice().to_vec(),
        suite: group.ciphersuite().into(),
        members: group.members().map(member).collect::<Reply<_>>()?,
    })
}

fn member(leaf: Leaf) -> Reply<Member> {
    Ok(Member { name: name(&leaf.credential)?, signature_key: leaf.signature_key })
}

fn leaves(group: &MlsGroup, names: &[String]) -> Reply<Vec<LeafNodeIndex>> {
    names
        .iter()
        .map(|wanted| {
            let leaf = group
                .members()
                .find(|leaf| name(&leaf.credential).is_ok_and(|name| name == *wanted));
            leaf.map(|leaf| leaf.index).ok_or_else(|| {
                Declined::refused(Class::NotMember, format!("`{wanted}` is not in the group"))
            })
        })
        .collect()
}

fn name(credential: &Credential) -> Reply<String> {
    let basic = BasicCredential::try_from(credential.clone())
        .map_err(|error| Declined::refused(Class::Policy, error))?;
    text(basic.identity())
}

fn text(bytes: &[u8]) -> Reply<String> {
    String::from_utf8(bytes.to_vec()).map_err(|error| Declined::refused(Class::Policy, error))
}

fn parse(bytes: &[u8]) -> Reply<MlsMessageIn> {
    MlsMessageIn::tls_deserialize_exact(bytes)
        .map_err(|error| Declined::refused(Class::Malformed, error))
}

fn bytes(message: &MlsMessageOut) -> Reply<Vec<u8>> {
    message.tls_serialize_detached().map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> Declined {
    Declined::error(error)
}
