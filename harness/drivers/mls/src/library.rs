//! What an MLS library does for the application.

use hallmark_driver::{protocol::ops::Program, sdk::Reply};
use serde::{Serialize, de::DeserializeOwned};

/// One client of an MLS library, with all that it stores: this is what a snapshot holds.
///
/// Messages are `MLSMessage`s of RFC 9420, section 6, in bytes.
pub trait Library: Serialize + DeserializeOwned {
    /// The driver and the library.
    fn programs() -> (Program, Program);

    /// How the library is called, beside what [`crate::CALLING`] says of every library.
    const CALLING: &'static str;

    /// A client of this name, with a new signature key.
    ///
    /// # Errors
    ///
    /// When the library cannot make one.
    fn new(name: &str) -> Reply<Self>;

    /// Its public signature key.
    fn signature_key(&self) -> Vec<u8>;

    /// A new key package. Its private keys are kept until it is used.
    ///
    /// # Errors
    ///
    /// When the library cannot make one.
    fn key_package(&mut self) -> Reply<Vec<u8>>;

    /// Whose key package this is; it was verified.
    ///
    /// # Errors
    ///
    /// When the library refuses it.
    fn read_key_package(&self, bytes: &[u8]) -> Reply<Member>;

    /// Eight random bytes, from the library's own source.
    ///
    /// # Errors
    ///
    /// When that source fails.
    fn random(&self) -> Reply<[u8; 8]>;

    /// Makes a group of one.
    ///
    /// # Errors
    ///
    /// When the library refuses.
    fn create(&mut self, group: &str) -> Reply<()>;

    /// Commits a change and applies it.
    ///
    /// # Errors
    ///
    /// When the library refuses; the group is then as before.
    fn commit(&mut self, group: &str, change: Change) -> Reply<Commit>;

    /// Joins a group, if `accept` has nothing against it.
    ///
    /// # Errors
    ///
    /// When the library or `accept` refuses.
    fn join(&mut self, welcome: &[u8], accept: &mut Accept<'_, Invitation>) -> Reply<()>;

    /// Applies a member's commit, if `accept` has nothing against what the group becomes; returns
    /// who made it.
    ///
    /// # Errors
    ///
    /// When the library or `accept` refuses; the group is then as before.
    fn process(
        &mut self,
        group: &str,
        message: &[u8],
        accept: &mut Accept<'_, View>,
    ) -> Reply<String>;

    /// Encrypts.
    ///
    /// # Errors
    ///
    /// When the library refuses.
    fn encrypt(&mut self, group: &str, plaintext: &[u8]) -> Reply<Vec<u8>>;

    /// Decrypts.
    ///
    /// # Errors
    ///
    /// When the library refuses.
    fn decrypt(&mut self, group: &str, message: &[u8]) -> Reply<Text>;

    /// The group as this client sees it.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    fn view(&self, group: &str) -> Reply<View>;

    /// What kind of message this is, as anyone can see.
    ///
    /// # Errors
    ///
    /// When it cannot be parsed.
    fn kind(&self, message: &[u8]) -> Reply<Kind>;
}

/// Looks at what is about to be, and may refuse.
pub type Accept<'a, T> = dyn FnMut(&T) -> Reply<()> + 'a;

/// A change of one's own.
pub enum Change {
    /// Add the owners of these key packages.
    Add(Vec<Vec<u8>>),
    /// Remove the members of these names.
    Remove(Vec<String>),
    /// Replace one's own keys.
    Rotate,
}

/// A commit to be carried.
pub struct Commit {
    /// For the members.
    pub commit: Vec<u8>,
    /// For those who were added.
    pub welcome: Option<Vec<u8>>,
}

/// A welcome that was opened and verified.
pub struct Invitation {
    /// The group's id.
    pub group: String,
    /// Who added us.
    pub inviter: String,
    /// The group as it is.
    pub view: View,
}

/// A group, in one epoch.
pub struct View {
    /// Its number.
    pub epoch: u64,
    /// The epoch authenticator (RFC 9420, section 8.7).
    pub authenticator: Vec<u8>,
    /// The cipher suite, as IANA numbers it.
    pub suite: u16,
    /// Everybody in it.
    pub members: Vec<Member>,
}

/// A member, as its leaf says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// From its basic credential.
    pub name: String,
    /// Its public signature key.
    pub signature_key: Vec<u8>,
}

/// A message, opened.
pub struct Text {
    /// The name in the leaf that signed it.
    pub sender: String,
    /// What it says.
    pub plaintext: Vec<u8>,
    /// The generation in the sender's ratchet, where the library tells.
    pub position: Option<u64>,
}

/// What a message is for.
pub enum Kind {
    /// A welcome.
    Welcome,
    /// Something for the members of this group.
    Group(String),
}
