//! Which versions the server accepts.

use std::collections::BTreeSet;

use hallmark_runner::ProbeError;
use hallmark_tls::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion,
    iana::KeyExchange,
    ssl2::{self, Ssl2CipherKind},
};
use hallmark_wire::{Hello, Refusal, together};

use super::{asker::Asker, cipher_suites};
use crate::facts::{Area, ServerFacts, Told, Unknown};

/// `protocol_version`: the one alert that speaks of nothing else.
const PROTOCOL_VERSION: Refusal = Refusal::Alert(AlertDescription(70));

/// One version, asked for.
struct Asked {
    version: ProtocolVersion,
    outcome: Result<Vec<String>, Refusal>,
}

/// In the order of the questions. The first is put alone and with patience, so it is one that almost
/// every server answers; SSLv2 comes last, because some keep silent about it.
const ORDER: [ProtocolVersion; 6] = [
    ProtocolVersion::Tls12,
    ProtocolVersion::Tls13,
    ProtocolVersion::Tls11,
    ProtocolVersion::Tls10,
    ProtocolVersion::Ssl3,
    ProtocolVersion::Ssl2,
];

/// Asks for all versions at the same time.
pub(super) async fn establish(
    asker: &Asker,
    facts: &mut ServerFacts,
) -> Result<String, ProbeError> {
    let asked = together(ORDER.map(|version| one(asker, version))).await;
    let unreachable = asked
        .iter()
        .all(|asked| matches!(asked.outcome, Err(Refusal::Unreachable(_) | Refusal::BudgetSpent)));
    if unreachable && let Some(Asked { outcome: Err(refusal), .. }) = asked.first() {
        return Err(ProbeError::Unreachable(format!(
            "{} cannot be reached: {refusal}",
            asker.line().target()
        )));
    }
    // The control: a refusal means something only where the server answered something.
    let alive = asked.iter().any(|asked| asked.outcome.is_ok());
    for Asked { version, outcome } in asked {
        let told = match outcome {
            Ok(suites) => {
                if version == ProtocolVersion::Ssl2 {
                    facts.cipher_suites.insert(version, suites);
                }
                Told::Known(true)
            }
            Err(refusal) if alive && refusal.is_no() => Told::Known(false),
            Err(refusal) => Told::unknown(refusal.to_string()),
        };
        facts.versions.insert(version, told);
    }
    let accepted: Vec<_> = facts.accepted().map(|version| version.to_string()).collect();
    Ok(match accepted.len() {
        0 => "no version was accepted".to_owned(),
        _ => accepted.join(", "),
    })
}

/// The control at the end: what was answered at the beginning is answered still. Otherwise refusals on
/// the way may have been those of a server that had enough of us.
pub(super) async fn still_answers(asker: &Asker, facts: &mut ServerFacts, areas: &BTreeSet<Area>) {
    let known = |version: &ProtocolVersion| *version != ProtocolVersion::Ssl2;
    let Some(version) = facts.accepted().filter(known).last() else { return };
    let Err(refusal) = tls(asker, version).await else { return };
    if refusal != Refusal::BudgetSpent {
        facts.unknown.extend(areas.iter().map(|area| Unknown {
            area: *area,
            what: format!("{version}, accepted at the beginning and asked for again at the end"),
            reason: refusal.to_string(),
        }));
    }
}

async fn one(asker: &Asker, version: ProtocolVersion) -> Asked {
    let outcome = match version {
        ProtocolVersion::Ssl2 => ssl2(asker).await,
        _ => tls(asker, version).await.map(|()| Vec::new()),
    };
    Asked { version, outcome }
}

/// Everything first; if that is refused in any other way than by naming the version, only what is
/// usual: some servers bear no long hello, some no empty key share.
async fn tls(asker: &Asker, version: ProtocolVersion) -> Result<(), Refusal> {
    let refusal = match cipher_suites::pick(asker, version, &cipher_suites::offers(version)).await {
        Ok((_, raw)) => {
            asker.note(Area::Versions, version.name(), raw);
            return Ok(());
        }
        Err(refusal) => refusal,
    };
    if refusal == PROTOCOL_VERSION || refusal.is_of_the_line() {
        return Err(refusal);
    }
    let mut hello = asker.hello(version, &usual(version));
    if version == ProtocolVersion::Tls13
        && let Some(x25519) = NamedGroup::from_name("x25519")
    {
        hello.set_key_shares(&[(x25519, asker.random().to_vec())]);
    }
    match asker.ask(version, &hello).await {
        Ok((_, raw)) => {
            asker.note(Area::Versions, version.name(), raw);
            Ok(())
        }
        // What the first answer said is as good.
        Err(second) => Err(if second.is_no() { second } else { refusal }),
    }
}

/// Suites that servers have in common.
fn usual(version: ProtocolVersion) -> Vec<CipherSuite> {
    let is_usual = |suite: &CipherSuite| {
        suite.is_tls13()
            || suite.parts().is_some_and(|parts| {
                let exchange = matches!(
                    parts.key_exchange,
                    KeyExchange::Rsa | KeyExchange::Dhe | KeyExchange::Ecdhe
                );
                let authentication = matches!(parts.authentication, "RSA" | "ECDSA");
                let cipher = ["AES_", "CHACHA20_", "3DES_", "RC4_128"]
                    .iter()
                    .any(|family| parts.cipher.starts_with(family));
                exchange
                    && authentication
                    && cipher
                    && !parts.export
                    && !parts.cipher.contains("CCM")
            })
    };
    cipher_suites::offers(version).into_iter().filter(is_usual).collect()
}

/// The kinds that the server accepts.
async fn ssl2(asker: &Asker) -> Result<Vec<String>, Refusal> {
    let kinds: Vec<_> = Ssl2CipherKind::all().collect();
    let mut challenge = [0; 16];
    challenge.copy_from_slice(&asker.random()[..16]);
    let flight = asker.line().ask(&ssl2::client_hello(&kinds, challenge)).await.into_result()?;
    match flight.hello {
        Hello::Ssl2(hello) => {
            asker.note(Area::Versions, ProtocolVersion::Ssl2.name(), flight.raw);
            // SSLv2 sends the certificate alone, without its chain.
            if !asker.chains().iter().any(|chain| chain.first() == Some(&hello.certificate)) {
                asker.remember_chain(vec![hello.certificate]);
            }
            Ok(hello.kinds.into_iter().map(Ssl2CipherKind::name).collect())
        }
        // A later version, offered by nobody.
        Hello::Tls(_) => Err(PROTOCOL_VERSION),
    }
}
