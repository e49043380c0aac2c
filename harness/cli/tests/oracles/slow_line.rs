//! A long line to an honest server.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Carries connections on to a server, and every answer late.
pub(crate) struct SlowLine {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Drop for SlowLine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
    }
}

impl SlowLine {
    pub(crate) fn to(server: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::spawn(move || {
            while let Ok((near, _)) = listener.accept() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(far) = TcpStream::connect(server) else { continue };
                carry(&near, &far, Duration::ZERO);
                carry(&far, &near, delay);
            }
        });
        Self { address, stop }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn carry(from: &TcpStream, to: &TcpStream, delay: Duration) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            thread::sleep(delay);
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
