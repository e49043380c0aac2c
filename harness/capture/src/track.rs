//! The flows that are under way.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::SocketAddr,
};

use hallmark_tls::KeyLog;
use jiff::Timestamp;

use crate::{
    Flow, Limits, Listener, Protocol, Side, Transport,
    conversation::Conversation,
    decode::{Segment, Tcp},
    problems::Problems,
    read::NO_FLOW,
    recognise,
    session::Ears,
    tcp::{Budget, Half, Output},
};

/// Follows flows, and tells the listener what they say.
pub(crate) struct Tracker<'a> {
    keys: KeyLog,
    listener: &'a mut dyn Listener,
    most: usize,
    under_way: HashMap<Key, Box<Tracked>>,
    done: Vec<Flow>,
    created: u64,
    budget: Budget,
    clock: u64,
    evicted: u64,
}

/// Two sockets, the smaller first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    transport: Transport,
    sockets: [SocketAddr; 2],
}

struct Tracked {
    flow: Flow,
    /// Sender of the first packet, and its peer.
    sockets: [SocketAddr; 2],
    last: u64,
    problems: Problems,
    kind: Kind,
}

enum Kind {
    Tcp(Box<Stream>),
    Udp(Option<Protocol>),
}

#[derive(Default)]
struct Stream {
    halves: [Half; 2],
    gaps: [Gaps; 2],
    conversation: Conversation,
    /// What of the conversation counts as held.
    unfinished: usize,
}

#[derive(Clone, Copy, Default)]
struct Gaps {
    count: u64,
    bytes: u64,
}

impl<'a> Tracker<'a> {
    pub(crate) fn new(keys: KeyLog, limits: &Limits, listener: &'a mut dyn Listener) -> Self {
        let Limits { flows, reassembly, per_direction } = *limits;
        Self {
            keys,
            listener,
            most: flows.max(1),
            under_way: HashMap::new(),
            done: Vec::new(),
            created: 0,
            budget: Budget::new(reassembly, per_direction),
            clock: 0,
            evicted: 0,
        }
    }

    /// Takes a segment or a datagram.
    pub(crate) fn segment(&mut self, segment: &Segment<'_>, time: Option<Timestamp>) {
        self.clock += 1;
        let key = Key::of(segment);
        let begins_anew =
            self.under_way.get(&key).is_some_and(|tracked| tracked.is_over_with(segment));
        if begins_anew && let Some(old) = self.under_way.remove(&key) {
            self.finish(*old);
        }
        if self.under_way.len() >= self.most && !self.under_way.contains_key(&key) {
            self.make_room();
        }
        let tracked = match self.under_way.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                self.created += 1;
                place.insert(Box::new(Tracked::new(self.created, segment, time)))
            }
        };
        tracked.last = self.clock;
        tracked.flow.packets = tracked.flow.packets.saturating_add(1);
        let mut ears =
            Ears { flow: tracked.flow.id, keys: &self.keys, listener: &mut *self.listener };
        tracked.take(segment, &mut self.budget, &mut ears);
    }

    /// A packet of which nothing came.
    pub(crate) fn unread(&mut self, packet: &[u8]) {
        if !packet.is_empty() {
            self.listener.datagram(NO_FLOW, Side::Client, packet);
        }
    }

    /// Everything that was seen, in the order of first packets, and how many flows had to be
    /// closed early.
    pub(crate) fn conclude(mut self) -> (Vec<Flow>, u64) {
        // In order, so that the listener hears the same on every run.
        let mut rest: Vec<_> = self.under_way.drain().map(|(_, tracked)| tracked).collect();
        rest.sort_unstable_by_key(|tracked| tracked.flow.id);
        for tracked in rest {
            self.finish(*tracked);
        }
        self.done.sort_unstable_by_key(|flow| flow.id);
        (self.done, self.evicted)
    }

    /// Closes the sixteenth part that has been silent longest.
    fn make_room(&mut self) {
        let mut ages: Vec<u64> = self.under_way.values().map(|tracked| tracked.last).collect();
        let part = ages.len() / 16;
        let (_, &mut limit, _) = ages.select_nth_unstable(part);
        let mut old: Vec<_> = self
            .under_way
            .extract_if(|_, tracked| tracked.last <= limit)
            .map(|(_, tracked)| tracked)
            .collect();
        old.sort_unstable_by_key(|tracked| tracked.flow.id);
        for mut tracked in old {
            self.evicted += 1;
            tracked.problems.add("closed early: too many flows at the same time");
            self.finish(*tracked);
        }
    }

    fn finish(&mut self, tracked: Tracked) {
        let mut ears =
            Ears { flow: tracked.flow.id, keys: &self.keys, listener: &mut *self.listener };
        self.done.push(tracked.finish(&mut self.budget, &mut ears));
    }
}

