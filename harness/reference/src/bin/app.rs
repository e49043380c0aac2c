//! The reference app as a process of its own: `hallmark-reference-app [FAULT…]`; with `--intercept`, the
//! malicious server before it.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use hallmark_driver::sdk;
use hallmark_reference::{Faults, Interceptor, LiveApp};

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "hallmark-reference-app: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> io::Result<()> {
    let (input, output) = (io::stdin().lock(), io::stdout());
    let mut args = env::args().skip(1).peekable();
    if args.next_if_eq("--intercept").is_some() {
        return sdk::serve(&mut Interceptor::default(), input, output);
    }
    let faults = args.map(|name| name.parse()).collect::<Result<Faults, _>>();
    sdk::serve(&mut LiveApp::new(faults.map_err(io::Error::other)?), input, output)
}
