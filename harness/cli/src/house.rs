//! The composition root: the one list of suites, and of what is built in.

use std::path::{Path, PathBuf};

use hallmark_driver::{Attach, Builtin, Connect, Found, Guard, Launch, Places, find};
use hallmark_messaging::{Messaging, facts::MessagingFacts};
use hallmark_model::Suite as SuiteName;
use hallmark_reference::Faults;
use hallmark_runner::{CheckInfo, Suite};
use serde_json::Value;

use hallmark_server::{Probed, Server, facts::ServerFacts};
use hallmark_traffic::{Recorded, Traffic, facts::TrafficFacts};
use hallmark_wire::{StartTls, Target};

use crate::{failure::Failure, session::read_file};

/// Largest file of roots read, in bytes.
const MOST_ROOTS: u64 = 4 * 1024 * 1024;

/// Every suite of the house.
pub(crate) const SUITES: &[&dyn Suite] = &[&Server, &Traffic, &Messaging];

/// The name of the built-in reference candidate.
pub(crate) const REFERENCE: &str = "reference";

/// The suite of this name, if the house has it.
pub(crate) fn suite(name: SuiteName) -> Option<&'static dyn Suite> {
    SUITES.iter().copied().find(|suite| suite.name() == name)
}

/// Every check of the house.
pub(crate) fn catalogue() -> Vec<CheckInfo> {
    SUITES.iter().flat_map(|suite| suite.checks()).collect()
}

/// Every published schema, by name.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    hallmark_bundle::schema::with([
        ("facts-server", hallmark_bundle::schema::of::<ServerFacts>("facts-server")),
        ("facts-traffic", hallmark_bundle::schema::of::<TrafficFacts>("facts-traffic")),
        ("facts-messaging", hallmark_bundle::schema::of::<MessagingFacts>("facts-messaging")),
        ("driver", hallmark_driver::schema()),
        (
            "driver-manifest",
            hallmark_bundle::schema::of::<hallmark_driver::Manifest>("driver-manifest"),
        ),
        ("statement", hallmark_bundle::schema::of::<hallmark_sign::Statement>("statement")),
    ])
}

/// The reference candidate with these faults, behind the driver protocol.
pub(crate) fn reference(faults: Faults) -> Box<dyn Connect> {
    Box::new(Builtin::new(REFERENCE, move || hallmark_reference::device(&faults)))
}

/// The driver that the user named, not yet started.
pub(crate) fn driver(name: &str, places: &Places) -> Result<Box<dyn Connect>, Failure> {
    Ok(match find(name, places)? {
        Found::Builtin(_) => reference(Faults::default()),
        Found::Manifest(manifest) => {
            manifest.connect(&shell_word(name), Guard::this_executable())?
        }
        Found::Program(path) => {
            Box::new(Launch::program(&shell_word(name), path, Guard::this_executable()))
        }
        Found::Attach(address) => Box::new(Attach::to(&shell_word(name), address)),
    })
}

/// The server that the user named.
pub(crate) fn target(
    endpoint: &str,
    starttls: Option<&str>,
    name: Option<&str>,
) -> Result<Target, String> {
    let malformed = || {
        format!(
            "`{endpoint}` is not HOST:PORT; an IPv6 address needs brackets, as in `[2001:db8::1]:443`"
        )
    };
    let (host, port) = endpoint.rsplit_once(':').ok_or_else(malformed)?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or_else(malformed)?,
        None if host.contains(':') => return Err(malformed()),
        None => host,
    };
    let is_name =
        |text: &str| (1..=253).contains(&text.len()) && text.chars().all(|c| c.is_ascii_graphic());
    if !is_name(host) {
        return Err(malformed());
    }
    let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(malformed)?;
    let starttls = match starttls {
        None => None,
        Some("xmpp") => Some(StartTls::Xmpp),
        Some(other) => return Err(format!("STARTTLS is known for xmpp, not for `{other}`")),
    };
    if let Some(name) = name.filter(|name| !is_name(name)) {
        return Err(format!("`{name}` is not a host name"));
    }
    Ok(Target { host: host.to_owned(), port, server_name: name.map(str::to_owned), starttls })
}

/// The same server, with the roots of a file that the user named.
pub(crate) fn trusting(probed: Probed, roots: &Path) -> Result<Probed, Failure> {
    let pem = read_file(roots, MOST_ROOTS)?;
    probed
        .trusting(pem)
        .map_err(|reason| Failure::usage(format!("{} names no roots: {reason}", roots.display())))
}

/// What the user recorded, planted and stored.
pub(crate) struct Recordings {
    pub(crate) captures: Vec<PathBuf>,
    pub(crate) keylogs: Vec<PathBuf>,
    pub(crate) canaries: Vec<String>,
    pub(crate) controls: Vec<String>,
    pub(crate) storage: Vec<PathBuf>,
}

/// The recordings that the user named, all of them there.
pub(crate) fn recorded(recordings: Recordings, command: String) -> Result<Recorded, String> {
    let Recordings { captures, keylogs, canaries, controls, storage } = recordings;
    let recorded = Recorded::new(captures, keylogs, canaries, controls, storage, command);
    recorded.check()?;
    Ok(recorded)
}

/// Where drivers are looked for.
pub(crate) fn places() -> Places {
    Places::of_this_process(&[REFERENCE])
}

/// The text as one word of a POSIX shell, for commands that people copy.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "./_-:=+,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_check_decides_a_row_and_every_row_names_checks_that_exist() {
        for id in hallmark_standards::ids() {
            let standard = hallmark_standards::load(id).unwrap().standard;
            let named: BTreeSet<_> =
                standard.requirements.iter().flat_map(|row| row.checks.iter().cloned()).collect();
            let known: BTreeSet<_> = catalogue().into_iter().map(|info| info.id).collect();
            let unknown: Vec<_> = named.difference(&known).collect();
            assert!(unknown.is_empty(), "{id} names checks that do not exist: {unknown:?}");
            if id == "nhs-im" {
                let idle: Vec<_> = known.difference(&named).collect();
                assert!(idle.is_empty(), "checks that decide nothing in {id}: {idle:?}");
            }
        }
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_word("./drivers/x/driver.toml"), "./drivers/x/driver.toml");
        assert_eq!(shell_word("my driver; rm 'x'"), r"'my driver; rm '\''x'\'''");
    }
}
