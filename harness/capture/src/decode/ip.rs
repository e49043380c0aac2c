//! IPv4 and IPv6, TCP and UDP, and tunnels between them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{
    Bytes, Layers, Reason, Segment, Tcp,
    fragments::{Datagram, Fragment},
    link,
};

const CUT_IPV4: Reason = Reason::Malformed("IPv4 header");
const CUT_IPV6: Reason = Reason::Malformed("IPv6 header");
const CUT_TCP: Reason = Reason::Malformed("TCP header");
const CUT_UDP: Reason = Reason::Malformed("UDP header");
const CUT_GRE: Reason = Reason::Malformed("GRE header");

/// Who speaks to whom, and how much of it was not captured.
#[derive(Clone, Copy)]
struct Between {
    source: IpAddr,
    destination: IpAddr,
    missing: u32,
}

/// Either version, by its first nibble.
pub(super) fn any(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    match bytes.u8(0).map(|first| first >> 4) {
        Some(4) => v4(layers, bytes),
        Some(6) => v6(layers, bytes),
        _ => Err(Reason::Malformed("IP header")),
    }
}

/// RFC 791.
pub(super) fn v4(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    layers.enter()?;
    let first = bytes.u8(0).ok_or(CUT_IPV4)?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 {
        return Err(CUT_IPV4);
    }
    let total = match usize::from(bytes.u16(2).ok_or(CUT_IPV4)?) {
        // Left to the network card (segmentation offload).
        0 => bytes.len(),
        total => total,
    };
    let length = total.checked_sub(header).ok_or(CUT_IPV4)?;
    let payload = bytes.after(header).ok_or(CUT_IPV4)?.upto(length);
    let between = Between {
        source: IpAddr::V4(Ipv4Addr::from(bytes.array::<4>(12).ok_or(CUT_IPV4)?)),
        destination: IpAddr::V4(Ipv4Addr::from(bytes.array::<4>(16).ok_or(CUT_IPV4)?)),
        missing: shortfall(length, payload),
    };
    let protocol = bytes.u8(9).ok_or(CUT_IPV4)?;
    let fragment = bytes.u16(6).ok_or(CUT_IPV4)?;
    let (more, offset) = (fragment & 0x2000 != 0, usize::from(fragment & 0x1fff) * 8);
    if !more && offset == 0 {
        return transport(layers, protocol, between, payload);
    }
    let identification = u32::from(bytes.u16(4).ok_or(CUT_IPV4)?);
    let piece = Fragment { offset, last: !more, data: payload.0 };
    reassemble(layers, protocol, between, identification, piece)
}

/// RFC 8200, with its extension headers.
pub(super) fn v6(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    layers.enter()?;
    let mut next = bytes.u8(6).ok_or(CUT_IPV6)?;
    let after = bytes.after(40).ok_or(CUT_IPV6)?;
    let length = match usize::from(bytes.u16(4).ok_or(CUT_IPV6)?) {
        // A jumbogram, or left to the network card.
        0 => after.len(),
        length => length,
    };
    let mut payload = after.upto(length);
    let between = Between {
        source: IpAddr::V6(Ipv6Addr::from(bytes.array::<16>(8).ok_or(CUT_IPV6)?)),
        destination: IpAddr::V6(Ipv6Addr::from(bytes.array::<16>(24).ok_or(CUT_IPV6)?)),
        missing: shortfall(length, payload),
    };
    loop {
        let following = payload.u8(0);
        let header = match next {
            // Hop-by-hop, routing, destination options, mobility, HIP, Shim6.
            0 | 43 | 60 | 135 | 139 | 140 => (usize::from(payload.u8(1).ok_or(CUT_IPV6)?) + 1) * 8,
            // Authentication (RFC 4302).
            51 => (usize::from(payload.u8(1).ok_or(CUT_IPV6)?) + 2) * 4,
            // Fragment.
            44 => {
                let field = payload.u16(2).ok_or(CUT_IPV6)?;
                let identification = payload.u32(4).ok_or(CUT_IPV6)?;
                let (more, offset) = (field & 1 != 0, usize::from(field & 0xfff8));
                let data = payload.after(8).ok_or(CUT_IPV6)?;
                let protocol = following.ok_or(CUT_IPV6)?;
                if !more && offset == 0 {
                    // An atomic fragment (RFC 6946).
                    next = protocol;
                    payload = data;
                    continue;
                }
                let piece = Fragment { offset, last: !more, data: data.0 };
                return reassemble(layers, protocol, between, identification, piece);
            }
            _ => return transport(layers, next, between, payload),
        };
        next = following.ok_or(CUT_IPV6)?;
        payload = payload.after(header).ok_or(CUT_IPV6)?;
    }
}

