//! The driver's process, seen from Hallmark: a guard with pipes.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hallmark_model::text;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    process::Command,
    sync::watch,
    time::timeout,
};

use crate::{connection::Ended, ending::Ending, guard, launch::Guard};

/// How much of a driver's stderr is kept, in bytes.
const LOG: usize = 64 * 1024;

/// How long a process that closed its output may take to be gone, to count as ended.
const EXIT: Duration = Duration::from_secs(1);

/// How long ending may take: the guard's grace, and killing. After that the guard goes on alone.
const END: Duration = Duration::from_secs(5);

/// What a process may still have written to stderr once it is gone.
const LAST_WORDS: Duration = Duration::from_millis(200);

type Input = Box<dyn AsyncRead + Send + Unpin>;
type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// A running driver under its guard. The guard ends the driver as soon as its stdin is closed, so
/// dropping the pipes is enough.
pub(crate) struct Child {
    program: String,
    pipes: Option<(Input, Output)>,
    log: Arc<Mutex<Log>>,
    ended: watch::Receiver<Option<Ending>>,
}

impl Child {
    /// Starts a program under a guard, on a Tokio runtime.
    pub(crate) fn start(guard: &Guard, program: &OsStr, args: &[OsString]) -> io::Result<Self> {
        let Guard::Program(guard, guard_args) = guard;
        // Never killed from here: it is the guard that leaves nothing behind.
        let mut guard = Command::new(guard)
            .args(guard_args)
            .arg("watch")
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (guard.stdin.take(), guard.stdout.take(), guard.stderr.take())
        else {
            return Err(io::Error::other("a pipe is missing"));
        };
        let log = Arc::new(Mutex::new(Log::default()));
        let (say, ended) = watch::channel(None);
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            let drain = drain(stderr, &kept);
            tokio::pin!(drain);
            let status = tokio::select! {
                status = guard.wait() => {
                    let _ = timeout(LAST_WORDS, drain).await;
                    status
                }
                () = &mut drain => guard.wait().await,
            };
            say.send_replace(Some(lock(&kept).ending().unwrap_or_else(|| unsaid(status))));
        });
        let program = program.to_string_lossy().into_owned();
        Ok(Self { program, pipes: Some((Box::new(stdout), Box::new(stdin))), log, ended })
    }

    /// What was started.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// The driver's stdout and stdin; nothing where they were taken before.
    pub(crate) fn take_pipes(&mut self) -> (Input, Output) {
        self.pipes
            .take()
            .unwrap_or_else(|| (Box::new(tokio::io::empty()), Box::new(tokio::io::sink())))
    }

    /// What the guard enforces. It does not start a driver without all of it.
    pub(crate) fn isolation(&self) -> Vec<String> {
        let kept = guard::ENVIRONMENT.join(", ");
        let killed = if cfg!(target_os = "linux") {
            "killed with all its descendants, also when Hallmark is killed"
        } else {
            "killed with its process group"
        };
        let mut isolation = vec![
            "private home, temporary and working directory, removed afterwards".to_owned(),
            format!("environment cleared, except {kept}"),
            killed.to_owned(),
        ];
        if cfg!(target_os = "linux") {
            isolation.push("no new privileges, no core files".to_owned());
        }
        isolation.push("network not restricted".to_owned());
        isolation.push("reading other files of the user not restricted".to_owned());
        isolation
    }

    /// How the process ended, or none if it still lives after a short while.
    pub(crate) async fn exit_reason(&mut self) -> Option<String> {
        Some(self.ending(EXIT).await?.to_string())
    }

    /// Ends the process; it has until the guard's grace to do so by itself.
    pub(crate) async fn end(mut self) -> Ended {
        self.pipes = None;
        let ending = self.ending(END).await;
        let last_words = lock(&self.log).last_line();
        Ended { ending, last_words }
    }

    async fn ending(&mut self, within: Duration) -> Option<Ending> {
        timeout(within, self.ended.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }
}

/// The guard's own end stands for the driver's where it could not say more.
fn unsaid(status: io::Result<ExitStatus>) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exited(code),
            (None, signal) => Ending::Signalled(signal.unwrap_or_default()),
        },
        Err(error) => Ending::NotStarted(error.to_string()),
    }
}

async fn drain(mut stderr: impl AsyncRead + Unpin, log: &Mutex<Log>) {
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        lock(log).add(&buffer[..count]);
    }
}

fn lock(log: &Mutex<Log>) -> std::sync::MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last [`LOG`] bytes of a driver's stderr.
#[derive(Default)]
struct Log {
    bytes: Vec<u8>,
}

impl Log {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Cut seldom, so that a flood costs each byte once.
        if self.bytes.len() > 2 * LOG {
            self.bytes.drain(..self.bytes.len() - LOG);
        }
    }

    fn lines(&self) -> impl DoubleEndedIterator<Item = String> {
        let kept = &self.bytes[self.bytes.len().saturating_sub(LOG)..];
        kept.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned())
    }

    /// What the guard said last. A process that could not become the driver says so first, and
    /// the guard then only sees its exit status.
    fn ending(&self) -> Option<Ending> {
        let mut said = self.lines().rev().filter_map(|line| Ending::from_line(&line));
        match (said.next()?, said.next()) {
            (Ending::Exited(status), Some(not @ Ending::NotStarted(_)))
                if status == i32::from(crate::ending::NOT_STARTED) =>
            {
                Some(not)
            }
            (ending, _) => Some(ending),
        }
    }

    /// The last non-empty line of the driver itself, fit to be shown.
    fn last_line(&self) -> Option<String> {
        self.lines()
            .rev()
            .filter(|line| Ending::from_line(line).is_none())
            .map(|line| text::one_line(line.trim()))
            .find(|line| !line.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_keeps_the_end() {
        let mut log = Log::default();
        for _ in 0..1000 {
            log.add(&[b'x'; 4096]);
            assert!(log.bytes.len() <= 2 * LOG + 4096);
        }
        log.add(b"\n\x1b[2Jlast \xff words\n  \n\nhallmark driver-guard: exited 3\n");
        assert_eq!(log.last_line().as_deref(), Some("[2Jlast \u{fffd} words"));
        assert_eq!(log.ending(), Some(Ending::Exited(3)));
    }

    #[test]
    fn a_program_that_cannot_be_run_is_told_from_one_that_exits_127() {
        let mut log = Log::default();
        log.add(b"\nhallmark driver-guard: not-started No such file\n");
        log.add(b"\nhallmark driver-guard: exited 127\n");
        assert_eq!(log.ending(), Some(Ending::NotStarted("No such file".to_owned())));
        assert_eq!(log.last_line(), None);
        let mut log = Log::default();
        log.add(b"sh: nonsense: not found\n\nhallmark driver-guard: exited 127\n");
        assert_eq!(log.ending(), Some(Ending::Exited(127)));
        assert_eq!(log.last_line().as_deref(), Some("sh: nonsense: not found"));
    }
}
