//! Link layers, down to IP.

use super::{Bytes, Layers, Reason, ip};

const CUT: Reason = Reason::Malformed("link header");

/// By `LINKTYPE_…`, from the registry of tcpdump.org.
pub(super) fn packet(
    layers: &mut Layers<'_>,
    link_type: u32,
    bytes: Bytes<'_>,
) -> Result<(), Reason> {
    match link_type {
        0 | 108 => loopback(layers, bytes),
        1 => ethernet(layers, bytes),
        9 | 50 | 204 => ppp(layers, bytes),
        10 => llc(layers, bytes.after(13).ok_or(CUT)?),
        12 | 14 | 101 => ip::any(layers, bytes),
        51 => pppoe(layers, bytes),
        104 => ether_type(layers, bytes.u16(2).ok_or(CUT)?, bytes.after(4).ok_or(CUT)?),
        105 => wlan(layers, bytes),
        107 => frame_relay(layers, bytes),
        113 => cooked(layers, bytes.u16(14).ok_or(CUT)?, bytes.after(16).ok_or(CUT)?),
        127 => wlan(layers, bytes.after(bytes.u16_le(2).ok_or(CUT)?.into()).ok_or(CUT)?),
        228 => ip::v4(layers, bytes),
        229 => ip::v6(layers, bytes),
        239 => nflog(layers, bytes),
        276 => cooked(layers, bytes.u16(0).ok_or(CUT)?, bytes.after(20).ok_or(CUT)?),
        other => Err(Reason::LinkType(other)),
    }
}

/// Two addresses, and what follows.
pub(super) fn ethernet(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    ether_type(layers, bytes.u16(12).ok_or(CUT)?, bytes.after(14).ok_or(CUT)?)
}

/// By EtherType; small values are lengths (IEEE 802.3).
pub(super) fn ether_type(
    layers: &mut Layers<'_>,
    kind: u16,
    bytes: Bytes<'_>,
) -> Result<(), Reason> {
    layers.enter()?;
    match kind {
        0x0800 => ip::v4(layers, bytes),
        0x86dd => ip::v6(layers, bytes),
        // VLAN tags, stacked or not.
        0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
            ether_type(layers, bytes.u16(2).ok_or(CUT)?, bytes.after(4).ok_or(CUT)?)
        }
        0x6558 => ethernet(layers, bytes),
        0x8847 | 0x8848 => mpls(layers, bytes),
        0x8864 => pppoe(layers, bytes),
        // Provider backbone: a tag of four bytes, then the customer's frame.
        0x88e7 => ethernet(layers, bytes.after(4).ok_or(CUT)?),
        length @ 0..=1500 => llc(layers, bytes.upto(length.into())),
        other => Err(Reason::EtherType(other)),
    }
}

/// IEEE 802.2: only SNAP, and IP itself, lead to IP.
fn llc(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    match bytes.array::<3>(0).ok_or(CUT)? {
        [0xaa, 0xaa, 0x03] => {
            let kind = bytes.u16(6).ok_or(CUT)?;
            // With a small value it would be a frame in a frame in a frame.
            if kind <= 1500 {
                return Err(Reason::Llc);
            }
            ether_type(layers, kind, bytes.after(8).ok_or(CUT)?)
        }
        [0x06, 0x06, 0x03] => ip::v4(layers, bytes.after(3).ok_or(CUT)?),
        _ => Err(Reason::Llc),
    }
}

/// RFC 3032: labels, the last of which is marked; what follows shows by its first nibble.
fn mpls(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    let mut at = 0;
    while bytes.u8(at + 2).ok_or(CUT)? & 1 == 0 {
        at += 4;
    }
    let inner = bytes.after(at + 4).ok_or(CUT)?;
    match inner.u8(0).ok_or(CUT)? >> 4 {
        4 | 6 => ip::any(layers, inner),
        // The control word of a pseudowire (RFC 4385).
        0 => ethernet(layers, inner.after(4).ok_or(CUT)?),
        _ => ethernet(layers, inner),
    }
}

/// RFC 2516, the session stage.
fn pppoe(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    ppp(layers, bytes.after(6).ok_or(CUT)?)
}

