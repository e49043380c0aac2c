//! What the server suite observed: `facts/server.json`.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use hallmark_model::EvidenceRef;
use hallmark_tls::ProtocolVersion;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything that the suite observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerFacts {
    /// `host:port`, as the user named it.
    pub endpoint: String,
    /// The name that was asked for, and that certificates must bear; an address where the user
    /// gave nothing else.
    pub server_name: String,
    /// What was said before TLS.
    pub starttls: Option<StartTls>,
    /// How many connections were made.
    pub connections: u32,
    /// Whether each version is accepted. An unknown is never `false`.
    pub versions: BTreeMap<ProtocolVersion, Told>,
    /// Accepted cipher suites by version: in the server's order where it has one.
    pub cipher_suites: BTreeMap<ProtocolVersion, Vec<String>>,
    /// Whether the server insists on its own order of cipher suites.
    pub server_preference: BTreeMap<ProtocolVersion, Told>,
    /// Groups in which the server agreed on keys, in the order in which it picked them. All of
    /// them for TLS 1.3 and for the latest of the earlier versions; for the others those that were
    /// seen beside their cipher suites, and any that the latest does not have.
    pub groups: BTreeMap<ProtocolVersion, Vec<String>>,
    /// Finite fields that are no registered group.
    pub dh_parameters: Vec<DhParameters>,
    /// Schemes with which the server signs handshakes, in the order in which it picked them (TLS
    /// 1.2) or in which they were asked for (TLS 1.3). Earlier versions fix theirs.
    pub signature_schemes: BTreeMap<ProtocolVersion, Vec<String>>,
    /// Every certificate of every distinct chain, in the order sent.
    pub certificates: Vec<Certificate>,
    /// Whether the chains lead to roots that the user named; absent where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// What could not be told.
    pub unknown: Vec<Unknown>,
    /// The server's answers, and the certificates.
    pub evidence: Vec<Kept>,
}

/// What was said before TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StartTls {
    /// RFC 6120, section 5, client to server.
    Xmpp,
}

/// Yes, no, or why neither can be said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Told {
    /// Yes or no.
    Known(bool),
    /// Neither.
    Unknown(Reason),
}

/// Why something is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words.
    pub unknown: String,
}

/// A finite field that the server chose for itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DhParameters {
    /// In which versions it was seen.
    pub versions: Vec<ProtocolVersion>,
    /// Bits of the prime, leading zeros not counted.
    pub prime_bits: u32,
    /// The published group with this prime, if it is one.
    pub known: Option<String>,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Which chain, from 1: a server may have one for RSA and one for ECDSA.
    pub chain: u32,
    /// Place in the chain, from 0: the server's own.
    pub position: u32,
    /// The certificate itself; the digest is its fingerprint.
    pub der: EvidenceRef,
    /// Whose it is.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// The names that it is made out for.
    pub names: Names,
    /// Its public key.
    pub key: Key,
    /// What it was signed with, by the name of the standard that defines it, or the identifier.
    pub signature_algorithm: String,
    /// First instant of validity.
    pub not_before: Timestamp,
    /// Last instant of validity.
    pub not_after: Timestamp,
    /// Hexadecimal.
    pub serial: String,
    /// Whether it may issue others.
    pub is_ca: bool,
    /// Whether it was signed with its own key.
    pub self_signed: bool,
    /// Whether the next certificate of the chain issued it: names and signature. Absent for the
    /// last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by_next: Option<Told>,
}

/// Whether chains lead to roots that the user named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The roots, in PEM.
    pub roots: EvidenceRef,
    /// Their subjects.
    pub subjects: Vec<String>,
    /// One for each chain, in the order of their numbers.
    pub chains: Vec<Anchored>,
}

/// Whether a chain leads to one of the roots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anchored {
    /// Whether it does. Dates and names are not part of this.
    pub told: Told,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The names that a certificate is made out for (RFC 5280, 4.2.1.6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Host names, also with a wildcard.
    pub dns: Vec<String>,
    /// Addresses.
    pub ip: Vec<IpAddr>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// `RSA`, `EC`, `DSA`, `Ed25519`, … or the identifier.
    pub algorithm: String,
    /// Bits of the modulus, or of the curve's field.
    pub bits: Option<u32>,
    /// The curve of an `EC` key, by its registered name or its identifier.
    pub curve: Option<String>,
}

/// A part of the facts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// Which versions are accepted.
    Versions,
    /// Which cipher suites are accepted.
    CipherSuites,
    /// In which groups keys are agreed.
    Groups,
    /// With which schemes handshakes are signed.
    SignatureSchemes,
    /// The chains of certificates.
    Certificates,
}

/// Something that could not be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unknown {
    /// What it would have been part of.
    pub area: Area,
    /// What was asked.
    pub what: String,
    /// Why there is no answer.
    pub reason: String,
}

/// Bytes that show something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What they are part of.
    pub area: Area,
    /// What they show: the name of a version, a cipher suite, a group or a scheme.
    pub shows: String,
    /// The bytes.
    pub evidence: EvidenceRef,
}

impl Told {
    /// Not known, and why.
    #[must_use]
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(Reason { unknown: reason.into() })
    }

    /// Whether it is known to be so.
    #[must_use]
    pub fn is_true(&self) -> bool {
        *self == Self::Known(true)
    }

    /// Why it is not known.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(&reason.unknown),
        }
    }
}

impl ServerFacts {
    /// The versions that are accepted, oldest first.
    pub fn accepted(&self) -> impl Iterator<Item = ProtocolVersion> {
        self.versions.iter().filter(|(_, told)| told.is_true()).map(|(version, _)| *version)
    }

    /// What could not be told in this area.
    pub fn unknown_in(&self, area: Area) -> impl Iterator<Item = &Unknown> {
        self.unknown.iter().filter(move |unknown| unknown.area == area)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.curve, self.bits) {
            (Some(curve), _) => write!(f, "{} key on {curve}", self.algorithm),
            (None, Some(bits)) => write!(f, "{} key of {bits} bits", self.algorithm),
            (None, None) => write!(f, "{} key", self.algorithm),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.reason)
    }
}
