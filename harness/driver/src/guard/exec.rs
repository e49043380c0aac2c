//! The step between the guard and the driver: limits that a process can only set on itself.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    process::Command,
};

/// Names the guard to the process that is to become the driver; removed before it does.
pub(super) const GUARD_PID: &str = "HALLMARK_DRIVER_GUARD_PID";

/// Becomes the driver; returns only where that fails, with the reason.
pub(super) fn become_driver(program: &OsStr, args: &[OsString]) -> String {
    if let Err(reason) = limit() {
        return reason;
    }
    Command::new(program).args(args).env_remove(GUARD_PID).exec().to_string()
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
