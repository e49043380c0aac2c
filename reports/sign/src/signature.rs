//! Verifying one signature file.

use hallmark_model::text::one_line;
use jiff::{SignedDuration, Timestamp};
use openssl::{
    cms::{CMSOptions, CmsContentInfo},
    sign::Verifier,
    x509::X509,
};
use x509_cert::Certificate;

use crate::{
    Problem,
    certificate::{self, CertificateFlaw},
    cms::{self, Flaw, Parsed},
    signer::issued,
    trust::{Trust, words},
};

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerSummary {
    /// The signature file.
    pub file: String,
    /// The capacity, as the file name gives it; the signature does not cover it.
    pub role: String,
    /// Whom the certificate names (RFC 4514, fit to print).
    pub subject: String,
    /// Who issued the certificate (RFC 4514, fit to print).
    pub issuer: String,
    /// The trusted root that the chain leads to, where it does.
    pub root: Option<String>,
    /// `ECDSA with SHA-384`.
    pub algorithm: String,
    /// When the signer claims to have signed.
    pub claimed_time: Timestamp,
    /// When the certificate expires.
    pub expires: Timestamp,
}

/// How far a signer's clock may be ahead of ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Checks one signature file over the bytes of the statement.
pub(crate) fn check(
    file: &str,
    bytes: &[u8],
    statement: &[u8],
    trust: Option<&Trust>,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) -> Option<SignerSummary> {
    let mut flaws = Vec::new();
    let parsed = cms::parse(bytes, &mut flaws);
    let summary = parsed.as_ref().and_then(|parsed| {
        let mut examination = Examination { file, parsed, now, flaws: &mut flaws, problems };
        examination.run(bytes, statement, trust)
    });
    flaws.dedup();
    problems
        .extend(flaws.into_iter().map(|flaw| Problem::Signature { file: file.to_owned(), flaw }));
    summary
}

struct Examination<'a> {
    file: &'a str,
    parsed: &'a Parsed,
    now: Timestamp,
    flaws: &'a mut Vec<Flaw>,
    problems: &'a mut Vec<Problem>,
}

