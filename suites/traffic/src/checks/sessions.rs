//! Which flows are TLS sessions, and of which of them the handshake was seen.
//!
//! An offer that was refused is no session: it says what a client asked for, not what protected
//! content. A session carried application data, or its handshake came to its end.

use hallmark_model::Verdict;

use super::{
    Conclusion, nothing_captured,
    places::{flow, some},
};
use crate::facts::{Content, Flow, Handshake, TrafficFacts};

/// Flows that a sentence lists.
pub(super) const LISTED: usize = 4;

/// The TLS sessions of a recording.
#[derive(Default)]
pub(super) struct Sessions<'a> {
    /// With the handshake.
    pub(super) seen: Vec<(&'a Flow, &'a Handshake)>,
    /// Without: the recording began later, or lost it.
    pub(super) unseen: Vec<&'a Flow>,
    /// Encryption that negotiates in its own way and is not read here.
    pub(super) unread: Vec<&'a Flow>,
    /// Flows that the facts leave out and that are like no other.
    left_out: u64,
}

/// Whether a flow is TLS and got past the handshake.
pub(crate) fn is_session(flow: &Flow) -> bool {
    flow.content == Content::Tls
        && (flow.decrypted.application_bytes > 0
            || flow.handshake.as_ref().is_none_or(|handshake| handshake.completed))
}

/// Whether this encryption carries handshakes of TLS in another way.
fn is_tls_elsewhere(flow: &Flow) -> bool {
    flow.content == Content::OtherEncryption
        && matches!(flow.protocol.as_deref(), Some("quic" | "dtls"))
}

pub(super) fn sessions(facts: &TrafficFacts) -> Sessions<'_> {
    let mut sessions = Sessions { left_out: facts.left_out.unlike_others, ..Sessions::default() };
    for flow in &facts.flows {
        match &flow.handshake {
            _ if is_tls_elsewhere(flow) => sessions.unread.push(flow),
            _ if !is_session(flow) => {}
            Some(handshake) if handshake.version.known().is_some() => {
                sessions.seen.push((flow, handshake));
            }
            _ => sessions.unseen.push(flow),
        }
    }
    sessions
}

impl Sessions<'_> {
    /// Why sessions do not allow a conclusion for all of them, whatever was seen of some.
    pub(super) fn prevented(&self, facts: &TrafficFacts) -> Option<Conclusion> {
        let all = self.seen.len() + self.unseen.len();
        let list = |flows: &[&Flow]| some(flows.iter().map(|f| flow(f)), LISTED);
        let (observed, why) = if all == 0 && self.unread.is_empty() {
            return Some(nothing_captured(facts).unwrap_or_else(|| {
                Conclusion::new(
                    Verdict::Inconclusive,
                    "no TLS session was recorded",
                    "without one there is nothing to judge; record the candidate at its work",
                )
            }));
        } else if !self.unseen.is_empty() {
            (
                format!(
                    "of {} of {all} TLS sessions no handshake was recorded: {}",
                    self.unseen.len(),
                    list(&self.unseen)
                ),
                "what they agreed is unknown; start recording before the candidate connects",
            )
        } else if !self.unread.is_empty() {
            let unread = self.unread.len();
            (
                format!(
                    "{all} TLS session(s), and {unread} flow(s) of QUIC or DTLS: {}",
                    list(&self.unread)
                ),
                "handshakes of QUIC and DTLS are not read yet, so what these agreed is unknown",
            )
        } else if self.left_out > 0 {
            (
                format!("{} flow(s) of their own kind are left out of the facts", self.left_out),
                "the recording holds more kinds of flows than are listed; judge it in parts",
            )
        } else {
            return None;
        };
        Some(Conclusion::new(Verdict::Inconclusive, observed, why))
    }
}
