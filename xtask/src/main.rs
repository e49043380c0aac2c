//! Chores of this repository, as `cargo xtask VERB`.
//!
//! Depends on no crate of the house, so that it works while any of them does not build.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for people: what it does is what it prints"
)]

mod chores;
mod drivers;
mod gate;
mod packages;
mod peers;
mod peers_report;
mod products;
mod registry;
mod steps;
mod tally;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask VERB

  test                        everything that must hold: format, clippy, peers, tests,
                              fault matrix with sabotage, licences
  peers [--strict]            install what the tests with real programs need;
                              --strict: exit 1 if something could not be installed
  drivers                     the tests of drivers in Python and Node, those among them that
                              start servers of their own too; test runs the brief ones
  peers-report [--full]       every real messenger through the whole messaging suite:
                              candidate × check × outcome × window; exit 1 if one
                              differs from what was measured by hand; --full: at
                              depth full, which takes a quarter of an hour
  product NAME [ARGUMENT…]    a whole product on loopback, its server and its apps, through
                              one `hallmark run` with these arguments: xmpp-omemo,
                              xmpp-plain, matrix, matrix-plain; exits as that run does
  fault-matrix [--sabotage]   each fault turns exactly the checks it declares;
                              --sabotage: break each check, the matrix must go red
  bless                       accept what the tests print now as right
  gen [--check]               write generated files; --check: only compare them
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["product", name, further @ ..] = &words[..] {
        return ExitCode::from(products::chore(name, further));
    }
    let done = match words[..] {
        ["test"] => gate::test(),
        ["peers"] => peers::chore(false),
        ["peers", "--strict"] => peers::chore(true),
        ["drivers"] => drivers::chore(),
        ["peers-report"] => peers_report::chore("quick"),
        ["peers-report", "--full"] => peers_report::chore("full"),
        ["fault-matrix"] => chores::fault_matrix(chores::Sabotage::No).status(),
        ["fault-matrix", "--sabotage"] => chores::fault_matrix(chores::Sabotage::Yes).status(),
        ["bless"] => chores::bless().status(),
        ["gen"] => generate(chores::Generated::Write),
        ["gen", "--check"] => generate(chores::Generated::Compare),
        ["-h" | "--help" | "help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tables first: the schemas are printed by crates that need them.
fn generate(generated: chores::Generated) -> bool {
    registry::generate(&generated) && chores::generate(generated).status()
}
