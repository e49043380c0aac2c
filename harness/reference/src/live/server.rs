//! The server of the live app, on a port of its own.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hallmark_wire::{Accepted, Acceptor};

use super::{
    hall::Hall,
    line::{Say, read, write},
};

/// Connections at a time.
const AT_MOST: usize = 256;

/// The server of the live app. Everything ends when it is dropped.
#[derive(Debug)]
pub struct LiveServer {
    hall: Arc<Hall>,
    acceptor: Acceptor,
}

impl LiveServer {
    /// Listens on a port of 127.0.0.1 that was free.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub fn start() -> io::Result<Self> {
        let hall = Arc::new(Hall::default());
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let acceptor = Acceptor::start(anywhere, AT_MOST, {
            let hall = Arc::clone(&hall);
            move |client| {
                // Whoever breaks off is gone; there is nobody to tell.
                let _ = serve(client, &hall);
            }
        })?;
        Ok(Self { hall, acceptor })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.acceptor.address()
    }
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        self.hall.close();
    }
}

fn serve(client: &Accepted, hall: &Hall) -> io::Result<()> {
    client.stream().set_nodelay(true)?;
    let mut who = None;
    while let Some(say) = read::<Say>(client.stream())? {
        write(client.stream(), hall.answer(&mut who, say))?;
    }
    Ok(())
}
