//! Sessions of OpenSSL's own programs, recorded as they pass.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::pcap::{self, Recording};

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a server lives if nobody stops it, in seconds.
const LIFE: &str = "300";

/// Every suite but those that need a DSA certificate.
const SUITES: &str = "ALL:COMPLEMENTOFALL:!DSS:!SRP:@SECLEVEL=0";

/// Every suite of TLS 1.3 that OpenSSL 3.0 has.
const SUITES_13: [&str; 5] = [
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_CCM_8_SHA256",
];

const PSK: &str = "000102030405060708090a0b0c0d0e0f";

/// Sessions with one server, and all their secrets.
pub(crate) struct Sessions {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) keys: Vec<u8>,
    /// What each of them was about.
    pub(crate) labels: Vec<String>,
    /// What the client said in each of them.
    pub(crate) requests: Vec<String>,
    /// Removed with this.
    _folder: TempDir,
}

/// Each suite that this version has, once.
pub(crate) fn with_each_suite(version: &str) -> Sessions {
    let all_13 = SUITES_13.join(":");
    let server = Server::start(&["-WWW", "-psk", PSK, "-cipher", SUITES, "-ciphersuites", &all_13]);
    // TLS 1.3 would take a pre-shared key for a session to resume.
    let psk: &[&str] = if version == "-tls1_3" { &[] } else { &["-psk", PSK] };
    let fetch = |option: &str, suite: &str| {
        let arguments = [&[version, option, suite, "-quiet"], psk].concat();
        server.client(&arguments, &[Step::Say(REQUEST), Step::AwaitEnd])
    };
    let session = |option, suite: &str, label: &str| session(label, REQUEST, fetch(option, suite));
    let sessions = if version == "-tls1_3" {
        let suites = SUITES_13.iter();
        suites.map(|suite| session("-ciphersuites", suite, suite)).collect()
    } else {
        let list = openssl(&["ciphers", "-s", "-psk", version, SUITES]);
        let suites = list.trim().split(':').filter(|suite| !suite.starts_with("TLS_"));
        suites.map(|suite| session("-cipher", &format!("{suite}:@SECLEVEL=0"), suite)).collect()
    };
    server.conclude(version, sessions)
}

/// What a session of TLS 1.3 can go through beyond a handshake.
pub(crate) fn of_tls13() -> Sessions {
    let server = Server::start(&["-tls1_3", "-rev", "-groups", "X25519"]);
    let saved = server.path("session");
    let updates = [
        Step::Say("before\n"),
        Step::Await("erofeb"),
        Step::Say("k\n"),
        Step::Await("KEYUPDATE"),
        Step::Say("between\n"),
        Step::Await("neewteb"),
        Step::Say("K\n"),
        Step::Await("KEYUPDATE"),
        Step::Say("after\n"),
        Step::Await("retfa"),
    ];
    let updated = "before\nbetween\nafter\n";
    let sessions = vec![
        // The first key share is for a group that the server does not have.
        session("retry", "one\n", server.client(&["-groups", "P-384:X25519"], &TALK)),
        session("key updates by one, then by both", updated, server.client(&[], &updates)),
        session("session to resume", "one\n", server.client(&["-sess_out", &saved], &TALK)),
        session("resumption", "one\n", server.client(&["-sess_in", &saved], &TALK)),
    ];
    server.conclude("-tls1_3", sessions)
}

/// Resumption by ticket and by session id, and a second handshake inside the first.
pub(crate) fn of_tls12() -> Sessions {
    let server = Server::start(&["-tls1_2", "-rev", "-client_renegotiation"]);
    let (ticket, id) = (server.path("ticket"), server.path("id"));
    let renegotiation = [
        Step::Say("before\n"),
        Step::Await("erofeb"),
        Step::Say("R\n"),
        Step::Await("RENEGOTIATING"),
        Step::Say("after\n"),
        Step::Await("retfa"),
    ];
    let mut sessions = Vec::new();
    for (label, arguments) in [
        ("session with a ticket", &["-sess_out", &*ticket][..]),
        ("resumption by ticket", &["-sess_in", &ticket]),
        ("session with an id", &["-no_ticket", "-sess_out", &id]),
        ("resumption by id", &["-no_ticket", "-sess_in", &id]),
    ] {
        sessions.push(session(label, "one\n", server.client(arguments, &TALK)));
    }
    let inside = server.client(&[], &renegotiation);
    sessions.push(session("renegotiation", "before\nafter\n", inside));
    server.conclude("-tls1_2", sessions)
}

/// For a page whose answer takes more than one record.
const REQUEST: &str = "GET /page HTTP/1.0\r\n\r\n";

/// One line each way.
const TALK: [Step; 2] = [Step::Say("one\n"), Step::Await("eno")];

/// A session, recorded.
struct Session {
    label: String,
    request: String,
    recording: Recording,
}

fn session(label: &str, request: &str, recording: Recording) -> Session {
    Session { label: label.to_owned(), request: request.to_owned(), recording }
}

/// `openssl s_server` behind a relay.
struct Server {
    folder: TempDir,
    relay: TcpListener,
    port: u16,
    _running: Running,
}

/// A program under `timeout`, which hands a signal on.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

