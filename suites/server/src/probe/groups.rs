//! In which groups the server agrees on keys.

use std::cell::RefCell;

use hallmark_tls::{
    CipherSuite, NamedGroup, ProtocolVersion, iana::KeyExchange, messages::KeyExchangeParameters,
};
use hallmark_wire::{Refusal, exclude, together};

use super::{
    asker::{self, Asker},
    fields, x509,
};
use crate::facts::{Area, DhParameters, ServerFacts, Unknown};

/// What was found for one version.
#[derive(Default)]
struct Found {
    groups: Vec<NamedGroup>,
    unknown: Vec<(Vec<NamedGroup>, Refusal)>,
}

/// TLS 1.3 by what it asks for when offered no key share; earlier versions by what they sign.
///
/// SSLv3 has no list of groups; what it uses is seen by the way.
///
/// Only the latest of the earlier versions is enumerated; the others are asked for what it does
/// not have, which servers hardly ever answer.
pub(super) async fn establish(asker: &Asker, facts: &mut ServerFacts) -> String {
    let accepted: Vec<_> = facts.accepted().collect();
    let earlier: Vec<_> = accepted
        .iter()
        .rev()
        .copied()
        .filter(|version| (ProtocolVersion::Tls10..ProtocolVersion::Tls13).contains(version))
        .collect();
    let tls13 = async {
        match accepted.contains(&ProtocolVersion::Tls13) {
            true => enumerate_tls13(asker).await,
            false => Found::default(),
        }
    };
    let before = async { enumerate_earlier(asker, facts, &earlier).await };
    let (tls13, earlier) = tokio::join!(tls13, before);
    let found = earlier.into_iter().chain([(ProtocolVersion::Tls13, tls13)]);
    for (version, found) in found.collect::<Vec<_>>() {
        for group in found.groups {
            add(facts, version, group);
        }
        facts.unknown.extend(found.unknown.into_iter().map(|(left, refusal)| Unknown {
            area: Area::Groups,
            what: format!("{version}, {} further groups", left.len()),
            reason: refusal.to_string(),
        }));
    }
    for (version, parameters) in asker.exchanges() {
        by_the_way(facts, version, &parameters);
    }
    let groups: Vec<_> = facts
        .groups
        .iter()
        .map(|(version, groups)| format!("{version}: {}", groups.len()))
        .collect();
    if groups.is_empty() { "no group".to_owned() } else { groups.join(", ") }
}

/// Curves and fields that answers to other questions showed.
fn by_the_way(facts: &mut ServerFacts, version: ProtocolVersion, seen: &KeyExchangeParameters) {
    match seen {
        KeyExchangeParameters::Ecdhe { group, .. } => add(facts, version, *group),
        KeyExchangeParameters::Dhe { prime, .. } => match fields::registered(prime) {
            Some(group) => add(facts, version, group),
            None => {
                let prime_bits = seen.prime_bits().unwrap_or(0);
                let known = fields::published(prime);
                let same =
                    |dh: &&mut DhParameters| dh.prime_bits == prime_bits && dh.known == known;
                match facts.dh_parameters.iter_mut().find(same) {
                    Some(dh) if dh.versions.contains(&version) => {}
                    Some(dh) => {
                        dh.versions.push(version);
                        dh.versions.sort();
                    }
                    None => facts.dh_parameters.push(DhParameters {
                        versions: vec![version],
                        prime_bits,
                        known,
                    }),
                }
            }
        },
    }
}

fn add(facts: &mut ServerFacts, version: ProtocolVersion, group: NamedGroup) {
    let groups = facts.groups.entry(version).or_default();
    let name = group.name().into_owned();
    if !groups.contains(&name) {
        groups.push(name);
    }
}

async fn enumerate_tls13(asker: &Asker) -> Found {
    let version = ProtocolVersion::Tls13;
    let suites = super::cipher_suites::offers(version);
    let all: Vec<_> = NamedGroup::all().collect();
    let found = exclude(&all, 1, async |groups: Vec<NamedGroup>| {
        let mut hello = asker.hello(version, &suites);
        hello.set_groups(&groups);
        let (answer, raw) = asker.ask(version, &hello).await?;
        let group = answer.hello.key_share_group().ok_or_else(unnamed)?;
        asker.note(Area::Groups, group.name(), raw);
        Ok(group)
    })
    .await;
    Found { groups: found.accepted, unknown: found.unknown }
}

