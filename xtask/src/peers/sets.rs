//! Packages from the public registries that drivers and servers need, pinned, each set in a place of its own.

use super::{npm::NpmFolder, python::Environment};

/// What is installed together.
pub(super) struct Set {
    /// Names of drivers in `harness/drivers`, of old releases, or of servers: what can be run with it.
    pub(super) peers: &'static [&'static str],
    /// The packages that matter, with their licences, for people.
    what: &'static str,
    from: From,
}

/// Where packages come from.
enum From {
    /// A folder with a `package-lock.json`.
    Npm(&'static str),
    /// A virtual environment in `target/release/peers`, and a list of packages by exact version.
    Python { name: &'static str, requirements: &'static str },
}

pub(super) const SETS: &[Set] = &[
    Set {
        peers: &[super::LIBSIGNAL],
        what: "@signalapp/libsignal-client (AGPL-3.0-only)",
        from: From::Npm(crate::workspace::LIBSIGNAL),
    },
    Set {
        peers: &[super::TS_MLS],
        what: "ts-mls (MIT)",
        from: From::Npm(crate::workspace::TS_MLS),
    },
    Set {
        peers: &["omemo-2", "omemo-legacy"],
        what: "OMEMO, twomemo (MIT), oldmemo (AGPL-3.0-only)",
        from: From::Python {
            name: "omemo",
            requirements: "harness/drivers/omemo/requirements.txt",
        },
    },
    Set {
        peers: &["xmpp-omemo", "xmpp-plain"],
        what: "slixmpp (MIT), slixmpp-omemo (AGPL-3.0-only)",
        from: From::Python { name: "xmpp", requirements: "harness/drivers/xmpp/requirements.txt" },
    },
    Set {
        peers: &["matrix-nio", "matrix-nio-plain"],
        what: "matrix-nio (ISC)",
        from: From::Python {
            name: "matrix-nio",
            requirements: "harness/drivers/matrix-nio/requirements.txt",
        },
    },
    Set {
        peers: &["synapse"],
        what: "matrix-synapse (AGPL-3.0-or-later)",
        from: From::Python {
            name: "synapse",
            requirements: "harness/products/synapse/requirements.txt",
        },
    },
];

impl Set {
    /// For people.
    pub(super) fn line(&self) -> String {
        let state = match self.from {
            From::Npm(folder) => NpmFolder::new(folder).state(),
            From::Python { name, requirements } => Environment::new(name, requirements).state(),
        };
        format!("{}: {}, {state}", super::list(self.peers), self.what)
    }

    /// Installs the packages, unless they are there.
    pub(super) fn install(&self) -> Result<(), String> {
        match self.from {
            From::Npm(folder) => {
                super::node_is_new_enough().and_then(|()| NpmFolder::new(folder).install())
            }
            From::Python { name, requirements } => Environment::new(name, requirements).install(),
        }
    }
}
