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

use crate::{
    connection::Ended,
    ending::{self, Ending},
    guard::{self, Terms},
    launch::Guard,
    secrets::{self, Secrets},
};

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
    guard: Option<u32>,
    pipes: Option<(Input, Output)>,
    log: Arc<Mutex<Log>>,
    ended: watch::Receiver<Option<Ending>>,
    network: watch::Receiver<Option<String>>,
    secrets: Secrets,
}

impl Child {
    /// Starts a program under a guard, on a Tokio runtime.
    pub(crate) fn start(
        guard: &Guard,
        network: crate::Network,
        secrets: &Secrets,
        program: &OsStr,
        args: &[OsString],
    ) -> io::Result<Self> {
        let Guard::Program(guard, guard_args) = guard;
        let terms = Terms { network, secrets: !secrets.is_empty() };
        let mut command = Command::new(guard);
        for name in secrets.names() {
            command.env_remove(secrets::variable(name));
        }
        // Never killed from here: it is the guard that leaves nothing behind.
        let mut guard = command
            .args(guard_args)
            .arg("watch")
            .args(terms.words())
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
        let pid = guard.id();
        let log = Arc::new(Mutex::new(Log::default()));
        let (say, ended) = watch::channel(None);
        let (tell, network) = watch::channel(None);
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            let drain = drain(stderr, &kept, &tell);
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
        let pipes: Option<(Input, Output)> = Some((Box::new(stdout), Box::new(stdin)));
        Ok(Self { program, guard: pid, pipes, log, ended, network, secrets: secrets.clone() })
    }

    /// What was started.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// The driver's process and all that it started, the guard left out; none where they cannot be
    /// listed, or where the guard has ended.
    pub(crate) fn processes(&self) -> Option<Vec<u32>> {
        // Once the guard has been waited for, its number may be another process's.
        let guard = self.guard.filter(|_| self.ended.borrow().is_none())?;
        guard::descendants::below(guard)
    }

    /// The driver's stdout and stdin; nothing where they were taken before.
    pub(crate) fn take_pipes(&mut self) -> (Input, Output) {
        self.pipes
            .take()
            .unwrap_or_else(|| (Box::new(tokio::io::empty()), Box::new(tokio::io::sink())))
    }

    /// What the guard enforces. It does not start a driver without all of it, the network aside:
    /// what became of that it says before the driver can say anything.
    pub(crate) async fn isolation(&mut self) -> Vec<String> {
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
        let network = timeout(EXIT, self.network.wait_for(Option::is_some)).await;
        isolation.push(match network {
            Ok(Ok(said)) => said.clone().unwrap_or_default(),
            Ok(Err(_)) | Err(_) => "whether the network is restricted is not known".to_owned(),
        });
        if !self.secrets.is_empty() {
            let names: Vec<_> = self.secrets.names().collect();
            isolation.push(format!("secrets handed over on a pipe: {}", names.join(", ")));
        }
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
        let last_words = lock(&self.log).last_line(&self.secrets);
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

async fn drain(
    mut stderr: impl AsyncRead + Unpin,
    log: &Mutex<Log>,
    network: &watch::Sender<Option<String>>,
) {
    let mut buffer = vec![0; 8 * 1024];
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        let mut log = lock(log);
        log.add(&buffer[..count]);
        if network.borrow().is_none()
            && let Some(said) = log.network()
        {
            network.send_replace(Some(said));
        }
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

    /// What the first whole line says of the network, if it is the guard's. A driver can only
    /// speak after it.
    fn network(&self) -> Option<String> {
        let (first, _) = self.bytes.split_at(self.bytes.iter().position(|byte| *byte == b'\n')?);
        ending::network_from_line(&String::from_utf8_lossy(first)).map(text::one_line)
    }

    /// What the guard said last. A process that could not become the driver says so first, and
    /// the guard then only sees its exit status.
    fn ending(&self) -> Option<Ending> {
        let mut said = self.lines().rev().filter_map(|line| Ending::from_line(&line));
        match (said.next()?, said.next()) {
            (Ending::Exited(status), Some(not @ Ending::NotStarted(_)))
                if status == i32::from(ending::NOT_STARTED) =>
            {
                Some(not)
            }
            (ending, _) => Some(ending),
        }
    }

    /// The last non-empty line of the driver itself, fit to be shown.
    fn last_line(&self, secrets: &Secrets) -> Option<String> {
        self.lines()
            .rev()
            .filter(|line| !ending::is_guards(line))
            .map(|line| secrets.black_out(line.into_bytes()))
            .map(|line| text::one_line(String::from_utf8_lossy(&line).trim()))
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
        assert_eq!(log.last_line(&Secrets::default()).as_deref(), Some("[2Jlast \u{fffd} words"));
        assert_eq!(log.ending(), Some(Ending::Exited(3)));
    }

    #[test]
    fn a_program_that_cannot_be_run_is_told_from_one_that_exits_127() {
        let mut log = Log::default();
        log.add(b"\nhallmark driver-guard: not-started No such file\n");
        log.add(b"\nhallmark driver-guard: exited 127\n");
        assert_eq!(log.ending(), Some(Ending::NotStarted("No such file".to_owned())));
        assert_eq!(log.last_line(&Secrets::default()), None);
        let mut log = Log::default();
        log.add(b"sh: nonsense: not found\n\nhallmark driver-guard: exited 127\n");
        assert_eq!(log.ending(), Some(Ending::Exited(127)));
        assert_eq!(log.last_line(&Secrets::default()).as_deref(), Some("sh: nonsense: not found"));
    }
}
