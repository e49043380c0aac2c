//! The guard: a small process between Hallmark and a driver, so that no driver outlives Hallmark.
//!
//! Hallmark can be killed in a way that it cannot answer (SIGKILL, out of memory), and a driver
//! can leave processes of its own behind (forked twice, in a session of their own). So a driver
//! is started by a guard, which is the same executable in another role. The guard
//!
//! * becomes the reaper of everything the driver starts (`PR_SET_CHILD_SUBREAPER`);
//! * gives it a private directory as home, temporary and working directory, and removes that;
//! * gives it none of our environment but [`ENVIRONMENT`];
//! * takes the network from it, unless it needs it, and says on stderr what became of that;
//! * hands it the secrets of its candidate, where there are any, on a pipe;
//! * copies its own stdin to the driver; stdout and stderr are inherited, so answers do not
//!   pass through it;
//! * once its stdin ends, because Hallmark closed it or is no more, ends the driver's stdin, waits
//!   [`GRACE`], and kills every descendant until there is none;
//! * once the driver ends, kills what that left behind, and says on stderr how it ended.
//!
//! The driver itself is told by the kernel to die should the guard be killed
//! (`PR_SET_PDEATHSIG`), may not gain privileges (a set-uid program could not be killed) and
//! writes no core files (they would hold keys).

pub(crate) mod descendants;
mod exec;
mod network;

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{File, Permissions},
    io::{self, Read, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::{ChildStdin, Command, ExitCode, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, WaitOptions};
use tempfile::TempDir;

use crate::{ending::Ending, network::Network};

/// The hidden verb under which an executable runs [`main`].
pub const VERB: &str = "driver-guard";

/// Variables of our environment that a driver gets to see, where they are set. `HOME` and
/// `TMPDIR` are set to its private directory.
pub const ENVIRONMENT: &[&str] = &["PATH", "LANG", "LC_ALL", "TZ", "NODE_PATH"];

/// How long a driver may take to end after its stdin has ended, before it is killed.
pub const GRACE: Duration = Duration::from_millis(500);

/// Between the first two rounds of killing; each further pause is twice as long, up to a second.
const ROUND: Duration = Duration::from_millis(10);

/// On which terms a program becomes the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What it may reach.
    pub(crate) network: Network,
    /// Whether a line of secrets comes before everything else on stdin.
    pub(crate) secrets: bool,
}

impl Terms {
    /// As arguments of the guard.
    pub(crate) fn words(self) -> [&'static str; 2] {
        [self.network.name(), if self.secrets { SECRETS } else { NO_SECRETS }]
    }

    /// Reads what [`Terms::words`] wrote.
    fn read(args: &mut impl Iterator<Item = OsString>) -> Option<Self> {
        let network = args.next()?.to_str()?.parse().ok()?;
        let secrets = match args.next()?.to_str()? {
            SECRETS => true,
            NO_SECRETS => false,
            _ => return None,
        };
        Some(Self { network, secrets })
    }
}

const SECRETS: &str = "secrets";
const NO_SECRETS: &str = "no-secrets";

/// Runs the guard; `args` are those after [`VERB`]: `watch NETWORK SECRETS PROGRAM [ARG…]`.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let role = args.next().unwrap_or_default();
    let terms = Terms::read(&mut args);
    let program = args.next().unwrap_or_default();
    let rest: Vec<_> = args.collect();
    match (role.to_str(), terms) {
        (Some("watch"), Some(terms)) => {
            let ending = watch(terms, &program, &rest).unwrap_or_else(Ending::NotStarted);
            say(&ending);
            ExitCode::from(ending.status())
        }
        (Some("exec"), Some(terms)) => {
            let ending = Ending::NotStarted(exec::become_driver(terms, &program, &rest));
            say(&ending);
            ExitCode::from(ending.status())
        }
        _ => {
            say(&Ending::NotStarted("the guard is not to be run by hand".to_owned()));
            ExitCode::from(hallmark_model::ExitCode::Usage.code())
        }
    }
}

/// On a line of its own whatever the driver wrote last. Nothing can be done where this fails.
fn say(ending: &Ending) {
    let line = format!("\n{}\n", ending.line());
    let _ = io::stderr().write_all(line.as_bytes());
}

/// What the guard waits for.
enum Event {
    /// Our stdin ended: Hallmark closed it or is no more. The driver's ends too.
    InputEnded,
    /// Somebody wants the guard to end, now.
    Told,
    /// The driver's process ended.
    DriverEnded(Ending),
    /// No child is left, hence no descendant.
    NobodyLeft,
}

