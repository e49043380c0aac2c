//! Driver for the Noise library snow, on stdin and stdout: one source for both releases of a pair.

mod device;
mod noise;
mod peers;
mod protocol;
mod refusal;

use std::{
    io::{self, BufRead, Read, Write},
    process::ExitCode,
};

use device::Device;
use protocol::MAX_LINE;

fn main() -> ExitCode {
    match serve(io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves requests, one after the other, until the input ends or asks to shut down.
fn serve(mut requests: impl BufRead, mut answers: impl Write) -> io::Result<()> {
    let mut device = Device::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = MAX_LINE + 1;
        if requests.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == limit && !line.ends_with(b"\n") {
            return Err(io::Error::other("a request line is longer than the protocol allows"));
        }
        let (answer, last) = protocol::answer(&mut device, &line);
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
        if last {
            return Ok(());
        }
    }
}