impl Running {
    fn start(folder: &Path, program: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("timeout");
        command.args([LIFE, "openssl", program]).args(arguments).current_dir(folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().unwrap())
    }
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rsa = &["rsa:2048"][..];
        for (name, kind) in [("rsa", rsa), ("ec", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])] {
            let (key, certificate) = (path(&folder, name), path(&folder, &format!("{name}.pem")));
            let ends = ["-keyout", &key, "-out", &certificate, "-subj", "/CN=localhost"];
            openssl(&[&["req", "-x509", "-nodes", "-newkey"], kind, &ends].concat());
        }
        fs::write(folder.path().join("page"), "0123456789abcde\n".repeat(2000)).unwrap();
        let ends = ["-cert", "rsa.pem", "-key", "rsa", "-dcert", "ec.pem", "-dkey", "ec"];
        let all = [&["-accept", "127.0.0.1:0"], &ends[..], arguments].concat();
        let mut running = Running::start(folder.path(), "s_server", &all);
        let mut words = Words::of(&mut running.0);
        let text = words.wait_for("ACCEPT 127.0.0.1:").and_then(|()| words.wait_for("\n"));
        text.unwrap_or_else(|why| panic!("{all:?}: {why}"));
        let (_, port) = words.heard.rsplit_once("ACCEPT 127.0.0.1:").unwrap();
        let port = port.lines().next().unwrap().parse().unwrap();
        // Nobody reads on; its threads do, so that it is not held up.
        let relay = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        Self { folder, relay, port, _running: running }
    }

    fn path(&self, name: &str) -> String {
        path(&self.folder, name)
    }

    /// Runs a client through the relay.
    fn client(&self, arguments: &[&str], steps: &[Step]) -> Recording {
        let relay = format!("127.0.0.1:{}", self.relay.local_addr().unwrap().port());
        let ends = ["-connect", &relay, "-keylogfile", "keys", "-cipher", SUITES];
        let all = [&ends[..], arguments].concat();
        let client = Running::start(self.folder.path(), "s_client", &all);
        let (near, _) = self.relay.accept().unwrap();
        let far = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let recorder = Recorder::between(&near, &far);
        walk(client, steps).unwrap_or_else(|why| panic!("{all:?}: {why}"));
        recorder.conclude()
    }

    fn conclude(self, name: &str, sessions: Vec<Session>) -> Sessions {
        let file = self.folder.path().join("capture.pcap");
        let recordings: Vec<_> = sessions.iter().map(|session| session.recording.clone()).collect();
        pcap::write(&file, &recordings);
        let keys = fs::read(self.folder.path().join("keys")).unwrap();
        let (labels, requests) =
            sessions.into_iter().map(|session| (session.label, session.request)).unzip();
        Sessions { name: name.to_owned(), file, keys, labels, requests, _folder: self.folder }
    }
}

/// One step of a client's user.
enum Step {
    Say(&'static str),
    /// Waits until this is printed.
    Await(&'static str),
    /// Waits until the server ends; otherwise the user does, after the last step.
    AwaitEnd,
}

fn walk(mut client: Running, steps: &[Step]) -> Result<(), String> {
    let mut words = Words::of(&mut client.0);
    let mut input = client.0.stdin.take().unwrap();
    for step in steps {
        match step {
            Step::Say(text) => {
                input.write_all(text.as_bytes()).map_err(|error| error.to_string())?
            }
            Step::Await(text) => words.wait_for(text)?,
            Step::AwaitEnd => words.wait_for_end()?,
        }
    }
    drop(input);
    words.wait_for_end()
}

/// What a program prints, to both of its outputs.
struct Words {
    chunks: mpsc::Receiver<Vec<u8>>,
    heard: String,
    /// How much of it was waited for already.
    read: usize,
}

impl Words {
    fn of(child: &mut Child) -> Self {
        let (sender, chunks) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for mut output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = output.read(&mut buffer) {
                    // Nobody may be listening any more; the program is not to notice.
                    let _ = sender.send(buffer[..count].to_vec());
                }
            });
        }
        Self { chunks, heard: String::new(), read: 0 }
    }

    fn wait_for(&mut self, text: &str) -> Result<(), String> {
        loop {
            if let Some(at) = self.heard[self.read..].find(text) {
                self.read += at + text.len();
                return Ok(());
            }
            if !self.hear()? {
                return Err(format!("it ended before {text:?}: {}", self.heard));
            }
        }
    }

    fn wait_for_end(&mut self) -> Result<(), String> {
        while self.hear()? {}
        Ok(())
    }

    /// Whether there was more.
    fn hear(&mut self) -> Result<bool, String> {
        match self.chunks.recv_timeout(PATIENCE) {
            Ok(chunk) => {
                // What is waited for is ASCII.
                self.heard.extend(chunk.into_iter().map(|byte| char::from(byte & 0x7f)));
                Ok(true)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => Ok(false),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("it hangs: {}", self.heard)),
        }
    }
}

/// Carries bytes between two sockets and keeps a copy.
struct Recorder {
    said: Arc<Mutex<Recording>>,
    carriers: [thread::JoinHandle<()>; 2],
}

impl Recorder {
    fn between(near: &TcpStream, far: &TcpStream) -> Self {
        let said = Arc::new(Mutex::new(Recording::new()));
        let carry = |client, from: &TcpStream, to: &TcpStream| {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let said = said.clone();
            thread::spawn(move || {
                let mut buffer = [0; 16 * 1024];
                while let Ok(count @ 1..) = from.read(&mut buffer) {
                    said.lock().unwrap().push((client, buffer[..count].to_vec()));
                    if to.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Write);
            })
        };
        let carriers = [carry(true, near, far), carry(false, far, near)];
        Self { said, carriers }
    }

    fn conclude(self) -> Recording {
        for carrier in self.carriers {
            carrier.join().unwrap();
        }
        std::mem::take(&mut *self.said.lock().unwrap())
    }
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
