//! A listener on a port of its own: a thread for each connection, bounded in number, all of them
//! ended when it is dropped.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long to pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// Accepts connections and hands each to a thread of its own.
pub struct Acceptor {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

/// A connection that was accepted. Its streams are shut down when the acceptor goes.
#[derive(Debug)]
pub struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    number: u64,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    at_most: usize,
    stopping: AtomicBool,
    open: Mutex<Open>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Open {
    accepted: u64,
    streams: BTreeMap<u64, Vec<TcpStream>>,
    threads: Vec<JoinHandle<()>>,
}

impl Acceptor {
    /// Listens and serves at most so many connections at a time; more wait to be accepted.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub fn start(
        listen: SocketAddr,
        at_most: usize,
        serve: impl Fn(&Accepted) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            at_most: at_most.max(1),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
            changed: Condvar::new(),
        });
        let listening = thread::Builder::new().name("acceptor".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, &Arc::new(serve))
        })?;
        Ok(Self { address, shared, listening: Some(listening) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until no connection is open, or until the time is over. Says how many are open still.
    #[must_use]
    pub fn settle(&self, within: Duration) -> usize {
        let deadline = Instant::now() + within;
        let mut open = self.shared.open();
        while !open.streams.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            open = self.shared.wait(open, left);
        }
        open.streams.len()
    }

    /// Accepts nothing more.
    fn close(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.changed.notify_all();
        if let Some(listening) = self.listening.take() {
            // Wakes the thread out of `accept`. Where even that fails it cannot be joined.
            if TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(1)).is_ok()
                || listening.is_finished()
            {
                let _ = listening.join();
            }
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.close();
        let threads = {
            let mut open = self.shared.open();
            open.streams.values().flatten().for_each(shut);
            std::mem::take(&mut open.threads)
        };
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptor").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Accepted {
    /// The connection.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Who connected.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The number of the connection, from 1.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Ties another stream to this connection: it is shut down with it.
    ///
    /// # Errors
    ///
    /// When the stream cannot be shared, or the acceptor is about to go.
    pub fn tie(&self, other: &TcpStream) -> io::Result<()> {
        let copy = other.try_clone()?;
        let mut open = self.shared.open();
        // Under the lock: who is tied before the end is shut down, who comes later is told.
        if self.shared.stopping() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        open.streams.entry(self.number).or_default().push(copy);
        Ok(())
    }
}

impl Drop for Accepted {
    fn drop(&mut self) {
        if let Some(streams) = self.shared.open().streams.remove(&self.number) {
            streams.iter().for_each(shut);
        }
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, open: MutexGuard<'a, Open>, time: Duration) -> MutexGuard<'a, Open> {
        self.changed.wait_timeout(open, time).unwrap_or_else(PoisonError::into_inner).0
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Waits for a free place and enters the connection there.
    fn enter(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted> {
        let copy = stream.try_clone()?;
        let mut open = self.open();
        while open.streams.len() >= self.at_most && !self.stopping() {
            open = self.wait(open, Duration::from_secs(1));
        }
        if self.stopping() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        open.threads.retain(|thread| !thread.is_finished());
        open.accepted += 1;
        let number = open.accepted;
        open.streams.insert(number, vec![copy]);
        Ok(Accepted { stream, peer, number, shared: Arc::clone(self) })
    }
}

fn accept<S>(listener: &TcpListener, shared: &Arc<Shared>, serve: &Arc<S>)
where
    S: Fn(&Accepted) + Send + Sync + 'static,
{
    while !shared.stopping() {
        let entered = listener.accept().and_then(|(stream, peer)| shared.enter(stream, peer));
        let Ok(accepted) = entered else {
            // Out of descriptors, a client that left at once, or the end.
            if !shared.stopping() {
                thread::sleep(PAUSE);
            }
            continue;
        };
        let serve = Arc::clone(serve);
        let name = format!("connection {}", accepted.number);
        let spawned = thread::Builder::new().name(name).spawn(move || serve(&accepted));
        if let Ok(thread) = spawned {
            shared.open().threads.push(thread);
        }
    }
}

fn shut(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}

/// An address under which a listener on any address can be reached.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => {
            address.set_ip(Ipv4Addr::LOCALHOST.into())
        }
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            address.set_ip(Ipv6Addr::LOCALHOST.into())
        }
        _ => {}
    }
    address
}
