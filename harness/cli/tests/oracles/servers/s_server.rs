//! `openssl s_server`.

use std::process::Command;

use crate::{certificates::Key, process::Server};

/// Starts it with these keys and arguments.
pub(crate) fn start(keys: [Key; 2], arguments: &[&str]) -> Server {
    Server::start(|folder, port| {
        keys.iter().for_each(|key| key.mint(folder));
        let [first, second] = keys.map(Key::name);
        let mut command = Command::new("openssl");
        command.args(["s_server", "-quiet", "-www", "-accept", &format!("127.0.0.1:{port}")]);
        command.args(["-cert", &format!("{first}.pem"), "-key", &format!("{first}.key")]);
        command.args(["-dcert", &format!("{second}.pem"), "-dkey", &format!("{second}.key")]);
        command.args(arguments);
        command
    })
}
