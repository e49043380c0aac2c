//! Which cipher suites the server accepts, and in whose order.

use hallmark_tls::{CipherSuite, ProtocolVersion};
use hallmark_wire::{Preference, Refusal, exclude, merge, preference, together};

use super::asker::Asker;
use crate::facts::{Area, ServerFacts, Told, Unknown};

/// Lanes where the order is not the server's: four questions at a time.
const LANES: usize = 4;

/// Every suite of the version: registered, or spoken without being.
pub(super) fn offers(version: ProtocolVersion) -> Vec<CipherSuite> {
    let of_tls13 = version == ProtocolVersion::Tls13;
    CipherSuite::all()
        .chain(CipherSuite::unregistered())
        .filter(|suite| suite.is_tls13() == of_tls13)
        .collect()
}

/// The server's pick of these suites, and its answer.
pub(super) async fn pick(
    asker: &Asker,
    version: ProtocolVersion,
    suites: &[CipherSuite],
) -> Result<(CipherSuite, Vec<u8>), Refusal> {
    let (answer, raw) = asker.ask(version, &asker.hello(version, suites)).await?;
    Ok((answer.hello.cipher_suite, raw))
}

/// Enumerates the suites of all accepted versions at the same time.
pub(super) async fn establish(asker: &Asker, facts: &mut ServerFacts) -> String {
    let versions: Vec<_> =
        facts.accepted().filter(|version| *version != ProtocolVersion::Ssl2).collect();
    let found = together(versions.iter().map(|version| of_version(asker, *version))).await;
    for (version, found) in versions.into_iter().zip(found) {
        let names = found.suites.iter().map(|suite| suite.name().into_owned()).collect();
        facts.cipher_suites.insert(version, names);
        facts.server_preference.insert(version, found.preference);
        facts.unknown.extend(found.unknown.into_iter().map(|(left, refusal)| Unknown {
            area: Area::CipherSuites,
            what: format!("{version}, {} further cipher suites", left.len()),
            reason: refusal.to_string(),
        }));
    }
    let counts: Vec<_> = facts
        .cipher_suites
        .iter()
        .map(|(version, suites)| format!("{version}: {}", suites.len()))
        .collect();
    counts.join(", ")
}

/// What was found for one version.
struct Found {
    suites: Vec<CipherSuite>,
    preference: Told,
    unknown: Vec<(Vec<CipherSuite>, Refusal)>,
}

/// Two questions tell whose order decides: all suites, and all of them reversed. Where it is the
/// server's, one lane finds the suites in that order and costs nothing more; otherwise several
/// lanes are faster.
async fn of_version(asker: &Asker, version: ProtocolVersion) -> Found {
    let ask = async |suites: Vec<CipherSuite>| {
        let (suite, raw) = pick(asker, version, &suites).await?;
        asker.note(Area::CipherSuites, suite.name(), raw);
        Ok(suite)
    };
    let all = offers(version);
    let reversed: Vec<_> = all.iter().rev().copied().collect();
    let (forward, backward) = match &together([ask(all.clone()), ask(reversed)]).await[..] {
        [Ok(forward), Ok(backward)] => (Some(*forward), Some(*backward)),
        _ => (None, None),
    };
    let insists = forward.is_some() && forward == backward;
    let lanes = if insists { 1 } else { LANES };
    let found = exclude(&all, lanes, |suites| async {
        match forward {
            // The one lane begins with a question that was put already.
            Some(pick) if suites.len() == all.len() => Ok(pick),
            _ => ask(suites).await,
        }
    })
    .await;
    let mut suites = found.accepted;
    let mut told = Told::Known(insists);
    if suites.len() < 2 {
        told = Told::unknown("there are not two cipher suites to choose from");
    } else if !insists {
        // In the order of the offer, which here is the client's.
        let place = |suite: &CipherSuite| all.iter().position(|offer| offer == suite);
        suites.sort_by_key(place);
        told = match preference(&suites, ask).await {
            Preference::Client => Told::Known(false),
            Preference::Server => match merge(&found.lanes, ask).await {
                Ok(merged) => {
                    suites = merged;
                    Told::Known(true)
                }
                Err(refusal) => Told::unknown(refusal.to_string()),
            },
            Preference::Mixed => {
                Told::unknown("the server has favourites that depend on the client's order")
            }
            Preference::NoChoice => Told::unknown("there are not two cipher suites to choose from"),
            Preference::Unknown(refusal) => Told::unknown(refusal.to_string()),
        };
    }
    Found { suites, preference: told, unknown: found.unknown }
}