fn watch(terms: Terms, program: &OsStr, args: &[OsString]) -> Result<Ending, String> {
    contain().map_err(|error| format!("this system cannot contain a driver: {error}"))?;
    let home = private_directory().map_err(|error| format!("no private directory: {error}"))?;
    let (events, happened) = channel();
    watch_signals(events.clone()).map_err(|error| format!("cannot listen to signals: {error}"))?;
    // Started from this thread, which lives as long as the guard: the kernel ties
    // `PR_SET_PDEATHSIG` to the thread that forked.
    let mut driver = driver_command(terms, program, args, &home)
        .spawn()
        .map_err(|error| format!("cannot start a process: {error}"))?;
    let pid = driver.id();
    // Else Hallmark would not see the driver close its stdout.
    let _ = File::create("/dev/null").map(|null| rustix::stdio::dup2_stdout(&null));
    if let Some(to_driver) = driver.stdin.take() {
        copy_input(to_driver, events.clone());
    }
    reap(pid, events);

    let ending = await_end(&happened);
    descendants::kill(pid);
    let mut pause = ROUND;
    while !matches!(happened.recv_timeout(pause), Ok(Event::NobodyLeft)) {
        descendants::kill(pid);
        pause = (pause * 2).min(Duration::from_secs(1));
    }
    let _ = home.close();
    Ok(ending)
}

/// How the driver ends, or that it has to be killed.
fn await_end(happened: &Receiver<Event>) -> Ending {
    let grace = match happened.recv() {
        Ok(Event::DriverEnded(ending)) => return ending,
        Ok(Event::InputEnded) => GRACE,
        Ok(Event::Told | Event::NobodyLeft) | Err(_) => Duration::ZERO,
    };
    match happened.recv_timeout(grace) {
        Ok(Event::DriverEnded(ending)) => ending,
        Ok(Event::InputEnded | Event::Told | Event::NobodyLeft)
        | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Ending::Killed,
    }
}

/// Makes us the reaper of all our descendants, in a process group of our own, so that a Ctrl-C
/// meant for Hallmark does not end the guard before its work is done.
fn contain() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::process::setpgid(None, None)?;
    Ok(())
}

fn private_directory() -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("hallmark-driver-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
}

/// Our own executable in the role that becomes the driver, in a process group of its own, so
/// that a driver that signals its group does not reach the guard.
fn driver_command(terms: Terms, program: &OsStr, args: &[OsString], home: &TempDir) -> Command {
    let mut command = Command::new(own_executable());
    command
        .args([VERB, "exec"])
        .args(terms.words())
        .arg(program)
        .args(args)
        .env_clear()
        .envs(ENVIRONMENT.iter().filter_map(|name| Some((name, env::var_os(name)?))))
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env(exec::GUARD_PID, std::process::id().to_string())
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .process_group(0);
    command
}

/// Even where the file was replaced since we started.
pub(crate) fn own_executable() -> PathBuf {
    let ours = PathBuf::from("/proc/self/exe");
    if ours.exists() { ours } else { env::current_exe().unwrap_or(ours) }
}

/// Copies our stdin to the driver's.
///
/// Reading goes on even when the driver does not read, so that the end of our stdin is seen at
/// once. What waits in between is bounded by Hallmark, which has one request under way at a time.
fn copy_input(mut to_driver: ChildStdin, events: Sender<Event>) {
    let (chunks, waiting) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for chunk in waiting {
            if to_driver.write_all(&chunk).is_err() {
                return;
            }
        }
    });
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match input.read(&mut buffer) {
                Ok(0) => break,
                // A driver that closed its stdin is still a driver.
                Ok(count) => drop(chunks.send(buffer[..count].to_vec())),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        drop(chunks);
        let _ = events.send(Event::InputEnded);
    });
}

/// Waits for every child, our own and adopted, as they end.
fn reap(driver: u32, events: Sender<Event>) {
    let driver = i32::try_from(driver).ok().and_then(Pid::from_raw);
    thread::spawn(move || {
        loop {
            match rustix::process::wait(WaitOptions::empty()) {
                Ok(Some((pid, status))) if Some(pid) == driver => {
                    let ending = match (status.exit_status(), status.terminating_signal()) {
                        (Some(status), _) => Ending::Exited(status),
                        (None, Some(signal)) => Ending::Signalled(signal),
                        (None, None) => continue,
                    };
                    let _ = events.send(Event::DriverEnded(ending));
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => break,
            }
        }
        let _ = events.send(Event::NobodyLeft);
    });
}

/// Signals that ask a process to end must not end the guard before the driver.
fn watch_signals(events: Sender<Event>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(entered);
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hang_up.recv() => {}
                }
                if events.send(Event::Told).is_err() {
                    return;
                }
            }
        });
    });
    Ok(())
}
