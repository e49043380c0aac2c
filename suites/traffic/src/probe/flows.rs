//! From flows as they were read to facts.

use std::collections::{HashMap, HashSet};

use hallmark_capture::{Protocol, flow};
use hallmark_model::{Sha256, text};
use hallmark_runner::{Job, RecorderError};
use hallmark_tls::{AlertDescription, ProtocolVersion, iana::KeyExchange};
use jiff::Timestamp;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::planted::sha256;
use crate::facts::{
    Bytes, Certificate, Content, Decrypted, Flow, Handshake, Observed, TrafficFacts, Transport,
};

/// Flows that are listed in any case.
const FLOWS: usize = 100_000;

/// Flows of new kinds that are listed beyond.
const KINDS: usize = 10_000;

/// Distinct certificates that are kept.
const CERTIFICATES: usize = 1_000;

/// Problems told of one flow.
const PROBLEMS: usize = 8;

/// Writes flows and the certificates in them into the facts.
pub(super) fn tell(
    flows: Vec<flow::Flow>,
    facts: &mut TrafficFacts,
    job: &Job<'_>,
) -> Result<(), RecorderError> {
    let mut certificates = Certificates::default();
    let mut kinds = HashSet::new();
    for flow in flows {
        let new_kind = kinds.insert(Kind::of(&flow));
        match facts.flows.len() {
            ..FLOWS => {}
            _ if !new_kind => {
                facts.left_out.like_others = facts.left_out.like_others.saturating_add(1);
                continue;
            }
            n if n >= FLOWS + KINDS => {
                facts.left_out.unlike_others = facts.left_out.unlike_others.saturating_add(1);
                continue;
            }
            _ => {}
        }
        let told = told(&flow, &mut certificates, facts, job)?;
        facts.flows.push(told);
    }
    if certificates.beyond > 0 {
        let beyond = certificates.beyond;
        facts.problems.push(format!("{beyond} further certificate(s) were not kept"));
    }
    Ok(())
}

/// Everything of a flow that a verdict can depend on.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    protocol: Option<(&'static str, Option<&'static str>)>,
    agreed: Option<Agreed>,
    opened: bool,
    closed: bool,
    carried: bool,
    left: bool,
}

/// What a verdict can depend on in a handshake.
#[derive(PartialEq, Eq, Hash)]
struct Agreed {
    version: Option<u16>,
    cipher_suite: Option<u16>,
    group: Option<u16>,
    resumed: Option<bool>,
    completed: bool,
    offered: bool,
}

impl Kind {
    fn of(flow: &flow::Flow) -> Self {
        let named = match flow.protocol {
            Protocol::Empty => None,
            Protocol::Tls => Some(("tls", None)),
            Protocol::Plaintext(name) => Some(("readable", Some(name))),
            Protocol::Other(name) => Some(("other", Some(name))),
            Protocol::Opaque => Some(("opaque", None)),
        };
        Self {
            protocol: named,
            agreed: flow.handshake.as_ref().map(|handshake| Agreed {
                version: handshake.version,
                cipher_suite: handshake.cipher_suite.map(|suite| suite.0),
                group: handshake.group.map(|group| group.0),
                resumed: handshake.resumed,
                completed: handshake.completed,
                offered: handshake.client_hello,
            }),
            opened: flow.opened > 0,
            closed: flow.closed > 0,
            carried: flow.application_bytes > 0,
            left: flow.outside_tls,
        }
    }
}

fn told(
    flow: &flow::Flow,
    certificates: &mut Certificates,
    facts: &mut TrafficFacts,
    job: &Job<'_>,
) -> Result<Flow, RecorderError> {
    let (content, protocol) = match flow.protocol {
        Protocol::Empty => (Content::Empty, None),
        Protocol::Tls => (Content::Tls, Some("tls")),
        Protocol::Plaintext(name) => (Content::Readable, Some(name)),
        Protocol::Other(name) => (Content::OtherEncryption, Some(name)),
        Protocol::Opaque => (Content::Opaque, None),
    };
    let handshake = match &flow.handshake {
        None => None,
        Some(seen) => Some(handshake(seen, certificates, facts, job)?),
    };
    let [client, server] = flow.bytes;
    let problems = flow.problems.iter().map(|line| text::one_line(line));
    let mut problems: Vec<_> = problems.take(PROBLEMS).collect();
    if flow.problems.len() > PROBLEMS {
        problems.push(format!("and {} more", flow.problems.len() - PROBLEMS));
    }
    Ok(Flow {
        id: flow.id,
        transport: match flow.transport {
            flow::Transport::Tcp => Transport::Tcp,
            flow::Transport::Udp => Transport::Udp,
        },
        client: flow.client.to_string(),
        server: flow.server.to_string(),
        first_seen: Observed::or_unknown(flow.first_seen, "the capture gives packets no time"),
        packets: flow.packets,
        bytes: Bytes { client, server },
        content,
        protocol: protocol.map(str::to_owned),
        handshake,
        starttls: flow.starttls.map(str::to_owned),
        decrypted: Decrypted {
            records: flow.opened,
            failed: flow.closed,
            application_bytes: flow.application_bytes,
        },
        outside_tls: flow.outside_tls,
        problems,
    })
}

