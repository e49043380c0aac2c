//! The guard alone: what `hallmark driver-guard` does, as an executable of its own.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1);
    if args.next().is_some_and(|verb| verb == hallmark_driver::guard::VERB) {
        hallmark_driver::guard::main(args)
    } else {
        hallmark_driver::guard::main([])
    }
}
