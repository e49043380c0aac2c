//! Real servers.

pub(crate) mod nginx;
pub(crate) mod node;
pub(crate) mod prosody;
pub(crate) mod s_server;