fn shortfall(length: usize, captured: Bytes<'_>) -> u32 {
    u32::try_from(length.saturating_sub(captured.len())).unwrap_or(u32::MAX)
}

fn reassemble(
    layers: &mut Layers<'_>,
    protocol: u8,
    between: Between,
    identification: u32,
    fragment: Fragment<'_>,
) -> Result<(), Reason> {
    if between.missing > 0 {
        return Err(Reason::Malformed("fragment"));
    }
    let Between { source, destination, .. } = between;
    let datagram = Datagram { source, destination, identification, protocol };
    let whole = layers.fragments.add(datagram, fragment).ok_or(Reason::Fragment)?;
    // An IPv6 datagram may have further extension headers here; those are rare enough to be left.
    transport(layers, protocol, between, Bytes(&whole))
}

fn transport(
    layers: &mut Layers<'_>,
    protocol: u8,
    between: Between,
    payload: Bytes<'_>,
) -> Result<(), Reason> {
    match protocol {
        4 => v4(layers, payload),
        6 => tcp(layers, between, payload),
        17 => udp(layers, between, payload),
        41 => v6(layers, payload),
        47 => gre(layers, payload),
        50 => Err(Reason::Esp),
        // Authentication over IPv4.
        51 => {
            let cut = Reason::Malformed("authentication header");
            let header = (usize::from(payload.u8(1).ok_or(cut)?) + 2) * 4;
            let next = payload.u8(0).ok_or(cut)?;
            layers.enter()?;
            transport(layers, next, between, payload.after(header).ok_or(cut)?)
        }
        other => Err(Reason::IpProtocol(other)),
    }
}

/// RFC 9293.
fn tcp(layers: &mut Layers<'_>, between: Between, bytes: Bytes<'_>) -> Result<(), Reason> {
    let sockets = sockets(between, bytes).ok_or(CUT_TCP)?;
    let flags = bytes.u8(13).ok_or(CUT_TCP)?;
    let header = usize::from(bytes.u8(12).ok_or(CUT_TCP)? >> 4) * 4;
    if header < 20 {
        return Err(CUT_TCP);
    }
    // Options may be cut off; then so is the payload.
    let (payload, missing) = match bytes.after(header) {
        Some(payload) => (payload.0, between.missing),
        None => {
            let absent = shortfall(header, bytes);
            (&[][..], between.missing.checked_sub(absent).ok_or(CUT_TCP)?)
        }
    };
    let acknowledgement = (flags & 0x10 != 0).then(|| bytes.u32(8)).flatten();
    let tcp = Tcp {
        sequence: bytes.u32(4).ok_or(CUT_TCP)?,
        acknowledgement,
        syn: flags & 0x02 != 0,
        reset: flags & 0x04 != 0,
    };
    let (source, destination) = sockets;
    (layers.hear)(Segment { source, destination, payload, missing, tcp: Some(tcp) });
    Ok(())
}

/// RFC 768, and the tunnels that go over it.
fn udp(layers: &mut Layers<'_>, between: Between, bytes: Bytes<'_>) -> Result<(), Reason> {
    let (source, destination) = sockets(between, bytes).ok_or(CUT_UDP)?;
    let payload = bytes.after(8).ok_or(CUT_UDP)?;
    let length = usize::from(bytes.u16(4).ok_or(CUT_UDP)?).saturating_sub(8);
    // Zero: left to the network card, or a jumbogram.
    let payload = if length == 0 { payload } else { payload.upto(length) };
    if tunnel(layers, source, destination, payload).is_some_and(|inner| inner.is_ok()) {
        return Ok(());
    }
    let missing = shortfall(length, payload);
    (layers.hear)(Segment { source, destination, payload: payload.0, missing, tcp: None });
    Ok(())
}

