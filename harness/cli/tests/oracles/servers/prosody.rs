//! Prosody as an XMPP server that wants STARTTLS.

use std::{fs, path::Path, process::Command};

use crate::{certificates::Key, process::Server};

/// Starts it for the domain `localhost`, with these lines of Lua for TLS.
pub(crate) fn start(key: Key, tls: &str) -> Server {
    Server::start(|folder, port| {
        key.mint(folder);
        fs::create_dir_all(folder.join("data")).unwrap();
        fs::create_dir_all(folder.join("certs")).unwrap();
        fs::write(folder.join("prosody.cfg.lua"), configuration(folder, port, key, tls)).unwrap();
        let mut command = Command::new("prosody");
        command.args(["-F", "--config"]).arg(folder.join("prosody.cfg.lua"));
        command
    })
}

fn configuration(folder: &Path, port: u16, key: Key, tls: &str) -> String {
    let (folder, name) = (folder.display(), key.name());
    // `run_as_root` is read only where we are root.
    format!(
        r#"
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
certificates = "{folder}/certs"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_direct_tls_ports = {{}}
modules_enabled = {{ "tls", "saslauth" }}
modules_disabled = {{ "s2s", "http" }}
c2s_require_encryption = true
log = {{ {{ levels = {{ min = "warn" }}, to = "console" }} }}
VirtualHost "localhost"
ssl = {{ key = "{folder}/{name}.key", certificate = "{folder}/{name}.pem", {tls} }}
"#
    )
}
