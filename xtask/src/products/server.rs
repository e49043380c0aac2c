//! Real servers as child processes on loopback, each in a folder of its own.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::certificate;
use crate::workspace;

/// How long a server may take until it listens.
const READY: Duration = Duration::from_secs(60);
/// How long it may take to end after it was asked to.
const END: Duration = Duration::from_secs(20);
/// Lines of its log that are shown when it does not start.
const LAST_WORDS: usize = 12;

/// A child process, and the end of what it says.
struct Process {
    child: Child,
    /// Closed when it says no more.
    silent: Receiver<()>,
}

/// A kind of server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Prosody,
    Synapse,
}

/// A server that listens. It ends when this is dropped, and is killed when this program is.
pub(super) struct Running {
    _process: Process,
    pub(super) endpoint: String,
    pub(super) starttls: Option<&'static str>,
    pub(super) name: &'static str,
    /// From the folder of the description.
    pub(super) roots: &'static str,
    pub(super) storage: &'static str,
    /// Further endpoints, by the setting of the driver.
    pub(super) relay: Vec<(&'static str, String)>,
}

impl Server {
    /// As installed here.
    pub(super) fn version(self) -> String {
        match self {
            Self::Prosody => {
                let asked =
                    Command::new("dpkg-query").args(["-W", "-f=${Version}", "prosody"]).output();
                let said =
                    asked.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
                said.filter(|version| !version.is_empty()).unwrap_or_else(|| "unknown".to_owned())
            }
            Self::Synapse => {
                let pins = fs::read_to_string(
                    workspace::root().join("harness/products/synapse/requirements.txt"),
                );
                let pins = pins.unwrap_or_default();
                let pin = pins.lines().find_map(|line| line.strip_prefix("matrix-synapse=="));
                pin.unwrap_or("unknown").to_owned()
            }
        }
    }