async fn enumerate_earlier(
    asker: &Asker,
    facts: &ServerFacts,
    versions: &[ProtocolVersion],
) -> Vec<(ProtocolVersion, Found)> {
    let Some((latest, others)) = versions.split_first() else { return Vec::new() };
    let (anchors, suites) = ecdhe(asker, facts, *latest);
    let all: Vec<_> = NamedGroup::all().collect();
    let mut found = curves(asker, *latest, &suites, &all, &anchors).await;
    let left: Vec<_> = all.iter().filter(|group| !found.groups.contains(group)).copied().collect();
    if !anchors.is_empty() {
        // Perhaps the curve of the certificate is not needed after all.
        let more = curves(asker, *latest, &suites, &left, &[]).await;
        found.groups.extend(more.groups);
        found.unknown.extend(more.unknown);
    }
    own_field(asker, facts, *latest).await;
    let rest = together(others.iter().map(async |version| {
        let (anchors, suites) = ecdhe(asker, facts, *version);
        (*version, curves(asker, *version, &suites, &left, &anchors).await)
    }))
    .await;
    [(*latest, found)].into_iter().chain(rest).collect()
}

/// The accepted suites with ECDHE, and the curves without which the server has no certificate to
/// use: where every one of them proves an ECDSA certificate, its curve must stay on offer.
fn ecdhe(
    asker: &Asker,
    facts: &ServerFacts,
    version: ProtocolVersion,
) -> (Vec<NamedGroup>, Vec<CipherSuite>) {
    let suites = accepted(facts, version, |exchange| exchange == KeyExchange::Ecdhe);
    let proves =
        |suite: &CipherSuite, what| suite.parts().is_some_and(|parts| parts.authentication == what);
    let by_rsa: Vec<_> = suites.iter().copied().filter(|suite| proves(suite, "RSA")).collect();
    if !by_rsa.is_empty() {
        return (Vec::new(), by_rsa);
    }
    let chains = asker.chains();
    let leaves = chains.iter().filter_map(|chain| chain.first());
    (leaves.filter_map(|leaf| x509::curve(leaf)).collect(), suites)
}

/// The accepted suites of a version with such a key exchange.
fn accepted(
    facts: &ServerFacts,
    version: ProtocolVersion,
    is_wanted: impl Fn(KeyExchange) -> bool,
) -> Vec<CipherSuite> {
    let names = facts.cipher_suites.get(&version).into_iter().flatten();
    names
        .filter_map(|name| CipherSuite::from_name(name))
        .filter(|suite| suite.parts().is_some_and(|parts| is_wanted(parts.key_exchange)))
        .collect()
}

/// Excludes curves with `anchors` always last on the list; ends when the server takes an anchor.
async fn curves(
    asker: &Asker,
    version: ProtocolVersion,
    suites: &[CipherSuite],
    offers: &[NamedGroup],
    anchors: &[NamedGroup],
) -> Found {
    if suites.is_empty() || offers.is_empty() {
        return Found::default();
    }
    // Some servers have one curve and never look at the list.
    let unasked = RefCell::new(Vec::new());
    let offers: Vec<_> = offers.iter().copied().filter(|offer| !anchors.contains(offer)).collect();
    let found = exclude(&offers, 1, async |groups: Vec<NamedGroup>| {
        let mut hello = asker.hello(version, suites);
        hello.set_groups(&[&groups[..], anchors].concat());
        let (answer, raw) = asker.ask(version, &hello).await?;
        let group = asker::curve(answer.parameters.as_ref()).ok_or_else(unnamed)?;
        asker.note(Area::Groups, group.name(), raw);
        if groups.contains(&group) {
            return Ok(group);
        }
        unasked.borrow_mut().push(group);
        Err(Refusal::Closed)
    })
    .await;
    let mut groups = found.accepted;
    groups.extend(unasked.into_inner());
    Found { groups, unknown: found.unknown }
}

/// Asks a server with DHE for the field that it takes when no registered one is on offer. The
/// answer is remembered with all others.
async fn own_field(asker: &Asker, facts: &ServerFacts, version: ProtocolVersion) {
    let suites = accepted(facts, version, |exchange| exchange == KeyExchange::Dhe);
    if suites.is_empty() {
        return;
    }
    let mut hello = asker.hello(version, &suites);
    let curves: Vec<_> =
        NamedGroup::all().filter(|group| !group.name().starts_with("ffdhe")).collect();
    hello.set_groups(&curves);
    if let Ok((answer, raw)) = asker.ask(version, &hello).await
        && let Some(bits) = answer.parameters.as_ref().and_then(KeyExchangeParameters::prime_bits)
    {
        asker.note(Area::Groups, format!("dhe {bits} bits"), raw);
    }
}

fn unnamed() -> Refusal {
    Refusal::Malformed("the answer names no group".to_owned())
}