impl Examination<'_> {
    fn run(
        &mut self,
        bytes: &[u8],
        statement: &[u8],
        trust: Option<&Trust>,
    ) -> Option<SignerSummary> {
        let signer = self.x509(&self.parsed.signer)?;
        let algorithm = self.signature(&signer);
        self.content(statement);
        self.certificates(&signer);
        self.times();
        let root = trust.and_then(|trust| self.trust(trust, &signer, bytes, statement));
        let (_, expires) = certificate::validity(&self.parsed.signer)?;
        Some(SignerSummary {
            file: self.file.to_owned(),
            role: role(self.file),
            subject: certificate::subject(&self.parsed.signer),
            issuer: certificate::issuer(&self.parsed.signer),
            root,
            algorithm: algorithm?,
            claimed_time: self.parsed.attributes.signing_time,
            expires,
        })
    }

    fn x509(&mut self, certificate: &Certificate) -> Option<X509> {
        let subject = certificate::subject(certificate);
        certificate::in_openssl(certificate)
            .map_err(|flaw| self.flaws.push(Flaw::Certificate { subject, flaw }))
            .ok()
    }

    /// Whether the signature over the signed attributes is that of the signer's key; first of all,
    /// because it tells a changed signature file from a changed statement.
    fn signature(&mut self, signer: &X509) -> Option<String> {
        let Parsed { info, digest, signed_bytes, .. } = self.parsed;
        let key = signer.public_key().ok()?;
        // A key that is too weak is reported with its certificate.
        let kind = certificate::key_kind(&key).ok()?;
        if !kind.signs_with(*digest, &info.signature_algorithm) {
            let oid = info.signature_algorithm.oid.to_string();
            self.flaws.push(Flaw::SignatureAlgorithm(oid));
            return None;
        }
        let holds = Verifier::new(digest.in_openssl(), &key)
            .and_then(|mut v| v.verify_oneshot(info.signature.as_bytes(), signed_bytes))
            .unwrap_or(false);
        if !holds {
            self.flaws.push(Flaw::Signature);
        }
        Some(format!("{} with {}", kind.name(), digest.name()))
    }

    fn content(&mut self, statement: &[u8]) {
        if !self.covers(statement) {
            self.problems.push(Problem::NotWhatWasSigned { signature: self.file.to_owned() });
        }
    }

    fn covers(&self, statement: &[u8]) -> bool {
        self.parsed.digest.over(statement) == self.parsed.attributes.message_digest
    }

    /// The certificates are those of the signer's chain, without the root, and nothing else.
    fn certificates(&mut self, signer: &X509) {
        let leaf = certificate::signer_flaws(&self.parsed.signer);
        self.certificate_flaws(&self.parsed.signer, leaf);
        let mut left: Vec<_> = Vec::new();
        for other in &self.parsed.others {
            if certificate::is_self_issued(other) {
                self.flaws.push(Flaw::RootInside(certificate::subject(other)));
            } else if let Some(x509) = self.x509(other) {
                left.push((other, x509));
            }
        }
        let mut top = signer.clone();
        while let Some(at) = left.iter().position(|(_, above)| issued(above, &top)) {
            let (above, x509) = left.swap_remove(at);
            self.certificate_flaws(above, certificate::authority_flaws(above));
            top = x509;
        }
        for (stray, _) in left {
            self.flaws.push(Flaw::StrayCertificate(certificate::subject(stray)));
        }
    }

    fn certificate_flaws(&mut self, certificate: &Certificate, flaws: Vec<CertificateFlaw>) {
        let subject = certificate::subject(certificate);
        let flaw = |flaw| Flaw::Certificate { subject: subject.clone(), flaw };
        self.flaws.extend(flaws.into_iter().map(flaw));
    }

    fn times(&mut self) {
        let certificates = [&self.parsed.signer].into_iter().chain(&self.parsed.others);
        for link in certificates {
            if let Err(flaw) = certificate::check_validity(link, self.now) {
                self.certificate_flaws(link, vec![flaw]);
            }
        }
        let time = self.parsed.attributes.signing_time;
        let file = || self.file.to_owned();
        if time.duration_since(self.now) > CLOCK_SKEW {
            self.problems.push(Problem::SignedInTheFuture { file: file(), time });
        } else if certificate::check_validity(&self.parsed.signer, time).is_err() {
            self.problems.push(Problem::SignedOutsideValidity { file: file(), time });
        }
    }

    /// The chain to a trusted root, and OpenSSL's own opinion of the whole.
    fn trust(
        &mut self,
        trust: &Trust,
        signer: &X509,
        bytes: &[u8],
        statement: &[u8],
    ) -> Option<String> {
        let others: Vec<_> = self
            .parsed
            .others
            .iter()
            .filter_map(|other| certificate::in_openssl(other).ok())
            .collect();
        let anchored = match trust.anchor(signer, &others) {
            Ok(anchored) => anchored,
            Err(reason) => {
                self.problems.push(Problem::Untrusted {
                    file: self.file.to_owned(),
                    signer: certificate::subject(&self.parsed.signer),
                    reason: one_line(&reason),
                });
                return None;
            }
        };
        // A second opinion, asked for only where we found nothing ourselves: what we found is said
        // more precisely already.
        if !self.flaws.is_empty() || !self.covers(statement) {
            return Some(anchored.root);
        }
        let flags = CMSOptions::BINARY | CMSOptions::DETACHED;
        let verified = CmsContentInfo::from_der(bytes).and_then(|mut cms| {
            cms.verify(None, Some(trust.store()), Some(statement), None, flags)
        });
        if let Err(error) = verified {
            self.flaws.push(Flaw::OpenSsl(one_line(&words(&error))));
        }
        Some(anchored.root)
    }
}

/// `vendor` from `signatures/01-vendor.p7s`.
fn role(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.split_once('-').map_or(name, |(_, rest)| rest).trim_end_matches(".p7s").to_owned()
}
