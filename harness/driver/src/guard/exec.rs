//! The step between the guard and the driver: limits that a process can only set on itself.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsRawFd, unix::process::CommandExt},
    process::Command,
};

use super::{Terms, network};
use crate::{ending, secrets};

/// Names the guard to the process that is to become the driver; removed before it does.
pub(super) const GUARD_PID: &str = "HALLMARK_DRIVER_GUARD_PID";

/// Becomes the driver; returns only where that fails, with the reason.
pub(super) fn become_driver(terms: Terms, program: &OsStr, args: &[OsString]) -> String {
    let network = network::restrict(terms.network);
    if let Err(reason) = limit() {
        return reason;
    }
    let mut command = Command::new(program);
    command.args(args).env_remove(GUARD_PID);
    // Bound until we are the driver, who inherits it.
    let pipe;
    if terms.secrets {
        pipe = match take_secrets() {
            Ok(pipe) => pipe,
            Err(error) => return format!("its secrets cannot be handed over: {error}"),
        };
        command.env(secrets::SECRETS_FD, pipe.as_raw_fd().to_string());
    }
    // Before the driver can say anything, so that it cannot say this in our place.
    let said = format!("{}\n", ending::network_line(&network));
    if let Err(error) = io::stderr().write_all(said.as_bytes()) {
        return format!("cannot write to its log: {error}");
    }
    command.exec().to_string()
}

/// Moves the line of secrets, which comes before everything else on our stdin, to a pipe that the
/// driver inherits. It holds all of them already, and ends after them.
fn take_secrets() -> io::Result<io::PipeReader> {
    let mut input = File::from(rustix::stdio::stdin().try_clone_to_owned()?);
    let mut line = Vec::new();
    let mut byte = [0];
    // One by one: what follows is the driver's.
    while line.last() != Some(&b'\n') {
        if line.len() > secrets::MOST || input.read(&mut byte)? == 0 {
            return Err(io::Error::other("there is no line of secrets"));
        }
        line.extend_from_slice(&byte);
    }
    line.pop();
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(&line)?;
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty())?;
    Ok(reader)
}

#[cfg(target_os = "linux")]
fn limit() -> Result<(), String> {
    use rustix::process::{Pid, Resource, Rlimit, Signal};
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("cannot be tied to the guard: {error}"))?;
    let guard = env::var(GUARD_PID).ok().and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw);
    if guard.is_none() || rustix::process::getppid() != guard {
        return Err("the guard has ended".to_owned());
    }
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| format!("cannot give up privileges: {error}"))?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)
        .map_err(|error| format!("cannot forbid core files: {error}"))
}

#[cfg(not(target_os = "linux"))]
fn limit() -> Result<(), String> {
    Ok(())
}
