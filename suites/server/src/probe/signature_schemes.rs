//! With which schemes the server signs handshakes.

use std::cell::RefCell;

use hallmark_tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, iana::KeyExchange};
use hallmark_wire::{Refusal, exclude, together};
use openssl::{
    bn::BigNumContext,
    ec::{EcGroup, EcKey, PointConversionForm},
    error::ErrorStack,
    nid::Nid,
};

use super::asker::{Asker, allow_any_certificate};
use crate::facts::{Area, ServerFacts, Unknown};

/// A scheme that nobody has: reserved for private use (RFC 8446, 11).
const NOBODYS: SignatureScheme = SignatureScheme(0xfe5a);

/// `protocol_version`, `handshake_failure` … whatever the alert: what was found, and what not.
#[derive(Default)]
struct Found {
    schemes: Vec<SignatureScheme>,
    unknown: Vec<(String, String)>,
}

/// TLS 1.2 by exclusion, since it names its scheme in clear; TLS 1.3 one by one, since it does
/// not, but refuses before its hello what it cannot sign.
pub(super) async fn establish(asker: &Asker, facts: &mut ServerFacts) -> String {
    let accepted: Vec<_> = facts.accepted().collect();
    let (tls12, tls13) = (ProtocolVersion::Tls12, ProtocolVersion::Tls13);
    let by_version = [tls12, tls13].into_iter().filter(|version| accepted.contains(version));
    let found = together(by_version.map(async |version| {
        let found = match version {
            ProtocolVersion::Tls13 => one_by_one(asker, facts).await,
            _ => by_exclusion(asker, facts).await,
        };
        (version, found)
    }))
    .await;
    for (version, found) in found {
        let names: Vec<_> = found.schemes.iter().map(|scheme| scheme.name().into_owned()).collect();
        if !names.is_empty() {
            facts.signature_schemes.insert(version, names);
        }
        facts.unknown.extend(found.unknown.into_iter().map(|(what, reason)| Unknown {
            area: Area::SignatureSchemes,
            what: format!("{version}, {what}"),
            reason,
        }));
    }
    let counts: Vec<_> = facts
        .signature_schemes
        .iter()
        .map(|(version, schemes)| format!("{version}: {}", schemes.len()))
        .collect();
    if counts.is_empty() { "none to be chosen".to_owned() } else { counts.join(", ") }
}

/// Once for each kind of certificate.
async fn by_exclusion(asker: &Asker, facts: &ServerFacts) -> Found {
    let version = ProtocolVersion::Tls12;
    let names = facts.cipher_suites.get(&version).into_iter().flatten();
    let mut kinds: Vec<(&str, Vec<CipherSuite>)> = Vec::new();
    for suite in names.filter_map(|name| CipherSuite::from_name(name)) {
        let Some(parts) = suite.parts() else { continue };
        let is_signed = matches!(parts.key_exchange, KeyExchange::Ecdhe | KeyExchange::Dhe)
            && matches!(parts.authentication, "RSA" | "ECDSA" | "DSS");
        if is_signed {
            match kinds.iter_mut().find(|(kind, _)| *kind == parts.authentication) {
                Some((_, suites)) => suites.push(suite),
                None => kinds.push((parts.authentication, vec![suite])),
            }
        }
    }
    let all: Vec<_> = SignatureScheme::all().collect();
    let found = together(kinds.iter().map(async |(kind, suites)| {
        // Some servers sign as they always do and never look at the list.
        let unasked = RefCell::new(Vec::new());
        let found = exclude(&all, 1, async |schemes: Vec<SignatureScheme>| {
            let mut hello = asker.hello(version, suites);
            hello.set_signature_schemes(&schemes);
            allow_any_certificate(&mut hello);
            let (answer, raw) = asker.ask(version, &hello).await?;
            let unnamed = || Refusal::Malformed("the answer names no signature scheme".to_owned());
            let scheme = answer.scheme.ok_or_else(unnamed)?;
            asker.note(Area::SignatureSchemes, scheme.name(), raw);
            if schemes.contains(&scheme) {
                return Ok(scheme);
            }
            unasked.borrow_mut().push(scheme);
            Err(Refusal::Closed)
        })
        .await;
        (kind, found, unasked.into_inner())
    }))
    .await;
    let mut all = Found::default();
    for (kind, found, unasked) in found {
        for scheme in found.accepted.into_iter().chain(unasked) {
            if !all.schemes.contains(&scheme) {
                all.schemes.push(scheme);
            }
        }
        all.unknown.extend(found.unknown.into_iter().map(|(left, refusal)| {
            (format!("{} further schemes with {kind}", left.len()), refusal.to_string())
        }));
    }
    all
}

