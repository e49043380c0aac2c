//! The driver's process. (Being built.)

use tokio::io::{AsyncRead, AsyncWrite};

/// A running driver process.
pub(crate) struct Child;

impl Child {
    pub(crate) fn take_pipes(
        &mut self,
    ) -> (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>) {
        (Box::new(tokio::io::empty()), Box::new(tokio::io::sink()))
    }

    pub(crate) fn isolation(&self) -> Vec<String> {
        Vec::new()
    }

    pub(crate) async fn exit_reason(&mut self) -> Option<String> {
        None
    }

    pub(crate) async fn end(self) -> Option<String> {
        None
    }
}
