//! One TCP connection as a capture shows it: sequence numbers of both sides, and the segments that
//! go with what happens.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use super::{
    pcapng::Pcapng,
    segment::{
        Segment,
        flags::{ACK, FIN, PSH, RST, SYN},
    },
};

/// Payload of one segment, in bytes: what fits in an Ethernet frame, as in most captures.
const SEGMENT: usize = 1400;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Client,
    Server,
}

/// A connection.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    client: End,
    server: End,
    reset: bool,
}

#[derive(Clone, Debug)]
struct End {
    address: SocketAddr,
    /// The sequence number that comes next.
    next: u32,
}

impl Conversation {
    pub(super) fn new(client: SocketAddr, server: SocketAddr) -> Self {
        // Any numbers do. These differ between the directions and between connections.
        let end =
            |address: SocketAddr, base| End { address, next: base + u32::from(client.port()) };
        Self { client: end(client, 1_000_000), server: end(server, 2_000_000), reset: false }
    }

    /// SYN, SYN-ACK, ACK.
    pub(super) fn open<W: Write>(&mut self, file: &mut Pcapng<W>) -> io::Result<()> {
        let Self { client, server, .. } = self;
        let syn = Segment {
            from: client.address,
            to: server.address,
            sequence: client.next,
            acknowledged: 0,
            flags: SYN,
            payload: &[],
        };
        file.packet(&syn.packet())?;
        client.advance(1);
        self.say(From::Server, SYN | ACK, &[], file)?;
        self.say(From::Client, ACK, &[], file)
    }

    /// Bytes of one side, in segments, and the other side's acknowledgement.
    pub(super) fn data<W: Write>(
        &mut self,
        from: From,
        bytes: &[u8],
        file: &mut Pcapng<W>,
    ) -> io::Result<()> {
        let mut segments = bytes.chunks(SEGMENT).peekable();
        while let Some(segment) = segments.next() {
            let push = if segments.peek().is_none() { PSH } else { 0 };
            self.say(from, ACK | push, segment, file)?;
        }
        self.say(from.other(), ACK, &[], file)
    }

    /// One side has nothing more to send.
    pub(super) fn end<W: Write>(&mut self, from: From, file: &mut Pcapng<W>) -> io::Result<()> {
        self.say(from, FIN | ACK, &[], file)?;
        self.say(from.other(), ACK, &[], file)
    }

    /// One side gave up.
    pub(super) fn reset<W: Write>(&mut self, from: From, file: &mut Pcapng<W>) -> io::Result<()> {
        self.say(from, RST | ACK, &[], file)?;
        self.reset = true;
        Ok(())
    }

    fn say<W: Write>(
        &mut self,
        from: From,
        flags: u8,
        payload: &[u8],
        file: &mut Pcapng<W>,
    ) -> io::Result<()> {
        if self.reset {
            return Ok(());
        }
        let (us, them) = match from {
            From::Client => (&mut self.client, &self.server),
            From::Server => (&mut self.server, &self.client),
        };
        let segment = Segment {
            from: us.address,
            to: them.address,
            sequence: us.next,
            acknowledged: them.next,
            flags,
            payload,
        };
        file.packet(&segment.packet())?;
        // SYN and FIN take a number each (RFC 9293, section 3.4).
        let counted = u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0);
        us.advance(counted.wrapping_add(payload.len() as u32));
        Ok(())
    }
}

impl End {
    fn advance(&mut self, by: u32) {
        self.next = self.next.wrapping_add(by);
    }
}

impl From {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
