//! Programs of Debian packages.

use super::Peers;
use crate::{packages, steps::Step};

/// A program that a Debian package brings.
pub(super) struct Tool {
    pub(super) program: &'static str,
    /// A command that ends 0 where it is there, and starts nothing.
    check: [&'static str; 2],
    pub(super) package: &'static str,
    /// Whether tests use it themselves, so that it is a peer.
    peer: bool,
}

/// Everything that tests and other peers need.
pub(super) const TOOLS: [Tool; 9] = [
    Tool { program: "node", check: ["node", "--version"], package: "nodejs", peer: false },
    Tool { program: "npm", check: ["npm", "--version"], package: "npm", peer: false },
    Tool { program: "openssl", check: ["openssl", "version"], package: "openssl", peer: true },
    Tool { program: "nginx", check: ["nginx", "-v"], package: "nginx", peer: true },
    Tool { program: "prosody", check: ["prosodyctl", "about"], package: "prosody", peer: true },
    Tool { program: "sslscan", check: ["sslscan", "--version"], package: "sslscan", peer: true },
    Tool { program: "nmap", check: ["nmap", "--version"], package: "nmap", peer: true },
    Tool { program: "tshark", check: ["tshark", "--version"], package: "tshark", peer: true },
    Tool {
        program: "olm for Python",
        check: ["ls", "/usr/lib/python3/dist-packages/olm/__init__.py"],
        package: "python3-olm",
        peer: false,
    },
];

impl Tool {
    /// Whether it can be run.
    pub(super) fn runs(&self) -> bool {
        let [program, argument] = self.check;
        Step::new(program, &[argument]).output().is_some()
    }

    /// Notes whether it is there, and why not.
    pub(super) fn report(&self, failure: Option<&String>, peers: &mut Peers) {
        if self.runs() {
            if self.peer {
                peers.present.push(self.program);
            }
        } else {
            let why = failure.map_or("it is installed and does not run", String::as_str);
            peers.miss(self.program, why);
        }
    }
}

/// Installs the packages of these programs.
pub(super) fn install(tools: &[&Tool]) -> Result<(), String> {
    if tools.is_empty() {
        return Ok(());
    }
    packages::installer()?;
    let packages: Vec<_> = tools.iter().map(|tool| tool.package).collect();
    if packages::install(&packages) { Ok(()) } else { Err("apt-get failed".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABSENT: Tool = Tool {
        program: "no-such-program-here",
        check: ["no-such-program-here", "-v"],
        package: "none",
        peer: true,
    };

    #[test]
    fn a_program_that_does_not_run_is_missing_with_the_reason() {
        let mut peers = Peers::default();
        ABSENT.report(Some(&"apt-get failed".to_owned()), &mut peers);
        ABSENT.report(None, &mut peers);
        let lines: Vec<_> = peers.missing.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "no-such-program-here: apt-get failed",
                "no-such-program-here: it is installed and does not run",
            ]
        );
    }

    #[test]
    fn only_peers_are_named_to_the_tests() {
        let mut peers = Peers::default();
        Tool { program: "true", check: ["true", ""], package: "coreutils", peer: false }
            .report(None, &mut peers);
        assert!(peers.present.is_empty() && peers.missing.is_empty());
        Tool { program: "true", check: ["true", ""], package: "coreutils", peer: true }
            .report(None, &mut peers);
        assert_eq!(peers.present, ["true"]);
    }
}