impl Key {
    fn of(segment: &Segment<'_>) -> Self {
        let transport = if segment.tcp.is_some() { Transport::Tcp } else { Transport::Udp };
        let mut sockets = [segment.source, segment.destination];
        sockets.sort_unstable();
        Self { transport, sockets }
    }
}

impl Tracked {
    fn new(id: u64, segment: &Segment<'_>, time: Option<Timestamp>) -> Self {
        let (transport, kind) = match segment.tcp {
            Some(_) => (Transport::Tcp, Kind::Tcp(Box::default())),
            None => (Transport::Udp, Kind::Udp(None)),
        };
        let flow = Flow {
            id,
            transport,
            client: segment.source,
            server: segment.destination,
            first_seen: time,
            packets: 0,
            bytes: [0, 0],
            protocol: Protocol::Empty,
            handshake: None,
            starttls: None,
            opened: 0,
            closed: 0,
            application_bytes: 0,
            outside_tls: false,
            problems: Vec::new(),
        };
        let sockets = [segment.source, segment.destination];
        Self { flow, sockets, last: 0, problems: Problems::default(), kind }
    }

    /// 0: from the sender of the first packet.
    fn direction(&self, segment: &Segment<'_>) -> usize {
        usize::from(segment.source != self.sockets[0])
    }

    /// Whether this segment begins another connection between the same sockets.
    fn is_over_with(&self, segment: &Segment<'_>) -> bool {
        let (Kind::Tcp(stream), Some(tcp)) = (&self.kind, segment.tcp) else { return false };
        tcp.syn && !tcp.reset && stream.is_over_with(self.direction(segment), tcp)
    }

    fn take(&mut self, segment: &Segment<'_>, budget: &mut Budget, ears: &mut Ears<'_>) {
        let direction = self.direction(segment);
        match (&mut self.kind, segment.tcp) {
            (Kind::Tcp(stream), Some(tcp)) => stream.take(direction, tcp, segment, budget, ears),
            (Kind::Udp(protocol), _) => {
                if segment.payload.is_empty() {
                    return;
                }
                let ports = self.sockets.map(|socket| socket.port());
                let found = recognise::datagram(ports, segment.payload);
                *protocol = strongest(protocol.take(), found);
                if let Some(bytes) = self.flow.bytes.get_mut(direction) {
                    *bytes = bytes.saturating_add(segment.payload.len() as u64);
                }
                let side = if direction == 0 { Side::Client } else { Side::Server };
                ears.listener.datagram(ears.flow, side, segment.payload);
                if segment.missing > 0 {
                    self.problems.add("datagrams were cut short when they were recorded");
                }
            }
            (Kind::Tcp(_), None) => {}
        }
    }

    fn finish(mut self, budget: &mut Budget, ears: &mut Ears<'_>) -> Flow {
        let mut flow = self.flow;
        match self.kind {
            Kind::Udp(protocol) => {
                let silent = flow.bytes == [0, 0];
                let otherwise = if silent { Protocol::Empty } else { Protocol::Opaque };
                flow.protocol = protocol.unwrap_or(otherwise);
            }
            Kind::Tcp(stream) => {
                stream.finish(self.sockets, &mut flow, &mut self.problems, budget, ears);
            }
        }
        flow.problems.extend(self.problems.into_lines());
        flow
    }
}

/// Of what datagrams of one flow were taken for: encryption that was recognised outweighs what goes
/// beside it (STUN beside DTLS), a name outweighs `text`.
fn strongest(known: Option<Protocol>, found: Option<Protocol>) -> Option<Protocol> {
    let weight = |protocol: &Option<Protocol>| match protocol {
        Some(Protocol::Other(_)) => 3,
        Some(Protocol::Plaintext("text")) => 1,
        Some(Protocol::Plaintext(_)) => 2,
        _ => 0,
    };
    if weight(&found) > weight(&known) { found } else { known }
}

impl Stream {
    fn is_over_with(&self, direction: usize, tcp: Tcp) -> bool {
        let (Some(own), Some(other)) = (self.halves.get(direction), self.halves.get(1 - direction))
        else {
            return false;
        };
        if own.accepts_syn(tcp.sequence) {
            return false;
        }
        // A second answer with another number, before anything was said: the later one counts.
        let is_answer = tcp.acknowledgement.is_some();
        !(is_answer && own.is_untouched() && other.is_untouched())
    }

