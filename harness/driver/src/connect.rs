//! What a suite needs of a driver: one device after the other.

use std::{pin::Pin, sync::Arc};

use crate::{
    connection::{Connection, Unreachable},
    sdk::Device,
};

/// A future on the heap, so that traits with it stay object safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that yields devices of one candidate.
pub trait Connect: Send + Sync {
    /// A new device, past its `hello`. Needs a Tokio runtime.
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Unreachable>>;

    /// What the user types to name this driver again.
    fn name(&self) -> String;
}

/// A device that runs in this process, behind the same protocol.
#[derive(Clone)]
pub struct Builtin {
    name: String,
    make: Arc<dyn Fn() -> Box<dyn Device + Send> + Send + Sync>,
}

impl Builtin {
    /// The device `builtin:NAME`, made anew for each connection.
    pub fn new(
        name: &str,
        make: impl Fn() -> Box<dyn Device + Send> + Send + Sync + 'static,
    ) -> Self {
        Self { name: format!("builtin:{name}"), make: Arc::new(make) }
    }
}

impl Connect for Builtin {
    fn connect(&self) -> BoxFuture<'_, Result<Connection, Unreachable>> {
        Box::pin(Connection::builtin((self.make)()))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
