//! Drivers that somebody else started, and that listen on this machine.
//!
//! Each connection is one device. Hallmark does not start such a driver, so it enforces nothing
//! about its process, and says so.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use hallmark_model::text;
use tokio::{
    net::{TcpStream, UnixStream},
    time::timeout,
};

use crate::{
    connect::{BoxFuture, Connect},
    connection::{Connection, Deadlines, Unreachable},
};

/// How long a connection on one machine may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Begins the path of a Unix socket.
const UNIX: &str = "unix:";

/// Where a driver listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On a loopback address.
    Tcp(SocketAddr),
    /// On a Unix socket.
    Unix(PathBuf),
}

/// Text that names no place where a driver may listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Neither form.
    #[error(
        "`{}` is not an address to attach to: write `127.0.0.1:4000`, `[::1]:4000` or \
         `unix:/path.sock`", text::one_line(.0)
    )]
    Form(String),
    /// Another machine, or this one by an address that others reach too.
    #[error(
        "{0} is not a loopback address: the protocol has neither encryption nor a password, and \
         what travels in it would decide the verdict; on another machine, forward a port to it"
    )]
    NotLoopback(SocketAddr),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(said: &str) -> Result<Self, AddressError> {
        if let Some(path) = said.strip_prefix(UNIX) {
            let path = Path::new(path);
            let form = || AddressError::Form(said.to_owned());
            return if path.as_os_str().is_empty() {
                Err(form())
            } else {
                Ok(Self::Unix(path.to_owned()))
            };
        }
        let address: SocketAddr = said.parse().map_err(|_| AddressError::Form(said.to_owned()))?;
        if !address.ip().to_canonical().is_loopback() {
            return Err(AddressError::NotLoopback(address));
        }
        if address.port() == 0 {
            return Err(AddressError::Form(said.to_owned()));
        }
        Ok(Self::Tcp(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// A driver that listens: each connection is one device.
#[derive(Clone, Debug)]
pub struct Attach {
    /// What the user types to name this driver again.
    pub name: String,
    /// Where it listens.
    pub address: Address,
    /// How long it may take.
    pub deadlines: Deadlines,
    /// What its manifest tells people; said again where it cannot be reached.
    pub note: Option<String>,
}

impl Attach {
    /// A driver at this address, with the usual deadlines.
    #[must_use]
    pub fn to(name: &str, address: Address) -> Self {
        Self { name: name.to_owned(), address, deadlines: Deadlines::default(), note: None }
    }

    /// Connects and says hello. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or does not answer as the protocol wants.
    pub async fn connect(&self) -> Result<Connection, Unreachable> {
        self.start().await.map_err(|unreachable| match &self.note {
            Some(note) => {
                unreachable.noting(&format!("its manifest notes: {}", text::one_line(note)))
            }
            None => unreachable,
        })
    }

    async fn start(&self) -> Result<Connection, Unreachable> {
        let attach = |reason: String| Unreachable::Attach {
            address: text::one_line(&self.address.to_string()),
            reason,
        };
        let isolation = vec![format!(
            "none enforced: the driver was started by somebody else, and listens on {}",
            text::one_line(&self.address.to_string())
        )];
        let late = |_| attach(format!("no connection within {} s", CONNECT.as_secs()));
        let failed = |error: std::io::Error| attach(error.to_string());
        match &self.address {
            Address::Tcp(address) => {
                let stream = timeout(CONNECT, TcpStream::connect(address)).await;
                let stream = stream.map_err(late)?.map_err(failed)?;
                // Requests and answers alternate: waiting for more to send would only cost time.
                let _ = stream.set_nodelay(true);
                let (reader, writer) = stream.into_split();
                Connection::attached(reader, writer, self.deadlines, isolation).await
            }
            Address::Unix(path) => {
                let stream = timeout(CONNECT, UnixStream::connect(path)).await;
                let (reader, writer) = stream.map_err(late)?.map_err(failed)?.into_split();
                Connection::attached(reader, writer, self.deadlines, isolation).await
            }
        }
    }
}

impl Connect for Attach {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Unreachable>> {
        Box::pin(Self::connect(self))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_an_address() {
        for good in ["127.0.0.1:4000", "127.8.9.1:1", "[::1]:4000", "unix:/run/d.sock", "unix:d"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        let shown: Vec<_> = [
            "",
            "unix:",
            "4000",
            "localhost:4000",
            "127.0.0.1",
            "127.0.0.1:0",
            "127.0.0.1:70000",
            "192.0.2.1:4000",
            "0.0.0.0:4000",
            "[::]:4000",
            "[2001:db8::1]:4000",
        ]
        .iter()
        .map(|bad| bad.parse::<Address>().unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
        assert!("[::ffff:127.0.0.1]:4000".parse::<Address>().is_ok());
    }
}
