//! What one probe leaves for another: the only coupling between suites.

use std::{cell::RefCell, fmt, future::Future, path::PathBuf, pin::Pin};

use crate::ProbeError;

/// Something that was recorded or planted in this run, for whoever can use it.
#[derive(Clone, PartialEq, Eq)]
pub enum Material {
    /// A capture file.
    Capture(PathBuf),
    /// A key log that opens captured sessions.
    KeyLog(PathBuf),
    /// A text that was sent as the content of a message: nobody but the recipient may see it.
    Canary(Planted),
    /// A text that must be found if a search is to mean anything.
    Control(Planted),
    /// A folder in which the candidate stores what it handles.
    Storage(PathBuf),
}

/// A text that was planted.
#[derive(Clone, PartialEq, Eq)]
pub struct Planted {
    /// The text.
    pub text: String,
    /// What it was planted as: `the name of a file`. Nothing where that is not known.
    pub what: Option<String>,
}

impl From<String> for Planted {
    fn from(text: String) -> Self {
        Self { text, what: None }
    }
}

/// Contents of messages and the names of secrets' files are not for logs.
impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capture(_) => "a capture",
            Self::KeyLog(_) => "a key log",
            Self::Canary(_) => "a canary",
            Self::Control(_) => "a control",
            Self::Storage(_) => "a storage folder",
        })
    }
}

/// The material of one run.
#[derive(Debug, Default)]
pub struct Materials(RefCell<Vec<Material>>);

impl Materials {
    /// Leaves something for the probes that follow.
    pub fn leave(&self, material: Material) {
        self.0.borrow_mut().push(material);
    }

    /// Everything that was left so far, in that order.
    #[must_use]
    pub fn all(&self) -> Vec<Material> {
        self.0.borrow().clone()
    }
}

/// The boxed future of a scene.
pub type Playing<'a> = Pin<Box<dyn Future<Output = Result<Vec<Material>, ProbeError>> + 'a>>;

/// Makes a candidate do its everyday work while a recorder listens, before the probes begin, if any of
/// them uses what it leaves.
pub trait Scene {
    /// What happens in it, for people: `two users exchange messages`.
    fn title(&self) -> String;

    /// Plays it once. `seed` is for everything random.
    fn play(&self, seed: crate::Seed) -> Playing<'_>;
}
