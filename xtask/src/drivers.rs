//! Tests of drivers in the language that each is written in.

use crate::{
    peers::{self, Peers},
    steps::Step,
    workspace,
};

/// Tests in one folder.
struct Tests {
    /// What must be installed, with the environment of Python that it is run with, if any.
    peer: &'static str,
    folder: &'static str,
    runner: Runner,
    length: Length,
}

enum Runner {
    Node,
    /// The Python of this environment in `target/release/peers`.
    Python(&'static str),
}

/// How long they take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Seconds.
    Brief,
    /// A minute or more: they start servers, and the suites' own tests show the same from outside.
    Long,
}

use Length::{Brief, Long};
use Runner::{Node, Python};

const TESTS: [Tests; 12] = [
    Tests::of(peers::LIBSIGNAL, workspace::LIBSIGNAL, Node, Brief),
    Tests::of(peers::TS_MLS, workspace::TS_MLS, Node, Brief),
    Tests::of("matrix-sdk-crypto", "harness/drivers/matrix-sdk-crypto", Node, Long),
    Tests::of("pair-openpgp", "harness/museum/messaging/openpgp", Node, Brief),
    Tests::of("pair-matrix-js-sdk", "harness/museum/messaging/matrix-js-sdk", Node, Long),
    Tests::of(
        "vodozemac-python-0.10.0",
        "harness/museum/messaging/vodozemac-python",
        Python("museum-vodozemac-0.10.0"),
        Brief,
    ),
    Tests::of(
        "matrix-nio-0.20.0",
        "harness/museum/messaging/matrix-nio",
        Python("museum-matrix-nio-0.20.0"),
        Brief,
    ),
    Tests::of(
        "museum-snow-0.9.5",
        "harness/museum/messaging/snow",
        Python("museum-vodozemac-0.10.0"),
        Brief,
    ),
    Tests::of("xmpp-omemo", "harness/drivers/xmpp", Python("xmpp"), Long),
    Tests::of("matrix-nio", "harness/drivers/matrix-nio", Python("matrix-nio"), Long),
    Tests::of("xmpp-omemo", "harness/drivers/xmpp-relay", Python("xmpp"), Long),
    Tests::of("matrix-nio", "harness/drivers/matrix-relay", Python("matrix-nio"), Long),
];

/// The verb: all of them, on what is installed.
pub(crate) fn chore() -> bool {
    let (outcome, peers) = peers::install(peers::Drivers::Built);
    peers.missing.iter().for_each(|missing| println!("not run: {missing}"));
    let failed = TESTS.iter().filter(|tests| peers.has(tests.peer) && !tests.step().status());
    let failed: Vec<_> = failed.map(|tests| tests.folder).collect();
    println!("\nfailed: {}", peers::list(&failed));
    outcome.ok && failed.is_empty()
}

/// The brief ones of those that are installed.
pub(crate) fn brief(peers: &Peers) -> Vec<Step> {
    let there = |tests: &&Tests| tests.length == Brief && peers.has(tests.peer);
    TESTS.iter().filter(there).map(Tests::step).collect()
}

/// The long ones of those that are installed, as the gate says that it leaves them to the verb.
pub(crate) fn left_out(peers: &Peers) -> Vec<String> {
    let there = |tests: &&Tests| tests.length == Long && peers.has(tests.peer);
    let line = |tests: &Tests| {
        format!("tests in {}: they take long (`cargo xtask drivers` runs them)", tests.folder)
    };
    TESTS.iter().filter(there).map(line).collect()
}

impl Tests {
    const fn of(peer: &'static str, folder: &'static str, runner: Runner, length: Length) -> Self {
        Self { peer, folder, runner, length }
    }

    fn step(&self) -> Step {
        match self.runner {
            Node => Step::new("node", &["--test", "--test-reporter=tap"]),
            Python(environment) => {
                let peers = workspace::root().join("target/release/peers");
                let python = peers.join(environment).join("bin/python");
                Step::new(python, &["-B", "-m", "unittest"])
            }
        }
        .within(self.folder)
    }
}
