//! From a name to a connection.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use crate::{Refusal, Target};

/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

/// How long an address may take where there is another to try.
const NEXT: Duration = Duration::from_secs(2);

/// Where the server was found. Once an address connected, it is kept: another might be another
/// server.
#[derive(Debug, Default)]
pub(crate) struct Address {
    found: Mutex<Option<SocketAddr>>,
}

impl Address {
    pub(crate) fn found(&self) -> Option<SocketAddr> {
        *self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects. `count` is asked before each try and may forbid it.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        limit: Duration,
        count: impl Fn() -> Result<(), Refusal>,
    ) -> Result<TcpStream, Refusal> {
        let addresses = match self.found() {
            Some(found) => vec![found],
            None => resolve(target, limit).await?,
        };
        let mut failures = Vec::new();
        for (position, address) in addresses.iter().enumerate() {
            count()?;
            let is_last = position + 1 == addresses.len();
            let limit = if is_last { limit } else { limit.min(NEXT) };
            match timeout(limit, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => {
                    *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(*address);
                    let _ = socket.set_nodelay(true); // only makes it faster
                    return Ok(socket);
                }
                Ok(Err(error)) => failures.push(format!("{address}: {}", words(&error))),
                Err(_) => failures.push(format!("{address}: no answer within {limit:?}")),
            }
        }
        Err(Refusal::Unreachable(failures.join("; ")))
    }
}

async fn resolve(target: &Target, limit: Duration) -> Result<Vec<SocketAddr>, Refusal> {
    let unreachable = |why: String| Refusal::Unreachable(format!("{}: {why}", target.host));
    let found = timeout(limit, lookup_host((target.host.as_str(), target.port)))
        .await
        .map_err(|_| unreachable(format!("its address was not found within {limit:?}")))?
        .map_err(|error| unreachable(words(&error)))?;
    let addresses: Vec<_> = found.take(ADDRESSES).collect();
    if addresses.is_empty() {
        return Err(unreachable("it has no address".to_owned()));
    }
    Ok(addresses)
}

/// The system's words, without its number where they have a name.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::InvalidInput => error.to_string(),
        kind if kind.to_string().contains("uncategorized") => error.to_string(),
        kind => kind.to_string(),
    }
}