/// Families first: what is refused as a whole needs no questions of its own. The control is a
/// scheme that nobody has: a server that answers it chooses its signature after its hello, and
/// cannot be asked this way.
async fn one_by_one(asker: &Asker, facts: &ServerFacts) -> Found {
    let unknown = |reason: &str| Found {
        schemes: Vec::new(),
        unknown: vec![("all schemes".to_owned(), reason.to_owned())],
    };
    let groups = facts.groups.get(&ProtocolVersion::Tls13).into_iter().flatten();
    let preferred = groups.filter_map(|name| NamedGroup::from_name(name));
    // Where groups were not asked for, what nearly every server has.
    let usual = ["x25519", "secp256r1"].into_iter().filter_map(NamedGroup::from_name);
    let Some(share) = preferred.chain(usual).find_map(|group| Share::of(group, asker)) else {
        return unknown("no key share can be made for the groups that the server accepts");
    };
    match signs(asker, &share, &[NOBODYS]).await {
        Ok(false) => {}
        Ok(true) => return unknown("the server answers before it chooses how to sign"),
        Err(refusal) => return unknown(&refusal.to_string()),
    }
    let answers =
        together(families().into_iter().map(
            async |family| match signs(asker, &share, &family).await {
                Ok(true) => {
                    let asked = family.iter().map(async |scheme| {
                        (vec![*scheme], signs(asker, &share, &[*scheme]).await)
                    });
                    together(asked).await
                }
                other => vec![(family, other)],
            },
        ))
        .await;
    let mut found = Found::default();
    for (schemes, answer) in answers.into_iter().flatten() {
        match answer {
            Ok(true) => found.schemes.extend(schemes),
            Ok(false) => {}
            Err(refusal) => {
                let names: Vec<_> = schemes.iter().take(4).map(|scheme| scheme.name()).collect();
                found.unknown.push((names.join(", "), refusal.to_string()));
            }
        }
    }
    found
}

/// Schemes that stand or fall with one kind of key.
fn families() -> Vec<Vec<SignatureScheme>> {
    let family = |scheme: &SignatureScheme| {
        let name = scheme.name();
        ["ecdsa_", "rsa_pss_rsae_", "rsa_pss_pss_", "ed", "mldsa", "rsa_pkcs1_"]
            .iter()
            .position(|prefix| name.starts_with(prefix))
    };
    let mut families: Vec<(Option<usize>, Vec<SignatureScheme>)> = Vec::new();
    for scheme in SignatureScheme::all() {
        let family = family(&scheme);
        match families.iter_mut().find(|(other, _)| *other == family) {
            Some((_, schemes)) => schemes.push(scheme),
            None => families.push((family, vec![scheme])),
        }
    }
    families.into_iter().map(|(_, schemes)| schemes).collect()
}

/// Whether the server begins a handshake that must be signed with one of these.
async fn signs(asker: &Asker, share: &Share, schemes: &[SignatureScheme]) -> Result<bool, Refusal> {
    let version = ProtocolVersion::Tls13;
    let mut hello = asker.hello(version, &super::cipher_suites::offers(version));
    hello.set_groups(&[share.group]);
    hello.set_key_shares(&[(share.group, share.public.clone())]);
    hello.set_signature_schemes(schemes);
    allow_any_certificate(&mut hello);
    match asker.ask(version, &hello).await {
        Ok((answer, _)) if answer.hello.is_hello_retry_request() => {
            Err(Refusal::Malformed("the server wants another key share".to_owned()))
        }
        Ok((_, raw)) => {
            if let [scheme] = schemes {
                asker.note(Area::SignatureSchemes, scheme.name(), raw);
            }
            Ok(true)
        }
        Err(refusal) if refusal.is_no() => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// A key share that a server can work with. Nobody needs its private half.
struct Share {
    group: NamedGroup,
    public: Vec<u8>,
}

impl Share {
    fn of(group: NamedGroup, asker: &Asker) -> Option<Self> {
        let public = match &*group.name() {
            "x25519" => asker.random().to_vec(),
            "x448" => [&asker.random()[..], &asker.random()[..24]].concat(),
            "secp256r1" => point(Nid::X9_62_PRIME256V1).ok()?,
            "secp384r1" => point(Nid::SECP384R1).ok()?,
            "secp521r1" => point(Nid::SECP521R1).ok()?,
            // An encapsulation key of zeros is well-formed (FIPS 203, 7.2), and X25519 follows.
            "X25519MLKEM768" => [&[0; 1184][..], &asker.random()[..]].concat(),
            _ => return None,
        };
        Some(Self { group, public })
    }
}

/// A point on the curve, uncompressed.
fn point(curve: Nid) -> Result<Vec<u8>, ErrorStack> {
    let group = EcGroup::from_curve_name(curve)?;
    let key = EcKey::generate(&group)?;
    key.public_key().to_bytes(
        &group,
        PointConversionForm::UNCOMPRESSED,
        &mut *BigNumContext::new()?,
    )
}
