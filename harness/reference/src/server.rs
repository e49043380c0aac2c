//! The server: stores envelopes and attachments, and hands them out.
//!
//! Three listeners on loopback: the main one (prekeys, messages, presence) and the one for media
//! speak TLS; a third, without TLS, exists with the fault `plaintext-port` only.

mod certificate;
mod notices;
mod serve;
mod shop;
mod timed;
pub(crate) mod tls;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use hallmark_wire::Acceptor;
use openssl::pkey::{PKey, Public};

use crate::faults::{Fault, Faults};
use certificate::Minted;
use shop::Shop;
use tls::Listener;

/// Connections served at a time, by each listener. A scanner is refused nothing: it waits.
const AT_MOST: usize = 32;

/// The reference server. Everything ends when it is dropped: connections, threads, ports.
#[derive(Debug)]
pub struct ReferenceServer {
    main: Acceptor,
    media: Acceptor,
    notices: Option<Acceptor>,
    storage: PathBuf,
    root_pem: String,
    public_key: PKey<Public>,
}

impl ReferenceServer {
    /// Mints certificates and starts to listen on ports of 127.0.0.1 that were free. What is
    /// stored lies in `folder`, under [`ReferenceServer::storage`].
    ///
    /// # Errors
    ///
    /// When the folder cannot be written or no port can be listened on.
    pub fn start(faults: &Faults, folder: &Path) -> io::Result<Self> {
        let storage = folder.join("storage");
        let shop = Arc::new(Shop::open(&storage.join("server"))?);
        let minted = Minted::new(*faults)?;
        let serve = |listener| {
            let context = tls::server(listener, *faults, &minted)?;
            let shop = Arc::clone(&shop);
            Acceptor::start(any_port(), AT_MOST, move |client| serve::tls(client, &context, &shop))
        };
        let notices = faults.has(Fault::PlaintextPort).then(|| {
            let shop = Arc::clone(&shop);
            Acceptor::start(any_port(), AT_MOST, move |client| notices::serve(client, &shop))
        });
        Ok(Self {
            main: serve(Listener::Main)?,
            media: serve(Listener::Media)?,
            notices: notices.transpose()?,
            storage,
            root_pem: minted.root_pem()?,
            public_key: minted.public_key()?,
        })
    }

    /// Where messages are taken and handed out, over TLS: what a scanner looks at.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.main.address()
    }

    /// Where attachments are taken and handed out, over TLS.
    #[must_use]
    pub fn media_address(&self) -> SocketAddr {
        self.media.address()
    }

    /// Where presence and notices go without TLS: with the fault `plaintext-port` only.
    #[must_use]
    pub fn notices_address(&self) -> Option<SocketAddr> {
        self.notices.as_ref().map(Acceptor::address)
    }

    /// The folder with everything that the candidate stores: the server's part and, once a scene
    /// was played, that of the apps.
    #[must_use]
    pub fn storage(&self) -> &Path {
        &self.storage
    }

    /// The root certificate, in PEM.
    #[must_use]
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// The key that the reference app pins: it connects whatever is wrong with the certificate.
    pub(crate) fn public_key(&self) -> &PKey<Public> {
        &self.public_key
    }
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
