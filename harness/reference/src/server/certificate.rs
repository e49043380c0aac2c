//! Certificates, minted at start: root, intermediate, leaf.

use openssl::{
    asn1::Asn1Time,
    bn::{BigNum, MsbOption},
    ec::{EcGroup, EcKey},
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private, Public},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509NameBuilder, X509Ref,
        extension::{
            AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage,
            SubjectAlternativeName, SubjectKeyIdentifier,
        },
    },
};

use crate::faults::{Fault, Faults};

const DAY: i64 = 24 * 60 * 60;

/// What a server needs to show who it is.
pub(crate) struct Minted {
    pub(super) key: PKey<Private>,
    pub(super) leaf: X509,
    /// What is sent after the leaf, in that order.
    pub(super) chain: Vec<X509>,
    root: X509,
}

/// Who signs.
struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

impl Minted {
    /// A chain valid for `localhost` and 127.0.0.1, apart from the faults.
    pub(super) fn new(faults: Faults) -> Result<Self, ErrorStack> {
        let root = Authority::root()?;
        let intermediate = root.intermediate()?;
        let key = leaf_key(faults)?;
        let leaf = intermediate.leaf(&key, faults)?;
        let chain = if faults.has(Fault::DisorderedChain) {
            vec![root.certificate.clone(), intermediate.certificate]
        } else {
            vec![intermediate.certificate]
        };
        Ok(Self { key, leaf, chain, root: root.certificate })
    }

    pub(super) fn root_pem(&self) -> Result<String, ErrorStack> {
        Ok(String::from_utf8_lossy(&self.root.to_pem()?).into_owned())
    }

    pub(super) fn public_key(&self) -> Result<PKey<Public>, ErrorStack> {
        self.leaf.public_key()
    }
}

/// RSA, because the fault `static-rsa` needs it, and because a server with an ECDSA key answers
/// only clients that offer the curve of that key, which hides its other groups.
fn leaf_key(faults: Faults) -> Result<PKey<Private>, ErrorStack> {
    let bits = if faults.has(Fault::WeakCertificate) { 1024 } else { 2048 };
    PKey::from_rsa(Rsa::generate(bits)?)
}

impl Authority {
    fn root() -> Result<Self, ErrorStack> {
        let key = authority_key()?;
        let name = "Hallmark reference root (test only)";
        let mut builder = begin(name, &key, (-30, 3650))?;
        builder.set_issuer_name(&*common_name(name)?)?;
        builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        builder.append_extension(signs_certificates()?)?;
        let subject = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(subject)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { key, certificate: builder.build() })
    }

    fn intermediate(&self) -> Result<Self, ErrorStack> {
        let key = authority_key()?;
        let mut builder = begin("Hallmark reference issuer (test only)", &key, (-20, 1825))?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(signs_certificates()?)?;
        let certificate = self.issue(builder, MessageDigest::sha256())?;
        Ok(Self { key, certificate })
    }

    fn leaf(&self, key: &PKey<Private>, faults: Faults) -> Result<X509, ErrorStack> {
        let days = if faults.has(Fault::ExpiredCertificate) { (-100, -10) } else { (-10, 180) };
        let name = if faults.has(Fault::WrongName) { "elsewhere.example" } else { "localhost" };
        let mut builder = begin(name, key, days)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        let usage = KeyUsage::new().critical().digital_signature().key_encipherment().build()?;
        builder.append_extension(usage)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut names = SubjectAlternativeName::new();
        names.dns(name);
        if !faults.has(Fault::WrongName) {
            names.ip("127.0.0.1");
        }
        let names = names.build(&builder.x509v3_context(Some(&self.certificate), None))?;
        builder.append_extension(names)?;
        let digest = if faults.has(Fault::Sha1Certificate) {
            MessageDigest::sha1()
        } else {
            MessageDigest::sha256()
        };
        self.issue(builder, digest)
    }

    /// Adds what every issued certificate has, and signs it.
    fn issue(&self, mut builder: X509Builder, digest: MessageDigest) -> Result<X509, ErrorStack> {
        let issuer: &X509Ref = &self.certificate;
        builder.set_issuer_name(issuer.subject_name())?;
        let context = builder.x509v3_context(Some(issuer), None);
        let subject = SubjectKeyIdentifier::new().build(&context)?;
        let authority = AuthorityKeyIdentifier::new().keyid(true).build(&context)?;
        builder.append_extension(subject)?;
        builder.append_extension(authority)?;
        builder.sign(&self.key, digest)?;
        Ok(builder.build())
    }
}

fn authority_key() -> Result<PKey<Private>, ErrorStack> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    PKey::from_ec_key(EcKey::generate(&group)?)
}

/// Version, serial, name, dates (days from now) and key.
fn begin(
    name: &str,
    key: &PKey<Private>,
    (from, to): (i64, i64),
) -> Result<X509Builder, ErrorStack> {
    let mut serial = BigNum::new()?;
    serial.rand(127, MsbOption::ONE, false)?;
    let mut builder = X509::builder()?;
    builder.set_version(2)?;
    builder.set_serial_number(&*serial.to_asn1_integer()?)?;
    builder.set_subject_name(&*common_name(name)?)?;
    builder.set_not_before(&*days_from_now(from)?)?;
    builder.set_not_after(&*days_from_now(to)?)?;
    builder.set_pubkey(key)?;
    Ok(builder)
}

fn common_name(name: &str) -> Result<openssl::x509::X509Name, ErrorStack> {
    let mut builder = X509NameBuilder::new()?;
    builder.append_entry_by_nid(Nid::COMMONNAME, name)?;
    Ok(builder.build())
}

fn days_from_now(days: i64) -> Result<Asn1Time, ErrorStack> {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    Asn1Time::from_unix(now.saturating_add(days.saturating_mul(DAY)))
}

fn signs_certificates() -> Result<openssl::x509::X509Extension, ErrorStack> {
    KeyUsage::new().critical().key_cert_sign().crl_sign().build()
}
