//! The chains of certificates that the server sends.

use hallmark_runner::{Job, ProbeError};
use hallmark_tls::ProtocolVersion;
use hallmark_wire::Roots;

use super::{asker::Asker, x509};
use crate::facts::{Anchored, Area, Kept, ServerFacts, Told, Trust, Unknown};

/// How many certificates of one chain are read.
const LONGEST: usize = 16;

/// Reads every chain that answers showed in clear. TLS 1.3 shows none: there, one ordinary
/// handshake without verification fetches it.
pub(super) async fn establish(
    asker: &Asker,
    roots: Option<&[u8]>,
    facts: &mut ServerFacts,
    job: &Job<'_>,
) -> Result<String, ProbeError> {
    let unknown = |what: String, reason: String| Unknown { area: Area::Certificates, what, reason };
    if facts.accepted().any(|version| version == ProtocolVersion::Tls13)
        || (asker.chains().is_empty() && facts.accepted().next().is_some())
    {
        match asker.line().handshake().await {
            Ok(shaken) => asker.remember_chain(shaken.certificates),
            Err(refusal) if asker.chains().is_empty() => {
                let what = "the chain of an ordinary handshake".to_owned();
                facts.unknown.push(unknown(what, refusal.to_string()));
            }
            Err(_) => {}
        }
    }
    let chains = asker.chains();
    if let Some(pem) = roots {
        facts.trust = Some(trust(pem, &chains, job)?);
    }
    for (number, chain) in (1..).zip(&chains) {
        for (position, der) in (0..).zip(chain.iter().take(LONGEST)) {
            let next = chain.get(position as usize + 1);
            let label = format!("certificate {position} of chain {number}");
            let kept = job.keep(&label, der)?;
            let place = x509::Place { chain: number, position };
            match x509::read(der, next.map(Vec::as_slice), place, kept.clone()) {
                Ok(certificate) => {
                    let shows = certificate.subject.clone();
                    facts.evidence.push(Kept { area: Area::Certificates, shows, evidence: kept });
                    facts.certificates.push(certificate);
                }
                Err(reason) => facts.unknown.push(unknown(label, reason)),
            }
        }
        if chain.len() > LONGEST {
            let what = format!("chain {number}, {} further certificates", chain.len() - LONGEST);
            facts.unknown.push(unknown(what, format!("more than {LONGEST} are not read")));
        }
    }
    unseen(facts);
    Ok(match chains.len() {
        0 => "no certificate".to_owned(),
        1 => format!("one chain of {}", chains.iter().map(Vec::len).sum::<usize>()),
        n => format!("{n} chains"),
    })
}

/// Whether each chain leads to one of the roots.
fn trust(pem: &[u8], chains: &[Vec<Vec<u8>>], job: &Job<'_>) -> Result<Trust, ProbeError> {
    let kept = job.keep("roots that the user named", pem)?;
    let roots = Roots::from_pem(pem);
    let anchored = |chain: &Vec<Vec<u8>>| match roots
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|roots| roots.refuse(chain))
    {
        Ok(refused) => Anchored { told: Told::Known(refused.is_none()), reason: refused },
        Err(reason) => Anchored { told: Told::unknown(reason), reason: None },
    };
    let subjects = roots.as_ref().map_or_else(|_| Vec::new(), |roots| roots.subjects().to_vec());
    Ok(Trust { roots: kept, subjects, chains: chains.iter().map(anchored).collect() })
}

/// A server that signs with a kind of key of which no certificate was seen has one more.
fn unseen(facts: &mut ServerFacts) {
    let has = |algorithms: &[&str]| {
        let leaves = facts.certificates.iter().filter(|certificate| certificate.position == 0);
        leaves.into_iter().any(|leaf| algorithms.contains(&leaf.key.algorithm.as_str()))
    };
    let kinds: [(&str, &[&str]); 4] = [
        ("ecdsa_", &["EC"]),
        ("rsa_", &["RSA", "RSASSA-PSS"]),
        ("ed25519", &["Ed25519"]),
        ("ed448", &["Ed448"]),
    ];
    let signs = |prefix: &str| {
        facts
            .signature_schemes
            .values()
            .flatten()
            .find(|scheme| scheme.starts_with(prefix))
            .cloned()
    };
    let unseen: Vec<_> = kinds
        .into_iter()
        .filter(|(_, algorithms)| !facts.certificates.is_empty() && !has(algorithms))
        .filter_map(|(prefix, _)| signs(prefix))
        .collect();
    facts.unknown.extend(unseen.into_iter().map(|scheme| Unknown {
        area: Area::Certificates,
        what: format!("the certificate whose key signs {scheme}"),
        reason: "it is not visible in clear, and the ordinary handshake got another one".to_owned(),
    }));
}
