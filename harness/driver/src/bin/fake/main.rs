//! A driver that misbehaves on demand: `hallmark-fake-driver MODE [AFTER [MARKER]]`.
//!
//! It answers AFTER requests as it should (0 where it is not given), then does what its mode
//! says. MARKER does nothing; a test finds the process by it.

mod mode;
mod toy;

use std::{
    env,
    io::{self, BufRead, Write},
    process::{Command, ExitCode},
    thread,
    time::Duration,
};

use hallmark_driver::{
    Guard, Launch,
    protocol::{MAX_LINE, Version},
    sdk,
};
use mode::Mode;

fn main() -> io::Result<ExitCode> {
    let args: Vec<_> = env::args().skip(1).collect();
    let Some(mode) = args.first().and_then(|name| Mode::named(name)) else {
        writeln!(io::stderr(), "modes: {}", Mode::names().join(" "))?;
        return Ok(ExitCode::from(2));
    };
    let after = args.get(1).and_then(|count| count.parse().ok()).unwrap_or(0);
    let marker = args.get(2).map_or("", String::as_str);
    match mode {
        Mode::Sleeper => sleep_alone(),
        Mode::ForkAgain => {
            start_ourselves("sleeper", marker)?;
            return Ok(ExitCode::SUCCESS);
        }
        Mode::ForkGrandchild => start_ourselves("fork-again", marker)?,
        Mode::Hold => return hold(&args[1..]),
        Mode::FloodBeforeRead => {
            let line = vec![b'x'; 1023];
            for _ in 0..4096 {
                if io::stdout().write_all(&[&line[..], b"\n"].concat()).is_err() {
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
        Mode::NeverRead => sleep_forever(),
        _ => {}
    }
    serve(mode, after)?;
    if mode == Mode::IgnoreStdinEof {
        sleep_forever();
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves until stdin ends or the mode has its way.
fn serve(mode: Mode, after: usize) -> io::Result<()> {
    let mut device = toy::Toy::saying(mode.calling());
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    let mut asked = 0;
    let mut version = Version::V1;
    while input.read_until(b'\n', &mut line)? > 0 {
        let (answer, last) = sdk::answer_line(&mut device, &mut version, &line);
        asked += 1;
        let request = String::from_utf8_lossy(&line).into_owned();
        line.clear();
        let mut bytes = if asked > after {
            mode.answer(&request, answer)?
        } else {
            serde_json::to_vec(&answer)?
        };
        if bytes.is_empty() {
            continue;
        }
        bytes.push(b'\n');
        io::stdout().write_all(&bytes)?;
        io::stdout().flush()?;
        if last && mode != Mode::IgnoreStdinEof {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes without a line break until nobody reads.
fn flood() -> io::Result<()> {
    let chunk = vec![b'x'; 64 * 1024];
    for _ in 0..(64 * MAX_LINE / chunk.len()) {
        io::stdout().write_all(&chunk)?;
    }
    Ok(())
}

fn sleep_forever() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

/// In a session of our own, which a process group's end does not reach.
fn sleep_alone() -> ! {
    let _ = rustix::process::setsid();
    sleep_forever()
}

/// Our children inherit stdout and stderr, and hold them open.
fn start_ourselves(mode: &str, marker: &str) -> io::Result<()> {
    Command::new(env::current_exe()?).args([mode, "0", marker]).spawn().map(drop)
}

/// Plays Hallmark: starts a driver (`GUARD PROGRAM ARG…`), says so, and never ends it.
fn hold(args: &[String]) -> io::Result<ExitCode> {
    let [guard, program, args @ ..] = args else { return Ok(ExitCode::from(2)) };
    let launch = Launch {
        args: args.iter().map(Into::into).collect(),
        ..Launch::program("held", program, Guard::at(guard))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection = launch.connect().await.map_err(io::Error::other)?;
        let mut stdout = io::stdout();
        stdout.write_all(b"held\n")?;
        stdout.flush()?;
        tokio::time::sleep(Duration::from_secs(3600)).await;
        drop(connection);
        Ok(ExitCode::SUCCESS)
    })
}
