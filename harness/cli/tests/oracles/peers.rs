//! Which outside programs are there. `HALLMARK_PEERS` names them (`cargo xtask peers`).

use std::{
    env,
    path::{Path, PathBuf},
};

/// Whether all of them are there; says what is not.
pub(crate) fn are_there(peers: &[&str]) -> bool {
    let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
    let missing: Vec<_> =
        peers.iter().filter(|peer| !installed.split(',').any(|name| name == **peer)).collect();
    for peer in &missing {
        println!("not run: peer {peer} is not installed; `cargo xtask peers` installs it");
    }
    missing.is_empty()
}

/// The program of a release of Node in the museum.
pub(crate) fn node(peer: &str) -> PathBuf {
    let package = museum().join("node_modules").join(peer);
    let programs = ["bin/node", "node-v0.10.0-linux-x64/bin/node"].map(|path| package.join(path));
    programs.into_iter().find(|path| path.is_file()).expect("`HALLMARK_PEERS` names it")
}

/// The folder of old and new releases of servers.
pub(crate) fn museum() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1).unwrap().join("museum")
}
