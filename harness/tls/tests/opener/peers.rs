//! `openssl s_server` and `s_client`, driven line by line.

use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex, OnceLock},
    thread,
    time::{Duration, Instant},
};

use hallmark_tls::opener::Side;
use tempfile::TempDir;

use crate::recorder::{Recorder, Recording};

/// How long to wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session to hold.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    /// As OpenSSL names it.
    pub(crate) suite: &'a str,
    /// `1` to `1.3`.
    pub(crate) version: &'a str,
    /// For both peers.
    pub(crate) options: &'a [&'a str],
}

/// What is left of a session.
pub(crate) struct Session {
    pub(crate) recording: Recording,
    pub(crate) keylog: Vec<u8>,
}

/// A key and a certificate for the server.
pub(crate) struct Mint(TempDir);

impl Mint {
    /// `None` where there is no `openssl`.
    pub(crate) fn get() -> Option<&'static Self> {
        static MINT: OnceLock<Option<Mint>> = OnceLock::new();
        MINT.get_or_init(Self::new).as_ref()
    }

    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let made = Command::new("openssl")
            .args("req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2".split(' '))
            .args(["-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder.path())
            .output()
            .ok()?;
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Holds a session through a recorder: both say their lines in turn. In the middle of TLS 1.3, the
/// client updates its keys and asks the server for the same.
pub(crate) fn hold(mint: &Mint, case: &Case<'_>, said: &[(Side, &str)]) -> Session {
    let folder = tempfile::tempdir().expect("a folder");
    let keylog = folder.path().join("keylog");
    let mut server = Peer::new(
        Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept", "1"])
            .args(["-key", "key.pem", "-cert", "certificate.pem"])
            .args(arguments(case))
            .current_dir(mint.path()),
    );
    let address = server.address();
    let recorder = Recorder::before(address);
    let mut client = Peer::new(
        Command::new("openssl")
            .args(["s_client", "-connect", &recorder.address.to_string()])
            .arg("-keylogfile")
            .arg(&keylog)
            .args(arguments(case)),
    );
    client.wait_for("Verify return code", case);
    for (index, (side, text)) in said.iter().enumerate() {
        if index == said.len() / 2 && case.version == "1.3" {
            client.say("K");
            client.wait_for("KEYUPDATE", case);
        }
        let (from, to) = match side {
            Side::Client => (&mut client, &server),
            Side::Server => (&mut server, &client),
        };
        from.say(text);
        to.wait_for(text, case);
    }
    client.say("Q");
    drop((client.wait(), server));
    Session { recording: recorder.recording(), keylog: fs::read(keylog).expect("a key log") }
}

fn arguments(case: &Case<'_>) -> Vec<String> {
    let version = format!("-tls{}", case.version.replace('.', "_"));
    let suites = if case.version == "1.3" { "-ciphersuites" } else { "-cipher" };
    let level = if case.version == "1.3" { "" } else { ":@SECLEVEL=0" };
    let mut arguments = vec![version, suites.to_owned(), format!("{}{level}", case.suite)];
    if case.version == "1.3" {
        arguments.extend(["-cipher".to_owned(), "ALL:@SECLEVEL=0".to_owned()]);
    }
    if case.suite.contains("PSK") {
        arguments.extend(["-psk".to_owned(), "00112233445566778899".to_owned()]);
    }
    arguments.extend(case.options.iter().map(|option| (*option).to_owned()));
    arguments
}

/// A process with what it has printed so far.
struct Peer {
    child: Child,
    stdin: ChildStdin,
    printed: Arc<(Mutex<String>, Condvar)>,
}

impl Peer {
    fn new(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("openssl starts");
        let printed = Arc::default();
        listen(child.stdout.take().expect("piped"), &printed);
        listen(child.stderr.take().expect("piped"), &printed);
        let stdin = child.stdin.take().expect("piped");
        Self { child, stdin, printed }
    }

    fn say(&mut self, line: &str) {
        // One write, hence one read on the other side: a command must come alone.
        self.stdin.write_all(format!("{line}\n").as_bytes()).expect("the peer listens");
    }

    /// Waits until `text` was printed, and a line after it has begun or ended.
    fn wait_for(&self, text: &str, about: &impl std::fmt::Debug) -> String {
        let deadline = Instant::now() + PATIENCE;
        let (printed, changed) = &*self.printed;
        let mut printed = printed.lock().expect("no panic");
        loop {
            if let Some((_, after)) = printed.split_once(text)
                && let Some((line, _)) = after.split_once('\n')
            {
                return line.to_owned();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{about:?}: no {text:?} in:\n{printed}");
            (printed, _) = changed.wait_timeout(printed, left).expect("no panic");
        }
    }

    fn address(&self) -> SocketAddr {
        let address = self.wait_for("ACCEPT ", &"the server");
        address.trim().parse().expect("an address")
    }

    /// Waits for its end, so that it has said all it had to say; past the deadline it is killed.
    fn wait(mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().expect("a child").is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen(mut from: impl Read + Send + 'static, printed: &Arc<(Mutex<String>, Condvar)>) {
    let printed = Arc::clone(printed);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            printed.0.lock().expect("no panic").push_str(&text);
            printed.1.notify_all();
        }
    });
}
