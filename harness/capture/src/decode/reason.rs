//! Why nothing came of a packet.

use std::fmt;

/// Why a packet was not read, or not further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    /// A link layer that is not known here.
    LinkType(u32),
    /// A network protocol other than IP.
    EtherType(u16),
    /// IEEE 802.2 without IP inside: spanning tree, discovery protocols, IPX …
    Llc,
    /// A protocol inside PPP other than IP.
    Ppp(u16),
    /// A transport other than TCP and UDP.
    IpProtocol(u8),
    /// A frame that is encrypted on the link.
    WlanProtected,
    /// A frame that carries no data: management and control.
    WlanNoData,
    /// IPsec.
    Esp,
    /// The packet ends before its headers do, or they contradict each other.
    Malformed(&'static str),
    /// A fragment that waits for the others.
    Fragment,
    /// Too many protocols inside each other.
    TooDeep,
}

impl Reason {
    /// Whether something may have been missed, so that a reader must know: everything but protocols
    /// that carry no conversation of an app.
    pub(crate) fn is_problem(self) -> bool {
        match self {
            Self::LinkType(_) | Self::WlanProtected | Self::Esp => true,
            Self::Malformed(_) | Self::TooDeep => true,
            Self::EtherType(_) | Self::Llc | Self::Ppp(_) | Self::IpProtocol(_) => false,
            Self::WlanNoData | Self::Fragment => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(number) => write!(f, "link type {number} is not supported"),
            Self::EtherType(0x0806) => f.write_str("ARP"),
            Self::EtherType(number) => write!(f, "EtherType 0x{number:04x}"),
            Self::Llc => f.write_str("IEEE 802.2 without IP"),
            Self::Ppp(number) => write!(f, "PPP protocol 0x{number:04x}"),
            Self::IpProtocol(1 | 58) => f.write_str("ICMP"),
            Self::IpProtocol(2) => f.write_str("IGMP"),
            Self::IpProtocol(132) => f.write_str("SCTP"),
            Self::IpProtocol(number) => write!(f, "IP protocol {number}"),
            Self::WlanProtected => f.write_str("encrypted on the wireless link"),
            Self::WlanNoData => f.write_str("wireless management and control"),
            Self::Esp => f.write_str("IPsec"),
            Self::Malformed(what) => write!(f, "{what} cut short or malformed"),
            Self::Fragment => f.write_str("fragment of a datagram"),
            Self::TooDeep => f.write_str("too many tunnels inside each other"),
        }
    }
}
