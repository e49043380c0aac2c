//! Packages from the public registries that drivers and servers need, pinned, each set in a place of its own.

use super::{npm::NpmFolder, python::Environment};
use crate::steps::Step;

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
    /// A package with a lock file of its own, built into this folder of `target/release/peers`. Releases
    /// that rest on the same packages share one.
    Cargo { name: &'static str, package: &'static str },
    /// A virtual environment in `target/release/peers`, a list of packages by exact version, and what it
    /// borrows from Debian's packages for Python, where a registry has no such release ready to run.
    Python { name: &'static str, requirements: &'static str, borrowed: &'static [&'static str] },
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
            borrowed: &[],
        },
    },
    Set {
        peers: &["xmpp-omemo", "xmpp-plain"],
        what: "slixmpp (MIT), slixmpp-omemo (AGPL-3.0-only)",
        from: From::Python {
            name: "xmpp",
            requirements: "harness/drivers/xmpp/requirements.txt",
            borrowed: &[],
        },
    },
    Set {
        peers: &["matrix-nio", "matrix-nio-plain"],
        what: "matrix-nio (ISC)",
        from: From::Python {
            name: "matrix-nio",
            requirements: "harness/drivers/matrix-nio/requirements.txt",
            borrowed: &[],
        },
    },
    Set {
        peers: &["synapse"],
        what: "matrix-synapse (AGPL-3.0-or-later)",
        from: From::Python {
            name: "synapse",
            requirements: "harness/products/synapse/requirements.txt",
            borrowed: &[],
        },
    },
    Set {
        peers: &[
            "matrix-sdk-crypto",
            "matrix-sdk-crypto-identity-based",
            "matrix-sdk-crypto-14-2-0",
            "matrix-sdk-crypto-14-2-1",
        ],
        what: "@matrix-org/matrix-sdk-crypto-wasm, three releases (Apache-2.0)",
        from: From::Npm("harness/drivers/matrix-sdk-crypto"),
    },
    Set {
        peers: &["pair-matrix-js-sdk"],
        what: "matrix-js-sdk 19.5.0 and 19.7.0 (Apache-2.0)",
        from: From::Npm("harness/museum/messaging/matrix-js-sdk"),
    },
    Set {
        peers: &["pair-openpgp"],
        what: "openpgp 6.1.0 and 6.1.1 (LGPL-3.0-or-later)",
        from: From::Npm("harness/museum/messaging/openpgp"),
    },
    Set {
        peers: &["vodozemac-python-0.9.0"],
        what: "vodozemac 0.9.0 (MIT)",
        from: From::Python {
            name: "museum-vodozemac-0.9.0",
            requirements: "harness/museum/messaging/vodozemac-python/requirements-0.9.0.txt",
            borrowed: &[],
        },
    },
    Set {
        peers: &["vodozemac-python-0.10.0"],
        what: "vodozemac 0.10.0 (MIT)",
        from: From::Python {
            name: "museum-vodozemac-0.10.0",
            requirements: "harness/museum/messaging/vodozemac-python/requirements-0.10.0.txt",
            borrowed: &[],
        },
    },
    Set {
        peers: &["matrix-nio-0.19.0"],
        what: "matrix-nio 0.19.0 (ISC)",
        from: From::Python {
            name: "museum-matrix-nio-0.19.0",
            requirements: "harness/museum/messaging/matrix-nio/requirements-0.19.0.txt",
            borrowed: &["olm", "_libolm.abi3.so"],
        },
    },
    Set {
        peers: &["matrix-nio-0.20.0"],
        what: "matrix-nio 0.20.0 (ISC)",
        from: From::Python {
            name: "museum-matrix-nio-0.20.0",
            requirements: "harness/museum/messaging/matrix-nio/requirements-0.20.0.txt",
            borrowed: &["olm", "_libolm.abi3.so"],
        },
    },
    Set {
        peers: &["museum-snow-0.9.4"],
        what: "snow 0.9.4 (Apache-2.0 OR MIT)",
        from: From::Cargo { name: "museum-snow", package: "harness/museum/messaging/snow/0.9.4" },
    },
    Set {
        peers: &["museum-snow-0.9.5"],
        what: "snow 0.9.5 (Apache-2.0 OR MIT)",
        from: From::Cargo { name: "museum-snow", package: "harness/museum/messaging/snow/0.9.5" },
    },
];

impl Set {
    /// For people.
    pub(super) fn line(&self) -> String {
        let state = match self.from {
            From::Npm(folder) => NpmFolder::new(folder).state(),
            From::Cargo { .. } => "built with cargo",
            From::Python { name, requirements, borrowed } => {
                Environment::new(name, requirements, borrowed).state()
            }
        };
        format!("{}: {}, {state}", super::list(self.peers), self.what)
    }

    /// Installs the packages, unless they are there.
    pub(super) fn install(&self) -> Result<(), String> {
        match self.from {
            From::Npm(folder) => {
                super::node_is_new_enough().and_then(|()| NpmFolder::new(folder).install())
            }
            From::Cargo { name, package } => {
                let manifest = format!("{package}/Cargo.toml");
                let folder = format!("target/release/peers/{name}");
                let build = ["build", "--release", "--locked", "--manifest-path", &manifest];
                let built =
                    Step::cargo(&[&build[..], &["--target-dir", &folder]].concat()).status();
                built.then_some(()).ok_or_else(|| "it does not build".to_owned())
            }
            From::Python { name, requirements, borrowed } => {
                Environment::new(name, requirements, borrowed).install()
            }
        }
    }
}
