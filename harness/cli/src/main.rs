//! The binary `hallmark`: arguments in, exit code out. It composes the house and has no logic of
//! its own: the one list of suites is in [`house`], one file for each verb in [`verb`].

mod args;
mod demonstration;
mod failure;
mod house;
mod product;
mod record;
mod session;
mod show;
mod verb;

use std::{env, panic, process};

use clap::Parser;
use hallmark_driver::guard;
use hallmark_model::ExitCode;

use crate::{args::Args, failure::Failure, show::Show};

fn main() -> process::ExitCode {
    // A driver is watched over by this executable in another role, so that nothing it started
    // survives, however we end.
    let mut own = env::args_os().skip(1);
    if own.next().is_some_and(|first| first == guard::VERB) {
        return guard::main(own);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage } else { ExitCode::Ok };
            // Nothing is left to do if even this cannot be printed.
            let _ = error.print();
            return code.code().into();
        }
    };
    let show = Show::new(&args.common);
    let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| verb::carry_out(args.verb, &show)));
    let code = match ended {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => {
            show.failure(&failure);
            failure.exit
        }
        Err(_) => {
            show.failure(&Failure::new(
                ExitCode::Internal,
                "this is a bug in Hallmark; please report it with the lines above and the command",
            ));
            ExitCode::Internal
        }
    };
    code.code().into()
}
