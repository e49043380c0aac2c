//! Flows and places in words, bounded.

use hallmark_model::text;

use crate::facts::{Flow, Found, Layer, Observed, Place, Side, TrafficFacts};

/// How many places one sentence lists.
const LISTED: usize = 10;

/// `flow 3 to 192.0.2.1:443 (chat.example)`.
pub(super) fn flow(flow: &Flow) -> String {
    let sni = flow.handshake.as_ref().and_then(|handshake| match &handshake.sni {
        Observed::Known(Some(name)) => Some(format!(" ({})", text::one_line(name))),
        _ => None,
    });
    let (server, sni) = (text::one_line(&flow.server), sni.unwrap_or_default());
    format!("flow {} to {server}{sni}", flow.id)
}

/// The first of these, and how many more there are.
pub(super) fn some(mut all: impl Iterator<Item = String>, listed: usize) -> String {
    let mut shown: Vec<_> = all.by_ref().take(listed).collect();
    let more = all.count();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

/// Places by flow, side, layer and encoding, or by file: each with how often.
pub(super) fn found<'a>(
    facts: &TrafficFacts,
    texts: impl Iterator<Item = (String, &'a Found)>,
) -> String {
    let mut places: Vec<(String, &Found, u64)> = Vec::new();
    let mut beyond = 0_u64;
    for (id, found) in texts {
        let same = |(known, place, _): &&mut (String, &Found, u64)| {
            *known == id && place.encoding == found.encoding && place.place == found.place
        };
        if let Some((_, _, times)) = places.iter_mut().find(same) {
            *times += 1;
        } else if places.len() < LISTED {
            places.push((id, found, 1));
        } else {
            beyond += 1;
        }
    }
    let one = |(name, found, times): (String, &Found, u64)| match times {
        1 => one(facts, &name, found),
        _ => format!("{}, {times} times", one(facts, &name, found)),
    };
    let mut shown: Vec<_> = places.into_iter().map(one).collect();
    if beyond > 0 {
        shown.push(format!("and {beyond} more time(s) elsewhere, all in the facts"));
    }
    shown.join("; ")
}

fn one(facts: &TrafficFacts, id: &str, found: &Found) -> String {
    let encoding = text::one_line(&found.encoding);
    match &found.place {
        Place::Flow { flow: number, side, layer } => {
            let known = facts.flows.iter().find(|flow| flow.id == *number);
            let at = known.map_or_else(|| format!("flow {number}"), flow);
            let side = match side {
                Side::Client => "sent by the client",
                Side::Server => "sent by the server",
            };
            let layer = match layer {
                Layer::Raw => "in the bytes on the wire",
                Layer::Decrypted => "under TLS",
            };
            format!("{id} as {encoding} in {at}, {side}, {layer}")
        }
        Place::File { path, .. } => format!("{id} as {encoding} in {}", text::one_line(path)),
        Place::Name { path, .. } => {
            format!("{id} as {encoding} in the name of {}", text::one_line(path))
        }
    }
}
