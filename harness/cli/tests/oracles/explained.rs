//! Differences that were looked into. The witness checks each claim again, on every run.

use hallmark_tls::ProtocolVersion::{Ssl2, Ssl3, Tls12, Tls13};

use crate::compare::Item;

/// Why a scanner differs from us.
pub(crate) struct Explanation {
    /// The scanner.
    tool: &'static str,
    /// What it concerns.
    is_about: fn(&Item) -> bool,
    /// Whether we are right; where not, this is a known limit of ours.
    pub(crate) ours_is_right: bool,
    pub(crate) reason: &'static str,
}

/// All of them.
const EXPLAINED: &[Explanation] = &[
    Explanation {
        tool: "sslscan",
        is_about: |item| matches!(item, Item::Suite(Ssl2 | Ssl3, _)),
        ours_is_right: true,
        reason: "sslscan enumerates with the system's OpenSSL, which has neither SSLv2 nor SSLv3; \
                 it tests these versions with bytes of its own and lists no suites",
    },
    Explanation {
        tool: "sslscan",
        is_about: |item| matches!(item, Item::Group(Tls13, name) if name.contains("MLKEM")),
        ours_is_right: true,
        reason: "sslscan 2.0 is older than the hybrid groups and does not offer them",
    },
    Explanation {
        tool: "sslscan",
        is_about: |item| matches!(item, Item::Group(Tls12, _)),
        ours_is_right: true,
        reason: "sslscan offers one group alone; a server whose only certificate is on another \
                 curve has to refuse that (RFC 8422, 5.1), and takes it with the curve beside it",
    },
];

/// The explanation of a difference on this item, if there is one.
pub(crate) fn of(tool: &str, item: &Item) -> Option<&'static Explanation> {
    EXPLAINED.iter().find(|known| known.tool == tool && (known.is_about)(item))
}