    fn take(
        &mut self,
        direction: usize,
        tcp: Tcp,
        segment: &Segment<'_>,
        budget: &mut Budget,
        ears: &mut Ears<'_>,
    ) {
        let Self { halves, gaps, conversation, .. } = self;
        let [one, other] = halves;
        let (own, peer) = if direction == 0 { (one, other) } else { (other, one) };
        let mut sequence = tcp.sequence;
        if tcp.syn {
            let client = if tcp.acknowledgement.is_some() { 1 - direction } else { direction };
            conversation.client_is(client);
            own.syn(sequence);
            sequence = sequence.wrapping_add(1);
        }
        if let Some(number) = tcp.acknowledgement {
            peer.acknowledge(number);
        }
        let mut gaps = gaps.each_mut();
        let mut hear = |direction: usize, output: Output<'_>| match output {
            Output::Bytes(bytes) => conversation.take(direction, bytes, ears),
            Output::Gap(bytes) => {
                if let Some(gaps) = gaps.get_mut(direction) {
                    gaps.count = gaps.count.saturating_add(1);
                    gaps.bytes = gaps.bytes.saturating_add(bytes);
                }
                conversation.gap(direction, bytes, ears);
            }
        };
        // A reset may carry an explanation that is no part of the stream (RFC 9293, 3.5.2).
        if !tcp.reset {
            let (payload, missing) = (segment.payload, segment.missing);
            own.segment(sequence, payload, missing, budget, &mut |out| hear(direction, out));
        }
        own.tick(budget, &mut |out| hear(direction, out));
        peer.tick(budget, &mut |out| hear(1 - direction, out));
        self.count_unfinished(budget);
        if budget.unfinished > budget.total && self.unfinished > 0 {
            self.conversation.shed();
            self.count_unfinished(budget);
        }
    }

    fn count_unfinished(&mut self, budget: &mut Budget) {
        let held = self.conversation.held();
        budget.unfinished = budget.unfinished.saturating_sub(self.unfinished).saturating_add(held);
        self.unfinished = held;
    }

    fn finish(
        mut self,
        sockets: [SocketAddr; 2],
        flow: &mut Flow,
        problems: &mut Problems,
        budget: &mut Budget,
        ears: &mut Ears<'_>,
    ) {
        for direction in [0, 1] {
            let Self { halves, gaps, conversation, .. } = &mut self;
            let (Some(half), Some(gaps)) = (halves.get_mut(direction), gaps.get_mut(direction))
            else {
                continue;
            };
            half.finish(budget, &mut |output| match output {
                Output::Bytes(bytes) => conversation.take(direction, bytes, ears),
                Output::Gap(bytes) => {
                    gaps.count = gaps.count.saturating_add(1);
                    gaps.bytes = gaps.bytes.saturating_add(bytes);
                    conversation.gap(direction, bytes, ears);
                }
            });
        }
        let client = self.conversation.client();
        let order = [client, 1 - client];
        let ways = ["client to server", "server to client"];
        for (direction, way) in order.into_iter().zip(ways) {
            let (Some(half), Some(gaps)) = (self.halves.get(direction), self.gaps.get(direction))
            else {
                continue;
            };
            match gaps.count {
                0 => {}
                1 => problems.add(format!("gap of {} bytes, {way}", gaps.bytes)),
                count => {
                    problems.add(format!("{count} gaps of {} bytes in all, {way}", gaps.bytes))
                }
            }
            if half.contradicted {
                problems.add(format!("repeated segments contradict each other, {way}"));
            }
            if half.far_off {
                problems.add(format!("segments outside of any window were left out, {way}"));
            }
            if half.over_limit {
                problems.add(format!("more waited behind a gap than is held, {way}"));
            }
        }
        if self.conversation.turned {
            problems.add("client and server turned out to be the other way round after some bytes");
        }
        flow.bytes = order.map(|direction| {
            let passed = self.conversation.bytes.get(direction).copied().unwrap_or_default();
            let absent = self.gaps.get(direction).map_or(0, |gaps| gaps.bytes);
            passed.saturating_sub(absent)
        });
        let [one, other] = sockets;
        (flow.client, flow.server) = if client == 0 { (one, other) } else { (other, one) };
        let conclusion = self.conversation.conclude();
        flow.protocol = conclusion.protocol;
        flow.starttls = conclusion.starttls;
        budget.unfinished = budget.unfinished.saturating_sub(self.unfinished);
        if let Some(mut session) = conclusion.session {
            let certificates = &mut session.handshake.certificates;
            let size = certificates.iter().map(Vec::len).sum::<usize>();
            if budget.certificates.saturating_add(size) > budget.total {
                certificates.clear();
                problems.add("its certificates were not kept: there are too many in all");
            } else {
                budget.certificates += size;
            }
            flow.opened = session.opened;
            flow.closed = session.closed;
            flow.application_bytes = session.application_bytes;
            flow.outside_tls = session.strayed;
            flow.handshake = Some(session.handshake);
            flow.problems = session.problems.into_lines();
        }
    }
}