fn sockets(between: Between, bytes: Bytes<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let source = SocketAddr::new(between.source, bytes.u16(0)?);
    Some((source, SocketAddr::new(between.destination, bytes.u16(2)?)))
}

/// RFC 2784, RFC 2890, and version 1 of PPTP (RFC 2637).
fn gre(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    layers.enter()?;
    let flags = bytes.u16(0).ok_or(CUT_GRE)?;
    let protocol = bytes.u16(2).ok_or(CUT_GRE)?;
    // Checksum, routing, key, sequence number, acknowledgement number.
    let fields = [0xc000, 0x2000, 0x1000];
    let mut header = 4 + 4 * fields.iter().filter(|field| flags & **field != 0).count();
    if flags & 7 == 1 && flags & 0x80 != 0 {
        header += 4;
    }
    let mut payload = bytes.after(header).ok_or(CUT_GRE)?;
    // WCCP puts four bytes before the packet, which then does not begin like IPv4.
    if protocol == 0x883e && payload.u8(0).is_some_and(|first| first >> 4 != 4) {
        payload = payload.after(4).ok_or(CUT_GRE)?;
    }
    match protocol {
        0x883e => v4(layers, payload),
        0x880b => link::ppp(layers, payload),
        // ERSPAN: type I has no header of its own, type II eight bytes, type III twelve or twenty.
        0x88be if flags & 0x1000 == 0 => link::ethernet(layers, payload),
        0x88be => link::ethernet(layers, payload.after(8).ok_or(CUT_GRE)?),
        0x22eb => {
            let header = if payload.u8(11).ok_or(CUT_GRE)? & 1 == 0 { 12 } else { 20 };
            link::ethernet(layers, payload.after(header).ok_or(CUT_GRE)?)
        }
        other => link::ether_type(layers, other, payload),
    }
}

/// Tunnels over UDP by their registered ports. Nothing where it is none; an error where the payload
/// does not hold what the port promises, and is better read as a datagram.
fn tunnel(
    layers: &mut Layers<'_>,
    source: SocketAddr,
    destination: SocketAddr,
    payload: Bytes<'_>,
) -> Option<Result<(), Reason>> {
    let left = layers.left;
    let either = |port| source.port() == port || destination.port() == port;
    let inner = match payload.u8(0)? {
        // VXLAN (RFC 7348): the bit that says that its number is valid, reserved bits zero.
        0x08 if either(4789) || either(8472) => Some(link::ethernet(layers, payload.after(8)?)),
        // Geneve (RFC 8926): version 0, options in words.
        first if either(6081) && first >> 6 == 0 => {
            let inner = payload.after(8 + usize::from(first & 0x3f) * 4)?;
            Some(link::ether_type(layers, payload.u16(2)?, inner))
        }
        // GTP-U (3GPP TS 29.281): version 1, a packet of a subscriber.
        first if either(2152) && first >> 5 == 1 && payload.u8(1)? == 255 => {
            gtp(first, payload).map(|inner| any(layers, inner))
        }
        // Teredo (RFC 4380): plain IPv6, or after indications.
        _ if either(3544) => teredo(payload).map(|inner| v6(layers, inner)),
        _ => None,
    };
    if !matches!(inner, Some(Ok(()))) {
        layers.left = left;
    }
    inner
}

fn gtp(first: u8, payload: Bytes<'_>) -> Option<Bytes<'_>> {
    if first & 0x07 == 0 {
        return payload.after(8);
    }
    let mut at = 12;
    let mut next = payload.u8(11)?;
    while first & 0x04 != 0 && next != 0 {
        let words = usize::from(payload.u8(at)?).max(1);
        at += words * 4;
        next = payload.u8(at - 1)?;
    }
    payload.after(at)
}

fn teredo(mut payload: Bytes<'_>) -> Option<Bytes<'_>> {
    if payload.array(0)? == [0, 1] {
        let lengths = usize::from(payload.u8(2)?) + usize::from(payload.u8(3)?);
        payload = payload.after(13 + lengths)?;
    }
    if payload.array(0)? == [0, 0] {
        payload = payload.after(8)?;
    }
    (payload.u8(0)? >> 4 == 6).then_some(payload)
}
