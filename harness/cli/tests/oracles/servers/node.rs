//! Releases of Node from the museum.

use std::process::Command;

use serde_json::Value;

use crate::{certificates::Key, peers, process::Server};

/// Starts a TLS server on this release, with these options of its `tls.createServer`.
pub(crate) fn start(peer: &str, options: &Value) -> Server {
    let script = peers::museum().join("tls-server.js");
    Server::start(|folder, port| {
        Key::Rsa2048.mint(folder);
        let mut command = Command::new(peers::node(peer));
        command.arg(&script).args(["rsa.key", "rsa.pem", &port.to_string(), &options.to_string()]);
        command
    })
}
