//! The figure of this suite: which traffic was encrypted, and which was not.

use std::collections::{BTreeMap, btree_map::Entry};

use hallmark_model::{
    Figure,
    figure::{FlowMap, Protection, Stream},
    text,
};

use crate::{
    checks::{
        plaintext_flows::{is_infrastructure, is_refused_offer},
        sessions::is_session,
    },
    facts::{Content, Flow, Observed, TrafficFacts},
};

/// Destinations that the map shows.
const STREAMS: usize = 40;

/// What a report can draw from the facts: nothing where nothing was captured.
#[must_use]
pub fn figures(facts: &TrafficFacts) -> Vec<Figure> {
    let mut streams: BTreeMap<_, Stream> = BTreeMap::new();
    for one in facts.flows.iter().filter_map(stream) {
        let key = (one.destination.clone(), one.protocol.clone(), one.protection);
        match streams.entry(key) {
            Entry::Vacant(new) => {
                new.insert(one);
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.flows = known.flows.saturating_add(1);
                known.bytes = known.bytes.saturating_add(one.bytes);
            }
        }
    }
    let mut streams: Vec<_> = streams.into_values().collect();
    if streams.is_empty() {
        return Vec::new();
    }
    // Stable: destinations of one protection and size stay in the order of their names.
    streams.sort_by(|a, b| a.protection.cmp(&b.protection).then(b.bytes.cmp(&a.bytes)));
    let sentences = sentences(facts, &streams);
    streams.truncate(STREAMS);
    let names: Vec<_> = facts.files.iter().take(2).map(|file| name(&file.path)).collect();
    let subject = match facts.files.len() {
        n if n > names.len() => format!("{} and {} more", names.join(", "), n - names.len()),
        _ => names.join(", "),
    };
    vec![Figure::Flows(FlowMap { subject, streams, sentences })]
}

/// The last part of a path.
fn name(path: &str) -> String {
    text::one_line(path.rsplit('/').next().unwrap_or(path))
}

/// A flow on the map; nothing for an offer of TLS that was refused.
fn stream(flow: &Flow) -> Option<Stream> {
    let name = flow.protocol.as_deref().map_or("not recognised".to_owned(), text::one_line);
    let seen = flow.handshake.as_ref();
    let (protocol, protection) = match flow.content {
        Content::Empty => return None,
        _ if is_refused_offer(flow) => return None,
        Content::Readable if is_infrastructure(flow) => (name, Protection::Infrastructure),
        Content::Readable => (name, Protection::Readable),
        Content::OtherEncryption | Content::Opaque => (name, Protection::NotAssessed),
        Content::Tls => {
            let version = seen.and_then(|handshake| handshake.version.known());
            let after = flow.starttls.as_deref().map(|_| " after STARTTLS").unwrap_or_default();
            let name = version.map_or("TLS, handshake not seen".to_owned(), |v| text::one_line(v));
            let opened = flow.decrypted.records > 0 && flow.is_open();
            let protection = match version {
                _ if opened => Protection::Opened,
                Some(_) if is_session(flow) => Protection::Encrypted,
                _ => Protection::NotAssessed,
            };
            (format!("{name}{after}"), protection)
        }
    };
    let sni = seen.and_then(|handshake| match &handshake.sni {
        Observed::Known(Some(name)) => Some(format!(" ({})", text::one_line(name))),
        _ => None,
    });
    Some(Stream {
        destination: format!("{}{}", text::one_line(&flow.server), sni.unwrap_or_default()),
        protocol,
        protection,
        flows: 1,
        bytes: flow.bytes.client.saturating_add(flow.bytes.server),
    })
}

fn sentences(facts: &TrafficFacts, streams: &[Stream]) -> Vec<String> {
    let flows = |wanted: Protection| -> u64 {
        streams.iter().filter(|stream| stream.protection == wanted).map(|s| s.flows).sum()
    };
    let some = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("One flow {one}.")),
        n => Some(format!("{n} flows {many}.")),
    };
    let readable = some(
        flows(Protection::Readable),
        "can be read by anyone on the way",
        "can be read by anyone on the way",
    );
    let mut sentences: Vec<String> = [
        readable.or_else(|| Some("No readable content was recorded.".to_owned())),
        some(flows(Protection::NotAssessed), "could not be assessed", "could not be assessed"),
        some(
            flows(Protection::Infrastructure),
            "names hosts and addresses of the network itself",
            "name hosts and addresses of the network itself",
        ),
        some(
            flows(Protection::Encrypted),
            "is encrypted and stayed closed here",
            "are encrypted and stayed closed here",
        ),
        some(
            flows(Protection::Opened),
            "is encrypted and was opened here with logged keys",
            "are encrypted and were opened here with logged keys",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if streams.len() > STREAMS {
        sentences.push(format!("{} further destinations are not drawn.", streams.len() - STREAMS));
    }
    let left_out = facts.left_out.like_others.saturating_add(facts.left_out.unlike_others);
    if left_out > 0 {
        sentences.push(format!("{left_out} further flows are not listed."));
    }
    sentences
}
