//! The world in which a live app runs: its server, and a folder for everything that is recorded.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

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
    /// For captures, key logs and what the apps store. It is there, and nobody else uses it.
    pub folder: PathBuf,
}
