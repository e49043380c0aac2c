//! The reference messenger as a process of its own: `hallmark-reference-driver [FAULT…]`.
//!
//! In the demonstration it runs within Hallmark. What a process holds in memory and in its files can
//! be shown of this one only. It keeps its state in a file in its home directory.

use std::{
    env,
    io::{self, BufRead, Read, Write},
    path::Path,
    process::ExitCode,
};

use hallmark_driver::{
    protocol::{MAX_LINE, Version},
    sdk,
};
use hallmark_reference::{Faults, Messenger};

fn main() -> ExitCode {
    let faults = env::args().skip(1).map(|name| name.parse()).collect::<Result<Faults, _>>();
    let served = faults.map_err(io::Error::other).and_then(serve);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "hallmark-reference-driver: {error}");
            ExitCode::FAILURE
        }
    }
}

/// As [`sdk::serve`] does, and the state is in its file before anybody is told.
fn serve(faults: Faults) -> io::Result<()> {
    let home = env::var_os("HOME").ok_or_else(|| io::Error::other("HOME is not set"))?;
    let file = Path::new(&home).join("state.json");
    let mut device = Messenger::new(faults).keeping_state_in(file);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout());
    let (mut line, mut version) = (Vec::new(), Version::V1);
    let mut last = false;
    while !last {
        line.clear();
        if input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer;
        (answer, last) = sdk::answer_line(&mut device, &mut version, &line);
        device.save()?;
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}
