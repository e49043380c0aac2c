//! Puts hellos to the server and remembers what every answer shows by the way.

use std::cell::{Cell, RefCell};

use hallmark_runner::{Job, ProbeError, Seed};
use hallmark_tls::{
    AlertDescription, CipherSuite, ClientHello, ExtensionType, NamedGroup, ProtocolVersion,
    SignatureScheme,
    messages::{KeyExchangeParameters, ServerHello},
};
use hallmark_wire::{Flight, Line, Refusal};

use crate::facts::{Area, Kept, ServerFacts};

/// How many answers are kept as evidence.
const FLIGHTS: usize = 256;

/// How much of one answer is kept, in bytes.
const FLIGHT: usize = 64 * 1024;

/// How many distinct chains are remembered.
const CHAINS: usize = 8;

/// `signature_algorithms_cert` (RFC 8446, 4.2.3).
const SIGNATURE_ALGORITHMS_CERT: ExtensionType = ExtensionType(50);

/// Puts hellos to one server.
pub(super) struct Asker {
    line: Line,
    seed: Seed,
    asked: Cell<u32>,
    seen: RefCell<Seen>,
}

/// What answers showed by the way.
#[derive(Default)]
struct Seen {
    /// Bytes not yet kept.
    flights: Vec<(Area, String, Vec<u8>)>,
    kept: usize,
    chains: Vec<Vec<Vec<u8>>>,
    exchanges: Vec<(ProtocolVersion, KeyExchangeParameters)>,
}

/// An answer of the version that was asked for.
pub(super) struct Answer {
    pub(super) hello: ServerHello,
    pub(super) parameters: Option<KeyExchangeParameters>,
    pub(super) scheme: Option<SignatureScheme>,
}

impl Asker {
    pub(super) fn new(line: Line, seed: Seed) -> Self {
        Self { line, seed: seed.derive("server"), asked: Cell::new(0), seen: RefCell::default() }
    }

    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// The hello of an ordinary client that offers this version and these suites.
    pub(super) fn hello(&self, version: ProtocolVersion, suites: &[CipherSuite]) -> ClientHello {
        let name = self.line.target().sni();
        ClientHello::offering(version, suites, name, self.random())
    }

    /// 32 bytes that follow from the seed and are never the same twice.
    pub(super) fn random(&self) -> [u8; 32] {
        let number = self.asked.get();
        self.asked.set(number.wrapping_add(1));
        let mut random = [0; 32];
        for (part, bytes) in random.chunks_exact_mut(8).enumerate() {
            let Seed(value) = self.seed.derive(&format!("hello {number} {part}"));
            bytes.copy_from_slice(&value.to_be_bytes());
        }
        random
    }

    /// Asks, and takes only an answer of exactly this version. Another version is a no: the same
    /// as the alert that says so.
    pub(super) async fn ask(
        &self,
        version: ProtocolVersion,
        hello: &ClientHello,
    ) -> Result<(Answer, Vec<u8>), Refusal> {
        let flight = self.line.ask(&hello.records()).await.into_result()?;
        let Flight { certificates, key_exchange, raw, .. } = *flight.clone();
        let Some(hello) = flight.server_hello() else {
            return Err(Refusal::Malformed("an answer of SSLv2 to a hello of TLS".to_owned()));
        };
        if hello.version() != Some(version) {
            return Err(Refusal::Alert(AlertDescription(70)));
        }
        self.remember_chain(certificates);
        let (parameters, scheme) = match key_exchange {
            Some(exchange) => (Some(exchange.parameters), exchange.signature_scheme),
            None => (None, None),
        };
        if let Some(parameters) = &parameters {
            self.seen.borrow_mut().exchanges.push((version, parameters.clone()));
        }
        Ok((Answer { hello: hello.clone(), parameters, scheme }, raw))
    }

    /// Notes bytes that show something, to be kept at the end of the stage.
    pub(super) fn note(&self, area: Area, shows: impl Into<String>, raw: Vec<u8>) {
        let mut seen = self.seen.borrow_mut();
        let shows = shows.into();
        let known = |(other, name, _): &(Area, String, _)| *other == area && *name == shows;
        if seen.kept < FLIGHTS && !seen.flights.iter().any(known) {
            seen.kept += 1;
            seen.flights.push((area, shows, raw));
        }
    }

    /// Keeps what was noted as evidence.
    pub(super) fn keep(&self, facts: &mut ServerFacts, job: &Job<'_>) -> Result<(), ProbeError> {
        let flights = std::mem::take(&mut self.seen.borrow_mut().flights);
        for (area, shows, raw) in flights {
            let raw = raw.get(..FLIGHT).unwrap_or(&raw);
            let evidence = job.keep(format!("the server's answer: {shows}"), raw)?;
            facts.evidence.push(Kept { area, shows, evidence });
        }
        Ok(())
    }

    pub(super) fn remember_chain(&self, chain: Vec<Vec<u8>>) {
        let mut seen = self.seen.borrow_mut();
        if !chain.is_empty() && seen.chains.len() < CHAINS && !seen.chains.contains(&chain) {
            seen.chains.push(chain);
        }
    }

    /// Every distinct chain so far.
    pub(super) fn chains(&self) -> Vec<Vec<Vec<u8>>> {
        self.seen.borrow().chains.clone()
    }

    /// Ephemeral parameters of every answer so far.
    pub(super) fn exchanges(&self) -> Vec<(ProtocolVersion, KeyExchangeParameters)> {
        self.seen.borrow().exchanges.clone()
    }
}

/// Allows every signature within certificates, whatever the handshake is to be signed with.
pub(super) fn allow_any_certificate(hello: &mut ClientHello) {
    let mut list = Vec::new();
    for SignatureScheme(value) in SignatureScheme::all() {
        list.extend(value.to_be_bytes());
    }
    let mut body = u16::try_from(list.len()).unwrap_or(0).to_be_bytes().to_vec();
    body.extend(list);
    hello.set_extension(SIGNATURE_ALGORITHMS_CERT, body);
}

/// The curve that an answer of TLS 1.2 or earlier names.
pub(super) fn curve(parameters: Option<&KeyExchangeParameters>) -> Option<NamedGroup> {
    match parameters {
        Some(KeyExchangeParameters::Ecdhe { group, .. }) => Some(*group),
        _ => None,
    }
}
