//! A server as a child process, gone when the test is.

use std::{
    fmt::Write,
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// How long it may run if nobody is left to stop it.
const LIFE: &str = "600";

/// How often another port is tried where somebody took ours in between.
const PORTS: usize = 5;

/// A running server with a folder of its own.
pub(crate) struct Server {
    port: u16,
    // Dropped before the folder that it works in.
    _group: Group,
    _folder: TempDir,
}

/// A process and everything it started.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = Pid::from_raw(i32::try_from(self.0.id()).unwrap_or(0)) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts what `command` makes of a folder and a free port, and waits until it accepts
    /// connections.
    pub(crate) fn start(command: impl Fn(&Path, u16) -> Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut words = String::new();
        for _ in 0..PORTS {
            let port = free_port();
            let mut group = spawn(&command(folder.path(), port), folder.path());
            match group.listens(port) {
                Ok(()) => return Self { port, _group: group, _folder: folder },
                Err(why) => {
                    let _ = write!(words, "{why}: {}", said(folder.path()));
                }
            }
        }
        panic!("the server did not start: {words}");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        address(self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Group {
    fn listens(&mut self, port: u16) -> Result<(), String> {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if let Some(status) = self.0.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("it ended with {status}"));
            }
            if TcpStream::connect_timeout(&address(port), START).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("it does not listen".to_owned())
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Runs it under `timeout`, so that it ends also where we are killed.
fn spawn(command: &Command, folder: &Path) -> Group {
    let log = File::create(log(folder)).unwrap();
    let mut guarded = Command::new("timeout");
    guarded.args(["--kill-after=1", LIFE]).arg(command.get_program()).args(command.get_args());
    guarded
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .process_group(0);
    Group(guarded.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

fn log(folder: &Path) -> PathBuf {
    folder.join("server.log")
}

fn said(folder: &Path) -> String {
    fs::read(log(folder)).map_or_else(
        |error: io::Error| error.to_string(),
        |bytes| String::from_utf8_lossy(&bytes).into_owned(),
    )
}

#[test]
fn a_server_and_its_children_go_with_the_test() {
    // The shell listens nowhere; its child does not either: the port is ours.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 60 & echo $! > child; wait"]);
    let mut group = spawn(&command, folder.path());
    group.listens(port).unwrap();
    let deadline = Instant::now() + START;
    let child = loop {
        match fs::read_to_string(folder.path().join("child")).unwrap_or_default().trim().parse() {
            Ok(child) => break Pid::from_raw(child).unwrap(),
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            Err(error) => panic!("{error}"),
        }
    };
    assert!(rustix::process::test_kill_process(child).is_ok());
    drop(group);
    let is_gone = || match fs::read_to_string(format!("/proc/{}/stat", child.as_raw_nonzero())) {
        // A zombie that nobody has buried yet is dead too.
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    while !is_gone() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(is_gone());
}
