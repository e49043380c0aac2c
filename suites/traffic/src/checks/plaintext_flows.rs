//! No content crosses the line readable.
//!
//! HTTP counts whatever it fetches, also revocation lists, answers of OCSP and captive-portal
//! probes: whom a phone asks about is content, and nothing in such a flow proves that only signed
//! answers passed. Who records a whole phone and not the candidate alone will see other programs
//! fail here; the remedy is to record the candidate alone.

use hallmark_model::{Verdict, text};

use super::{
    Check, Conclusion, Source, nothing_captured,
    places::{flow, some},
    sessions::is_session,
};
use crate::facts::{Content, Flow, Handshake, TrafficFacts};

pub(super) const CHECK: Check = Check {
    name: "plaintext-flows",
    title: "No content crosses the line readable",
    source: Source::Captures,
    expected: "every flow that carries content is encrypted; names and addresses of the network \
               itself (DNS, DHCP, NTP, …) are listed, not judged",
    judge: |facts, _| judge(facts),
};

/// Protocols of the network itself: they name hosts and addresses, and carry no messages.
const INFRASTRUCTURE: &[&str] = &[
    "arp", "dhcp", "dhcpv6", "dns", "icmp", "icmpv6", "igmp", "llmnr", "mdns", "netbios", "ntp",
    "ssdp", "stun",
];

/// Bytes of a client hello and little more.
const OFFER: u64 = 4096;

/// More than any handshake takes, long chains of certificates included.
const HANDSHAKE: u64 = 64 * 1024;

/// Flows that a sentence lists.
const LISTED: usize = 6;

/// Whether a flow belongs to the network itself.
pub(crate) fn is_infrastructure(flow: &Flow) -> bool {
    flow.content == Content::Readable
        && flow.protocol.as_deref().is_some_and(|name| INFRASTRUCTURE.contains(&name))
}

/// Whether a client offered TLS and was refused, if in clear: one hello, one refusal, no content.
pub(crate) fn is_refused_offer(flow: &Flow) -> bool {
    matches!(flow.content, Content::Tls | Content::Readable)
        && flow.bytes.client <= OFFER
        && flow.bytes.server <= OFFER
        && flow.decrypted.application_bytes == 0
        && flow.handshake.as_ref().is_some_and(|handshake| {
            !handshake.completed
                && handshake.version.known().is_none()
                && handshake.ja3.known().is_some()
        })
}

/// Whether a flow begins as TLS, never gets past the handshake and yet carries more than one, or leaves
/// TLS again: what follows was not seen to be encrypted.
fn is_no_session(flow: &Flow) -> bool {
    let payload = flow.bytes.client.saturating_add(flow.bytes.server);
    let answered = |handshake: &Handshake| handshake.version.known().is_some();
    let is_handshake = payload <= HANDSHAKE && flow.handshake.as_ref().is_some_and(answered);
    let is_explained = is_session(flow) || is_refused_offer(flow) || is_handshake;
    flow.content == Content::Tls && (!is_explained || leaves_tls(flow))
}

/// Whether a flow goes on outside TLS after it had begun, by more than a refusal in clear.
fn leaves_tls(flow: &Flow) -> bool {
    flow.outside_tls && !is_refused_offer(flow)
}

fn judge(facts: &TrafficFacts) -> Conclusion {
    if let Some(nothing) = nothing_captured(facts) {
        return nothing;
    }
    let content = |wanted: Content| facts.flows.iter().filter(move |flow| flow.content == wanted);
    let readable: Vec<_> = content(Content::Readable)
        .filter(|flow| !is_infrastructure(flow) && !is_refused_offer(flow))
        .collect();
    let not_assessed = |flow: &&Flow| flow.content == Content::Opaque || is_no_session(flow);
    let opaque: Vec<_> = facts.flows.iter().filter(not_assessed).collect();
    let counted = in_numbers(facts);
    if !readable.is_empty() {
        let flows = some(readable.iter().map(|flow| in_words(flow)), LISTED);
        return Conclusion::new(
            Verdict::Fail,
            format!("{} readable flow(s): {flows}", readable.len()),
            "anyone on the way – a hotel's network, a provider, a stranger nearby – can read and \
             change this",
        );
    }
    if !opaque.is_empty() {
        let flows = some(opaque.iter().map(|flow| in_words(flow)), LISTED);
        return Conclusion::new(
            Verdict::Inconclusive,
            format!("{} flow(s) are opaque, not assessed: {flows}", opaque.len()),
            "no readable content was seen in these, but bytes that look random may also be \
             compressed; only a handshake or logged keys could show that they are encrypted",
        );
    }
    if facts.left_out.unlike_others > 0 {
        return Conclusion::new(
            Verdict::Inconclusive,
            format!("{counted}; {} more of other kinds are left out", facts.left_out.unlike_others),
            "the recording holds more kinds of flows than are listed; judge it in parts",
        );
    }
    Conclusion::new(
        Verdict::Pass,
        counted,
        "no readable content was seen; that what is encrypted is encrypted well is judged by the \
         other checks",
    )
}

/// `flow 3 to 192.0.2.1:80: http, 5120 bytes`.
fn in_words(one: &Flow) -> String {
    let name = one.protocol.as_deref().map_or("not recognised".to_owned(), text::one_line);
    let bytes = one.bytes.client.saturating_add(one.bytes.server);
    let outside = if leaves_tls(one) { ", part of them outside TLS" } else { "" };
    format!("{}: {name}, {bytes} bytes{outside}", flow(one))
}

/// `12 flows: 8 tls, 3 dns, 1 refused offer of TLS`, the most frequent first.
fn in_numbers(facts: &TrafficFacts) -> String {
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for flow in &facts.flows {
        let kind = match flow.content {
            Content::Empty => "without content".to_owned(),
            _ if is_refused_offer(flow) => "refused offer of TLS".to_owned(),
            Content::Opaque => "opaque".to_owned(),
            _ => flow.protocol.as_deref().map_or("not recognised".to_owned(), text::one_line),
        };
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let kinds = some(kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")), 12);
    format!("{} flow(s): {kinds}", facts.flows.len())
}
