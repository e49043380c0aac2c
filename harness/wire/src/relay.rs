//! A relay that records what passes.

mod conversation;
mod pcapng;
mod segment;

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Read, Write},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use conversation::{Conversation, From};
use pcapng::Pcapng;

use crate::acceptor::{Accepted, Acceptor};

/// Connections that pass at a time, for each target.
const AT_MOST: usize = 64;
/// How long to wait for the target to accept.
const CONNECT: Duration = Duration::from_secs(5);
/// How long open connections may go on after [`Relay::finish`].
const SETTLE: Duration = Duration::from_secs(5);
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// Passes connections on to a server and writes them to a pcapng file: the real bytes under
/// synthetic IP and TCP headers, without Ethernet (link type RAW).
///
/// In the file, the flow goes from the real client to the real server: the relay itself is not
/// seen. Every packet is written before its bytes are passed on, so that answers follow questions.
/// Dropping a relay ends its connections.
pub struct Relay {
    tape: Arc<Tape>,
    doors: Vec<Acceptor>,
}

/// What a relay wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Packets in the file.
    pub packets: u64,
    /// Connections that reached their target.
    pub connections: u64,
    /// Connections that had not ended in time and were cut.
    pub cut: u64,
}

impl Relay {
    /// Listens on `listen` (port 0: any free port) and passes every connection on to `target`.
    ///
    /// # Errors
    ///
    /// When the file cannot be created or the address cannot be listened on.
    pub fn start(listen: SocketAddr, target: SocketAddr, file: &Path) -> io::Result<Self> {
        let tape = Arc::new(Tape::create(file)?);
        let door = door(listen, target, &tape)?;
        Ok(Self { tape, doors: vec![door] })
    }

    /// Where to connect to instead of the target.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.doors.first().map_or((Ipv4Addr::UNSPECIFIED, 0).into(), Acceptor::address)
    }

    /// Relays to a further target as well, into the same file. Returns where to connect to.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn also(&mut self, listen: SocketAddr, target: SocketAddr) -> io::Result<SocketAddr> {
        let door = door(listen, target, &self.tape)?;
        let address = door.address();
        self.doors.push(door);
        Ok(address)
    }

    /// Puts lines of a key log into the file, as a Decryption Secrets Block. Readers that pass
    /// over the file once need them before the packets that they open.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn secrets(&self, lines: &str) -> io::Result<()> {
        self.tape.write(|tape| tape.file.secrets(lines))
    }

    /// Waits for open connections to end, five seconds at most, cuts those that do not, and
    /// completes the file.
    ///
    /// # Errors
    ///
    /// The first failure to write the file, also an earlier one.
    pub async fn finish(self) -> io::Result<Recorded> {
        tokio::task::spawn_blocking(|| self.finish_blocking()).await.map_err(io::Error::other)?
    }

    /// [`Relay::finish`] outside of a runtime.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn finish_blocking(self) -> io::Result<Recorded> {
        let deadline = Instant::now() + SETTLE;
        let left = |door: &Acceptor| {
            door.settle(deadline.saturating_duration_since(Instant::now())) as u64
        };
        let cut = self.doors.iter().map(left).sum();
        drop(self.doors);
        self.tape.write(|tape| {
            tape.file.flush()?;
            let (packets, connections) = (tape.file.packets(), tape.connections);
            Ok(Recorded { packets, connections, cut })
        })
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("doors", &self.doors).finish_non_exhaustive()
    }
}

/// The file, shared by everything that is relayed.
struct Tape(Mutex<Writing>);

struct Writing {
    file: Pcapng<BufWriter<File>>,
    connections: u64,
    failed: Option<io::Error>,
}

impl Tape {
    fn create(file: &Path) -> io::Result<Self> {
        let file = Pcapng::start(BufWriter::new(File::create(file)?))?;
        Ok(Self(Mutex::new(Writing { file, connections: 0, failed: None })))
    }

    /// Writes, unless that failed before. A failure is kept: traffic goes on, and whoever asks
    /// for the recording is told.
    fn write<T>(&self, write: impl FnOnce(&mut Writing) -> io::Result<T>) -> io::Result<T> {
        let mut tape = self.lock();
        if let Some(error) = &tape.failed {
            return Err(io::Error::new(error.kind(), error.to_string()));
        }
        let written = write(&mut tape);
        if let Err(error) = &written {
            tape.failed = Some(io::Error::new(error.kind(), error.to_string()));
        }
        written
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn door(listen: SocketAddr, target: SocketAddr, tape: &Arc<Tape>) -> io::Result<Acceptor> {
    let tape = Arc::clone(tape);
    Acceptor::start(listen, AT_MOST, move |client| {
        // A target that cannot be reached shows to the client as a connection that ends at once.
        let _ = pass(client, target, &tape);
    })
}

/// Passes one connection in both directions until both have ended.
fn pass(client: &Accepted, target: SocketAddr, tape: &Tape) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&target, CONNECT)?;
    client.tie(&server)?;
    client.stream().set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from, to) = same_family(client.peer(), target);
    let conversation = Mutex::new(Conversation::new(from, to));
    let record = Record { tape, conversation: &conversation };
    tape.lock().connections += 1;
    record.write(|conversation, file| conversation.open(file));
    thread::scope(|both| {
        let forth = || pump(client.stream(), &server, From::Client, &record);
        thread::Builder::new().spawn_scoped(both, forth)?;
        pump(&server, client.stream(), From::Server, &record);
        Ok(())
    })
}

/// Where a connection is recorded.
struct Record<'a> {
    tape: &'a Tape,
    conversation: &'a Mutex<Conversation>,
}

impl Record<'_> {
    fn write(
        &self,
        write: impl FnOnce(&mut Conversation, &mut Pcapng<BufWriter<File>>) -> io::Result<()>,
    ) {
        // A failure is kept by the tape.
        let _ = self.tape.write(|tape| {
            let conversation = self.conversation.lock();
            write(&mut conversation.unwrap_or_else(PoisonError::into_inner), &mut tape.file)
        });
    }
}

/// Passes one direction on until it ends.
fn pump(mut from: &TcpStream, mut to: &TcpStream, side: From, record: &Record<'_>) {
    let mut chunk = [0; CHUNK];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => {
                record.write(|conversation, file| conversation.end(side, file));
                let _ = to.shutdown(Shutdown::Write);
                return;
            }
            Ok(length) => {
                let bytes = chunk.get(..length).unwrap_or_default();
                record.write(|conversation, file| conversation.data(side, bytes, file));
                if to.write_all(bytes).is_err() {
                    // Whoever is written to is gone: nobody will answer.
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                record.write(|conversation, file| conversation.reset(side, file));
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

/// Both addresses as IPv4 or both as IPv6, as one packet has them.
fn same_family(from: SocketAddr, to: SocketAddr) -> (SocketAddr, SocketAddr) {
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(v4) => SocketAddr::new(v4.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    if from.is_ipv4() == to.is_ipv4() { (from, to) } else { (mapped(from), mapped(to)) }
}
