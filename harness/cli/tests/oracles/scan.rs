//! Scanners, ours among them, each reduced to what it saw.

mod hallmark;
mod nmap;
mod sslscan;

use std::{net::SocketAddr, process::Command};

pub(crate) use self::hallmark::{Ours, hallmark};
pub(crate) use self::{nmap::nmap, sslscan::sslscan};

/// What is scanned.
pub(crate) struct Target {
    /// In what is printed.
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) starttls_xmpp: bool,
}

/// The name that every server here is asked for.
pub(crate) const NAME: &str = "localhost";

/// What a program printed; that it ended well is checked by reading it.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !printed.is_empty(),
        "{command:?} printed nothing: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}