    /// Starts it in `folder`, and waits until it listens.
    pub(super) fn start(self, folder: &Path) -> Result<Running, String> {
        match self {
            Self::Prosody => prosody(folder),
            Self::Synapse => synapse(folder),
        }
    }
}

fn prosody(folder: &Path) -> Result<Running, String> {
    let name = "chat.test";
    let names = [name.to_owned(), format!("conference.{name}"), format!("upload.{name}")];
    for inner in ["data", "log", "tls"] {
        fs::create_dir(folder.join(inner)).map_err(|error| error.to_string())?;
    }
    certificate::make(&folder.join("tls"), &names)?;
    // Both listen until both ports are known, so that they differ.
    let (c2s, https) = (free()?, free()?);
    let ports = [port(&c2s)?, port(&https)?];
    drop((c2s, https));
    let values = [
        ("@DIR@", folder.display().to_string()),
        ("@C2S_PORT@", ports[0].clone()),
        ("@HTTPS_PORT@", ports[1].clone()),
        ("@DOMAIN@", name.to_owned()),
    ];
    fill("prosody/prosody.cfg.lua", folder, &values)?;
    let mut command = child("prosody");
    command.arg("-F").arg("--config").arg(folder.join("prosody.cfg.lua")).current_dir(folder);
    let child = spawn(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let listens =
        |service: &str, port: &str| format!("Activated service '{service}' on [127.0.0.1]:{port}");
    let both = [listens("c2s", &ports[0]), listens("https", &ports[1])];
    let (process, ()) = ready(child, |line, seen: &mut [bool; 2]| {
        for (seen, what) in seen.iter_mut().zip(&both) {
            *seen |= line.contains(what.as_str());
        }
        seen.iter().all(|seen| *seen).then_some(())
    })?;
    Ok(Running {
        _process: process,
        endpoint: format!("127.0.0.1:{}", ports[0]),
        starttls: Some("xmpp"),
        name,
        roots: "tls/root.pem",
        storage: "data",
        relay: vec![("upload-endpoint", format!("127.0.0.1:{}", ports[1]))],
    })
}

fn synapse(folder: &Path) -> Result<Running, String> {
    let name = "matrix.test";
    let inner = folder.join("synapse");
    fs::create_dir(&inner).map_err(|error| error.to_string())?;
    certificate::make(&inner, &[name.to_owned()])?;
    let values = [
        ("@DIR@", inner.display().to_string()),
        ("@PORT@", "0".to_owned()),
        ("@NAME@", name.to_owned()),
    ];
    fill("synapse/homeserver.yaml", &inner, &values)?;
    fill("synapse/log.yaml", &inner, &values)?;
    let python = workspace::root().join("target/release/peers/synapse/bin/python");
    if !python.exists() {
        return Err("Synapse is not installed: `cargo xtask peers` installs it".to_owned());
    }
    let mut command = child(&python);
    command.args(["-m", "synapse.app.homeserver", "-c"]).arg(inner.join("homeserver.yaml"));
    let child = spawn(command.current_dir(&inner).stdout(Stdio::null()).stderr(Stdio::piped()))?;
    let (process, port) = ready(child, |line, (): &mut ()| {
        let rest = line.split_once("now listening on TCP port ")?.1;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    })?;
    Ok(Running {
        _process: process,
        endpoint: format!("127.0.0.1:{port}"),
        starttls: None,
        name,
        roots: "synapse/root.pem",
        storage: "synapse",
        relay: Vec::new(),
    })
}

impl Drop for Process {
    /// Asks it to end, waits until it says no more, and kills it if that takes too long.
    fn drop(&mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if asked.is_ok_and(|status| status.success())
            && self.silent.recv_timeout(END) == Err(RecvTimeoutError::Disconnected)
        {
            let _ = self.child.wait();
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that dies with us, however we end.
pub(super) fn child(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref()).stdin(Stdio::null());
    command
}

fn spawn(command: &mut Command) -> Result<Child, String> {
    command.spawn().map_err(|error| {
        format!("{} cannot be run: {error}", command.get_program().to_string_lossy())
    })
}

/// Reads what the server says until a line tells that it listens; reads on for as long as it runs, so that
/// its log never blocks it.
fn ready<S: Default, T>(
    mut child: Child,
    tells: impl Fn(&str, &mut S) -> Option<T>,
) -> Result<(Process, T), String> {
    let stdout = child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let stderr = child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>);
    let said = stdout.or(stderr).ok_or("the server has no output to read")?;
    let (tell, lines) = mpsc::sync_channel(64);
    let (speaks, silent) = mpsc::channel();
    let process = Process { child, silent };
    thread::spawn(move || {
        let mut wanted = true;
        for line in BufReader::new(said).split(b'\n') {
            let Ok(line) = line else { break };
            // Once nobody listens any more, lines are read and forgotten.
            wanted = wanted && tell.send(String::from_utf8_lossy(&line).into_owned()).is_ok();
        }
        drop::<mpsc::Sender<()>>(speaks);
    });
    wait(&lines, tells).map(|found| (process, found))
}

fn wait<S: Default, T>(
    lines: &Receiver<String>,
    tells: impl Fn(&str, &mut S) -> Option<T>,
) -> Result<T, String> {
    let deadline = Instant::now() + READY;
    let (mut state, mut last) = (S::default(), Vec::new());
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(found) = tells(&line, &mut state) {
                    return Ok(found);
                }
                last.push(line);
                if last.len() > LAST_WORDS {
                    last.remove(0);
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!(
                    "the server did not listen within {} s; it said:\n{}",
                    READY.as_secs(),
                    last.join("\n")
                ));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(format!("the server ended; it said:\n{}", last.join("\n")));
            }
        }
    }
}

fn free() -> Result<TcpListener, String> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))
}

fn port(listener: &TcpListener) -> Result<String, String> {
    listener.local_addr().map(|at| at.port().to_string()).map_err(|error| error.to_string())
}

/// Copies a template of `harness/products` into `folder`, with its placeholders filled.
fn fill(template: &str, folder: &Path, values: &[(&str, String)]) -> Result<(), String> {
    let from = workspace::root().join("harness/products").join(template);
    let cannot = |error: std::io::Error| format!("{}: {error}", from.display());
    let mut text = fs::read_to_string(&from).map_err(cannot)?;
    for (placeholder, value) in values {
        text = text.replace(placeholder, value);
    }
    let name = from.file_name().unwrap_or_default();
    fs::write(folder.join(name), text).map_err(|error| error.to_string())
}