fn handshake(
    seen: &flow::Handshake,
    certificates: &mut Certificates,
    facts: &mut TrafficFacts,
    job: &Job<'_>,
) -> Result<Handshake, RecorderError> {
    const NO_CLIENT: &str = "no client hello was captured";
    let alerts: Vec<String> =
        seen.alerts.iter().map(|alert| AlertDescription(*alert).name().into_owned()).collect();
    let no_server = match (&alerts[..], seen.client_hello) {
        ([.., last], _) => format!("no server hello was captured; the last alert is {last}"),
        ([], true) => "no server hello was captured".to_owned(),
        ([], false) => "the hellos were not captured".to_owned(),
    };
    let of_client = |text: &Option<String>| match seen.client_hello {
        true => Observed::Known(text.as_deref().map(text::one_line)),
        false => Observed::unknown(NO_CLIENT),
    };
    let print = |print: &Option<String>| Observed::or_unknown(print.clone(), NO_CLIENT);
    Ok(Handshake {
        version: Observed::or_unknown(seen.version.map(version), &no_server),
        cipher_suite: Observed::or_unknown(
            seen.cipher_suite.map(|suite| suite.name().into_owned()),
            &no_server,
        ),
        group: group(seen, &no_server),
        sni: of_client(&seen.sni),
        alpn: of_client(&seen.alpn),
        ja3: print(&seen.ja3),
        ja4: print(&seen.ja4),
        resumed: Observed::or_unknown(seen.resumed, "it does not show in what was captured"),
        certificates: match seen.certificates.len() {
            0 if seen.resumed == Some(true) => Observed::Known(Vec::new()),
            0 => Observed::unknown("none was captured in clear or opened"),
            _ => Observed::Known(certificates.told(&seen.certificates, facts, job)?),
        },
        hello_retry_request: seen.hello_retry_request,
        alerts,
        completed: seen.completed,
    })
}

/// The registered name; drafts and unknown versions as on the wire.
fn version(wire: u16) -> String {
    match ProtocolVersion::from_wire(wire) {
        Some(version) if version.wire() == wire => version.to_string(),
        _ => format!("0x{wire:04x}"),
    }
}

/// The group, or that keys were agreed without one, which only some key exchanges can.
fn group(seen: &flow::Handshake, no_server: &str) -> Observed<Option<String>> {
    if let Some(group) = seen.group {
        return Observed::Known(Some(group.name().into_owned()));
    }
    let Some(suite) = seen.cipher_suite else { return Observed::unknown(no_server) };
    let is_tls13 = suite.is_tls13();
    let without = match suite.parts().map(|parts| parts.key_exchange) {
        Some(KeyExchange::Rsa | KeyExchange::Psk) => true,
        // A pre-shared key alone (RFC 8446, section 2.2).
        _ => is_tls13 && seen.resumed == Some(true),
    };
    if without {
        Observed::Known(None)
    } else if seen.resumed == Some(true) && !is_tls13 {
        Observed::unknown("keys were agreed in the session that was resumed")
    } else {
        Observed::unknown("the server's key exchange was not captured")
    }
}

/// Certificates that were met already.
#[derive(Default)]
struct Certificates {
    known: HashMap<Vec<u8>, Sha256>,
    /// Distinct ones that were not kept.
    beyond: u64,
}

impl Certificates {
    fn told(
        &mut self,
        chain: &[Vec<u8>],
        facts: &mut TrafficFacts,
        job: &Job<'_>,
    ) -> Result<Vec<Sha256>, RecorderError> {
        let mut digests = Vec::new();
        for der in chain {
            let digest = match self.known.get(der) {
                Some(digest) => *digest,
                None if facts.certificates.len() >= CERTIFICATES => {
                    self.beyond = self.beyond.saturating_add(1);
                    sha256(der)
                }
                None => {
                    let certificate = certificate(der, job)?;
                    let digest = certificate.der.sha256;
                    facts.certificates.push(certificate);
                    self.known.insert(der.clone(), digest);
                    digest
                }
            };
            digests.push(digest);
        }
        Ok(digests)
    }
}

fn certificate(der: &[u8], job: &Job<'_>) -> Result<Certificate, RecorderError> {
    const UNREADABLE: &str = "the certificate cannot be read";
    let parsed = X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate);
    let subject = parsed.as_ref().map(|c| text::one_line(&c.subject().to_string()));
    let label = match &subject {
        Some(subject) => format!("certificate of {subject}"),
        None => "certificate that cannot be read".to_owned(),
    };
    let at = |seconds: Option<i64>| {
        let instant = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Observed::or_unknown(instant, UNREADABLE)
    };
    let validity = parsed.as_ref().map(|certificate| &certificate.tbs_certificate.validity);
    Ok(Certificate {
        not_before: at(validity.map(|v| v.not_before.timestamp())),
        not_after: at(validity.map(|v| v.not_after.timestamp())),
        subject: Observed::or_unknown(subject, UNREADABLE),
        der: job.keep(label, der)?,
    })
}
