//! A relay on loopback that keeps what passes.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

/// Both directions of a connection.
pub(crate) struct Recording {
    pub(crate) client: Vec<u8>,
    pub(crate) server: Vec<u8>,
}

/// A relay for one connection.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    relay: JoinHandle<Recording>,
}

impl Recorder {
    /// Relays the first connection to `server`.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let relay = thread::spawn(move || {
            let (client, _) = listener.accept().expect("a connection");
            let server = TcpStream::connect(server).expect("the server");
            let (back_from, back_to) = (clone(&server), clone(&client));
            let back = thread::spawn(move || pass(back_from, back_to));
            let client = pass(client, server);
            Recording { client, server: back.join().expect("no panic") }
        });
        Self { address, relay }
    }

    /// Waits until both sides have closed.
    pub(crate) fn recording(self) -> Recording {
        self.relay.join().expect("no panic")
    }
}

fn clone(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

fn pass(mut from: TcpStream, mut to: TcpStream) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; 16 * 1024];
    // A reset by a peer that has said all it had to say is an end like any other.
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    kept
}
