//! Packets to segments and datagrams: link layers, IP, fragments, tunnels.

mod bytes;
mod fragments;
mod ip;
mod link;
mod reason;

use std::net::SocketAddr;

use bytes::Bytes;
use fragments::Fragments;
pub(crate) use reason::Reason;

/// A segment or a datagram, as far as it was captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) payload: &'a [u8],
    /// Bytes of the payload that were sent and not captured.
    pub(crate) missing: u32,
    /// Nothing for a datagram.
    pub(crate) tcp: Option<Tcp>,
}

/// What a TCP header says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tcp {
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) reset: bool,
}

/// Decodes packets; holds fragments until they are whole.
pub(crate) struct Decoder {
    fragments: Fragments,
}

/// Protocols inside protocols: more than any honest network nests.
const DEEPEST: usize = 16;

impl Decoder {
    /// Holds at most this many bytes of fragments.
    pub(crate) fn new(most: usize) -> Self {
        Self { fragments: Fragments::new(most) }
    }

    /// Decodes a packet. Says why, where nothing comes of it.
    pub(crate) fn packet(
        &mut self,
        link_type: u32,
        data: &[u8],
        hear: &mut dyn FnMut(Segment<'_>),
    ) -> Result<(), Reason> {
        let mut layers = Layers { fragments: &mut self.fragments, hear, left: DEEPEST };
        link::packet(&mut layers, link_type, Bytes(data))
    }

    /// Datagrams of which fragments never came.
    pub(crate) fn incomplete(&self) -> u64 {
        self.fragments.incomplete()
    }
}

/// What every layer needs.
struct Layers<'h> {
    fragments: &'h mut Fragments,
    hear: &'h mut dyn FnMut(Segment<'_>),
    left: usize,
}

impl Layers<'_> {
    /// One layer deeper.
    fn enter(&mut self) -> Result<(), Reason> {
        self.left = self.left.checked_sub(1).ok_or(Reason::TooDeep)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
