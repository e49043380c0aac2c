//! The world in which a live app runs: its server, and a folder for everything that is recorded.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use hallmark_driver::Connect;
use hallmark_model::candidate::AppSetting;

/// Where a live app finds its server, and where what it does is kept.
#[derive(Clone, Debug)]
pub struct World {
    /// The server that the app talks to.
    pub server: SocketAddr,
    /// The name that the server's certificate must carry.
    pub name: String,
    /// The only root that the app is to trust, PEM. The app's own choice where absent.
    pub roots: Option<String>,
    /// Folders in which the server keeps what it handles.
    pub storage: Vec<PathBuf>,
    /// Further endpoints that the app talks to, by the setting of the driver that names them.
    pub relay: BTreeMap<String, SocketAddr>,
    /// How users set the app, by its own names.
    pub settings: BTreeMap<String, AppSetting>,
    /// For captures, key logs and what the apps store. It is there, and nobody else uses it.
    pub folder: PathBuf,
}

impl World {
    /// Whether everything that the app talks to is on this machine's loopback.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        let mut all = std::iter::once(&self.server).chain(self.relay.values());
        all.all(|address| address.ip().to_canonical().is_loopback())
    }
}

/// Whether a malicious server may stand between a live app and its server.
pub enum Interception {
    /// The description names no interceptor.
    NotDescribed,
    /// One is named, and nobody allowed it to attack.
    NotAllowed,
    /// By what this leads to.
    Allowed(Box<dyn Connect>),
}
