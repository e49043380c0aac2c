//! The questions. They establish facts and judge nothing.

mod asker;
mod certificates;
mod cipher_suites;
mod fields;
mod groups;
mod signature_schemes;
mod versions;
mod x509;

use std::{collections::BTreeSet, future::Future, pin::Pin};

use hallmark_model::{CheckId, Event, Suite};
use hallmark_runner::{Job, ProbeError, Prober, Stopwatch};
use hallmark_wire::{Budget, Line, Roots, Target};
use serde_json::Value;

use crate::{
    checks,
    facts::{Area, ServerFacts, StartTls},
};
use asker::Asker;

/// A stage of the probe: the part of the facts that it establishes, the check after which it is
/// named, and what it does.
struct Stage {
    area: Area,
    name: &'static str,
    title: &'static str,
}

/// The stages, in the order in which they run. Each stands on the ones before.
const STAGES: &[Stage] = &[
    Stage { area: Area::Versions, name: "tls-version", title: "versions, SSLv2 to TLS 1.3" },
    Stage { area: Area::CipherSuites, name: "cipher-suites", title: "cipher suites" },
    Stage { area: Area::Groups, name: "groups", title: "groups of the key exchange" },
    Stage {
        area: Area::SignatureSchemes,
        name: "signature-schemes",
        title: "signatures of the handshake",
    },
    Stage { area: Area::Certificates, name: "certificate-chain", title: "certificates" },
];

/// A TLS server at an address.
#[derive(Clone, Debug)]
pub struct Probed {
    target: Target,
    roots: Option<Vec<u8>>,
    command: String,
}

impl Probed {
    /// The server at `target`; `command` is what a person types after `hallmark` to probe it again.
    #[must_use]
    pub fn new(target: Target, command: String) -> Self {
        Self { target, roots: None, command }
    }

    /// The same, with roots in PEM to which the chains must lead.
    ///
    /// # Errors
    ///
    /// With a line for the user, when these are no certificates.
    pub fn trusting(self, roots: Vec<u8>) -> Result<Self, String> {
        Roots::from_pem(&roots)?;
        Ok(Self { roots: Some(roots), ..self })
    }

    async fn facts(&self, job: &Job<'_>) -> Result<ServerFacts, ProbeError> {
        let wanted = areas(job.checks);
        (job.tell)(Event::SuiteStarted {
            suite: Suite::Server,
            subject: self.target.to_string(),
            probes: wanted.len(),
        });
        let asker = Asker::new(Line::new(self.target.clone(), Budget::default()), job.seed);
        let mut facts = self.nothing_known();
        for stage in STAGES.iter().filter(|stage| wanted.contains(&stage.area)) {
            let probe = CheckId::of(Suite::Server, stage.name);
            (job.tell)(Event::ProbeStarted { probe: probe.clone(), title: stage.title.to_owned() });
            let watch = Stopwatch::start();
            let outcome = match stage.area {
                Area::Versions => versions::establish(&asker, &mut facts).await?,
                Area::CipherSuites => cipher_suites::establish(&asker, &mut facts).await,
                Area::Groups => groups::establish(&asker, &mut facts).await,
                Area::SignatureSchemes => signature_schemes::establish(&asker, &mut facts).await,
                Area::Certificates => {
                    certificates::establish(&asker, self.roots.as_deref(), &mut facts, job).await?
                }
            };
            asker.keep(&mut facts, job)?;
            facts.connections = asker.line().connections();
            (job.tell)(Event::ProbeFinished { probe, millis: watch.millis(), outcome });
        }
        versions::still_answers(&asker, &mut facts, &wanted).await;
        facts.connections = asker.line().connections();
        Ok(facts)
    }

    fn nothing_known(&self) -> ServerFacts {
        ServerFacts {
            endpoint: self.target.to_string(),
            server_name: self.target.domain().to_owned(),
            starttls: self.target.starttls.map(|hallmark_wire::StartTls::Xmpp| StartTls::Xmpp),
            connections: 0,
            versions: [].into(),
            cipher_suites: [].into(),
            server_preference: [].into(),
            groups: [].into(),
            dh_parameters: Vec::new(),
            signature_schemes: [].into(),
            certificates: Vec::new(),
            trust: None,
            unknown: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// The stages that these checks need: what they read, and what that stands on.
pub(crate) fn areas(checks: &[CheckId]) -> BTreeSet<Area> {
    let mut areas = checks::areas_for(checks);
    areas.insert(Area::Versions);
    // Suites lead to groups and signatures, and show the chain of every kind of key.
    if areas.len() > 1 {
        areas.insert(Area::CipherSuites);
    }
    areas
}

impl Prober for Probed {
    fn command(&self) -> String {
        self.command.clone()
    }

    fn probe<'a>(
        &'a self,
        job: &'a Job<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ProbeError>> + 'a>> {
        Box::pin(async move {
            let facts = self.facts(job).await?;
            Ok(serde_json::to_value(facts).expect("facts are plain data"))
        })
    }
}