/// RFC 1661: address and control may be left out, the protocol may be one byte.
pub(super) fn ppp(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    layers.enter()?;
    let bytes = match bytes.array::<2>(0).ok_or(CUT)? {
        [0xff | 0x0f, 0x03 | 0x00] => bytes.after(2).ok_or(CUT)?,
        _ => bytes,
    };
    let (protocol, inner) = match bytes.u8(0).ok_or(CUT)? {
        compressed if compressed & 1 == 1 => (u16::from(compressed), bytes.after(1)),
        _ => (bytes.u16(0).ok_or(CUT)?, bytes.after(2)),
    };
    let inner = inner.ok_or(CUT)?;
    match protocol {
        0x0021 => ip::v4(layers, inner),
        0x0057 => ip::v6(layers, inner),
        // Cisco's framing, on links that are recorded as PPP.
        0x0800 => ip::v4(layers, inner),
        other => Err(Reason::Ppp(other)),
    }
}

/// The address family in the byte order of the recording machine, which the file does not tell.
fn loopback(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    let family = bytes.u32(0).ok_or(CUT)?;
    let inner = bytes.after(4).ok_or(CUT)?;
    match family.max(family.swap_bytes()) {
        // AF_INET everywhere; AF_INET6 of Linux, the BSDs, and Apple.
        0x0200_0000 => ip::v4(layers, inner),
        0x0a00_0000 | 0x1700_0000 | 0x1800_0000 | 0x1c00_0000 | 0x1e00_0000 => {
            ip::v6(layers, inner)
        }
        // Some writers put an EtherType there.
        _ => ether_type(layers, bytes.u16(2).ok_or(CUT)?, inner),
    }
}

/// What Linux records from "any": an EtherType, or one of Linux's own numbers.
fn cooked(layers: &mut Layers<'_>, kind: u16, bytes: Bytes<'_>) -> Result<(), Reason> {
    match kind {
        // IEEE 802.2.
        0x0004 => llc(layers, bytes),
        other if other > 1500 => ether_type(layers, other, bytes),
        other => Err(Reason::EtherType(other)),
    }
}

/// RFC 2427: address, control, then one byte that names the protocol.
fn frame_relay(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    // The address is extended while the lowest bit is clear.
    let mut at = 0;
    while bytes.u8(at).ok_or(CUT)? & 1 == 0 {
        at += 1;
    }
    let bytes = bytes.after(at + 1).ok_or(CUT)?;
    match bytes.array::<2>(0).ok_or(CUT)? {
        [0x03, 0xcc] => ip::v4(layers, bytes.after(2).ok_or(CUT)?),
        [0x03, 0x8e] => ip::v6(layers, bytes.after(2).ok_or(CUT)?),
        [0x03, 0x00] if bytes.u8(2) == Some(0x80) => {
            ether_type(layers, bytes.u16(6).ok_or(CUT)?, bytes.after(8).ok_or(CUT)?)
        }
        [0x03, _] => Err(Reason::Llc),
        // Cisco's framing: an EtherType at once.
        _ => ether_type(layers, bytes.u16(0).ok_or(CUT)?, bytes.after(2).ok_or(CUT)?),
    }
}

/// IEEE 802.11: data frames that are not encrypted.
fn wlan(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    let [kind, flags] = bytes.array::<2>(0).ok_or(CUT)?;
    let subtype = kind >> 4;
    if (kind >> 2) & 3 != 2 || subtype & 4 != 0 {
        return Err(Reason::WlanNoData);
    }
    if flags & 0x40 != 0 {
        return Err(Reason::WlanProtected);
    }
    let four_addresses = if flags & 3 == 3 { 6 } else { 0 };
    let (quality, high_throughput) = match (subtype & 8 != 0, flags & 0x80 != 0) {
        (false, _) => (0, 0),
        (true, false) => (2, 0),
        (true, true) => (2, 4),
    };
    let header = 24 + four_addresses + quality + high_throughput;
    llc(layers, bytes.after(header).ok_or(CUT)?)
}

/// Linux netfilter: attributes, of which number 9 is the packet.
fn nflog(layers: &mut Layers<'_>, bytes: Bytes<'_>) -> Result<(), Reason> {
    let mut rest = bytes.after(4).ok_or(CUT)?;
    loop {
        // In the byte order of the recording machine; none of importance is big-endian.
        let length = usize::from(rest.u16_le(0).ok_or(CUT)?);
        if length < 4 {
            return Err(CUT);
        }
        if rest.u16_le(2).ok_or(CUT)? & 0x7fff == 9 {
            return ip::any(layers, rest.upto(length).after(4).ok_or(CUT)?);
        }
        rest = rest.after(length.next_multiple_of(4)).ok_or(CUT)?;
    }
}
