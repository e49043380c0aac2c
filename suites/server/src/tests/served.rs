//! The probe on servers of the test's own: facts beside what was configured.

use std::{collections::BTreeSet, io::Write, net::Ipv4Addr, time::Duration};

use hallmark_model::{Sha256, Verdict, selection::Depth};
use hallmark_runner::{Forget, Job, Materials, ProbeError, Prober, Seed};
use hallmark_tls::ProtocolVersion::{Tls12, Tls13};
use hallmark_wire::{Acceptor, Target};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    dh::Dh,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    sha::sha256,
    ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslOptions, SslVersion},
    x509::{
        X509, X509NameBuilder,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

use crate::{
    Probed,
    facts::{Area, ServerFacts, Told},
};

/// Probes the server at this port with every check.
pub(super) async fn probe(port: u16, name: Option<&str>) -> Result<ServerFacts, ProbeError> {
    establish(&at(port, name)).await
}

/// The server at this port.
fn at(port: u16, name: Option<&str>) -> Probed {
    let target = Target {
        host: "127.0.0.1".to_owned(),
        port,
        server_name: name.map(str::to_owned),
        starttls: None,
    };
    Probed::new(target, format!("server 127.0.0.1:{port}"))
}

async fn establish(probed: &Probed) -> Result<ServerFacts, ProbeError> {
    let recorder = Forget(|bytes: &[u8]| Sha256::from_bytes(sha256(bytes)));
    let job = Job {
        checks: &super::all_checks(),
        depth: Depth::Quick,
        seed: Seed(1),
        tell: &|_| {},
        recorder: &recorder,
        materials: &Materials::default(),
    };
    let facts = probed.probe(&job).await?;
    Ok(serde_json::from_value(facts).unwrap())
}

/// A key and its certificate.
pub(super) struct Identity {
    pub(super) key: PKey<Private>,
    pub(super) certificate: X509,
}

pub(super) fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub(super) fn ec(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// A certificate for `localhost`, from 2020 to 2040; self-signed without an issuer.
pub(super) fn mint(
    subject: &str,
    key: PKey<Private>,
    issuer: Option<&Identity>,
    digest: MessageDigest,
) -> Identity {
    let name = |text: &str| {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", text).unwrap();
        name.build()
    };
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_not_before(&Asn1Time::from_str("20200101000000Z").unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_str("20400101000000Z").unwrap()).unwrap();
    builder.set_subject_name(&name(subject)).unwrap();
    builder.set_pubkey(&key).unwrap();
    match issuer {
        Some(issuer) => builder.set_issuer_name(issuer.certificate.subject_name()).unwrap(),
        None => builder.set_issuer_name(&name(subject)).unwrap(),
    }
    if subject.ends_with("CA") {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    } else {
        let names = SubjectAlternativeName::new()
            .dns("localhost")
            .ip("127.0.0.1")
            .build(&builder.x509v3_context(None, None))
            .unwrap();
        builder.append_extension(names).unwrap();
    }
    builder.sign(issuer.map_or(&key, |issuer| &issuer.key), digest).unwrap();
    Identity { certificate: builder.build(), key }
}

/// A server of OpenSSL that accepts only TLS 1.2 with a few suites, unless `configure` says more.
pub(super) fn serve(configure: impl FnOnce(&mut SslAcceptorBuilder)) -> Acceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    configure(&mut builder);
    let acceptor = builder.build();
    Acceptor::start((Ipv4Addr::LOCALHOST, 0).into(), 32, move |client| {
        let stream = client.stream().try_clone().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        // Most connections end after the first flight: that is not an error here.
        drop(acceptor.accept(stream));
    })
    .unwrap()
}

/// Whatever OpenSSL still has, at security level 0.
pub(super) fn weaken(builder: &mut SslAcceptorBuilder, ciphers: &str) {
    builder.set_security_level(0);
    builder.clear_options(SslOptions::NO_TLSV1 | SslOptions::NO_TLSV1_1);
    builder.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
    builder.set_cipher_list(ciphers).unwrap();
}

pub(super) fn identify(builder: &mut SslAcceptorBuilder, identity: &Identity) {
    builder.set_private_key(&identity.key).unwrap();
    builder.set_certificate(&identity.certificate).unwrap();
}

#[tokio::test]
async fn a_modern_server_is_seen_as_it_is() {
    let root = mint("Test Root CA", ec(Nid::X9_62_PRIME256V1), None, MessageDigest::sha256());
    let middle = mint("Test Issuing CA", rsa(2048), Some(&root), MessageDigest::sha256());
    let leaf = mint("leaf", rsa(2048), Some(&middle), MessageDigest::sha384());
    let server = serve(|builder| {
        identify(builder, &leaf);
        builder.add_extra_chain_cert(middle.certificate.clone()).unwrap();
        builder.set_groups_list("X25519MLKEM768:X25519:P-256").unwrap();
    });
    let facts = probe(server.address().port(), Some("localhost")).await.unwrap();
    insta::assert_snapshot!(shown(&facts));
    assert!(facts.connections <= 80, "{} connections", facts.connections);
}

/// The facts without what differs from run to run.
pub(super) fn shown(facts: &ServerFacts) -> String {
    let mut facts = serde_json::to_value(facts).unwrap();
    facts["endpoint"] = "".into();
    // A busy machine makes for second tries.
    facts["connections"] = "".into();
    facts["evidence"] = facts["evidence"].as_array().unwrap().len().into();
    for certificate in facts["certificates"].as_array_mut().unwrap() {
        certificate["der"] = "".into();
    }
    serde_json::to_string_pretty(&facts).unwrap()
}

fn failing(facts: &ServerFacts) -> Vec<String> {
    let failed = super::judge_all(facts).into_iter().filter(|f| f.verdict == Verdict::Fail);
    failed.map(|finding| finding.check.name().to_owned()).collect()
}

#[tokio::test]
async fn a_weak_server_is_seen_as_it_is() {
    let root = mint("Test Root CA", rsa(1024), None, MessageDigest::sha1());
    let leaf = mint("leaf", rsa(1024), Some(&root), MessageDigest::sha1());
    let server = serve(|builder| {
        weaken(
            builder,
            "AES256-SHA:NULL-SHA256:ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256:ECDHE-RSA-NULL-SHA:\
             DHE-RSA-AES128-SHA:AECDH-AES128-SHA",
        );
        builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
        builder.set_groups_list("P-224:P-384").unwrap();
        builder.set_sigalgs_list("RSA+SHA1:RSA+SHA512").unwrap();
        builder.set_tmp_dh(&Dh::get_1024_160().unwrap()).unwrap();
        identify(builder, &leaf);
    });
    let facts = probe(server.address().port(), Some("other.example")).await.unwrap();
    insta::assert_snapshot!(shown(&facts));
    assert_eq!(
        failing(&facts),
        [
            "tls-version",
            "cipher-suites",
            "forward-secrecy",
            "groups",
            "signature-schemes",
            "certificate-key",
            "certificate-signature",
            "certificate-name",
        ]
    );
}

/// The curve of an ECDSA certificate must stay on offer, or OpenSSL has no certificate to use.
#[tokio::test]
async fn groups_of_a_server_with_ecdsa_are_found() {
    let leaf = mint("leaf", ec(Nid::SECP384R1), None, MessageDigest::sha384());
    let server = serve(|builder| {
        identify(builder, &leaf);
        builder.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        builder.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
        builder.set_groups_list("X25519:P-256:P-384:P-521").unwrap();
    });
    let facts = probe(server.address().port(), Some("localhost")).await.unwrap();
    let groups: BTreeSet<_> = facts.groups[&Tls12].iter().map(String::as_str).collect();
    // P-521 comes after the curve of the certificate, without which nothing is agreed.
    assert_eq!(groups, ["secp256r1", "secp384r1", "x25519"].into());
    assert_eq!(facts.versions[&Tls13], Told::Known(false));
    assert_eq!(facts.certificates[0].key.curve.as_deref(), Some("secp384r1"));
    assert!(facts.certificates[0].self_signed);
    assert_eq!(failing(&facts), [""; 0]);
}

#[tokio::test]
async fn both_certificates_of_a_server_are_seen() {
    let (by_rsa, by_ecdsa) = (
        mint("by RSA", rsa(2048), None, MessageDigest::sha256()),
        mint("by ECDSA", ec(Nid::X9_62_PRIME256V1), None, MessageDigest::sha256()),
    );
    let both = |builder: &mut SslAcceptorBuilder| {
        identify(builder, &by_rsa);
        identify(builder, &by_ecdsa);
    };
    let server = serve(both);
    let facts = probe(server.address().port(), Some("localhost")).await.unwrap();
    let subjects: BTreeSet<_> = facts.certificates.iter().map(|c| c.subject.as_str()).collect();
    assert_eq!(subjects, ["CN=by ECDSA", "CN=by RSA"].into());
    let schemes = |version| facts.signature_schemes[&version].join(" ");
    assert!(schemes(Tls12).contains("ecdsa_") && schemes(Tls12).contains("rsa_"));
    assert!(schemes(Tls13).contains("ecdsa_") && schemes(Tls13).contains("rsa_"));
    assert_eq!(facts.unknown, []);

    // TLS 1.3 shows only the one that the ordinary handshake got: the other is known to be there.
    let server = serve(|builder| {
        both(builder);
        builder.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
    });
    let facts = probe(server.address().port(), Some("localhost")).await.unwrap();
    assert_eq!(facts.accepted().collect::<Vec<_>>(), [Tls13]);
    assert_eq!(facts.certificates.len(), 1);
    let unknown: Vec<_> = facts.unknown_in(Area::Certificates).collect();
    assert_eq!(unknown.len(), 1, "{unknown:?}");
    assert_eq!(super::judge(&facts, "certificate-dates").verdict, Verdict::Inconclusive);
    assert_eq!(super::judge(&facts, "certificate-chain").verdict, Verdict::Inconclusive);
}

#[tokio::test]
async fn a_server_of_tls_1_3_alone_with_ed25519_is_seen_as_it_is() {
    let key = PKey::generate_ed25519().unwrap();
    let leaf = mint("leaf", key, None, MessageDigest::null());
    let server = serve(|builder| {
        identify(builder, &leaf);
        builder.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
        builder.set_ciphersuites("TLS_CHACHA20_POLY1305_SHA256").unwrap();
        builder.set_groups_list("P-521:ffdhe3072").unwrap();
    });
    let facts = probe(server.address().port(), Some("localhost")).await.unwrap();
    assert_eq!(facts.accepted().collect::<Vec<_>>(), [Tls13]);
    assert_eq!(facts.cipher_suites[&Tls13], ["TLS_CHACHA20_POLY1305_SHA256"]);
    assert!(facts.server_preference[&Tls13].reason().is_some());
    assert_eq!(facts.groups[&Tls13], ["secp521r1", "ffdhe3072"]);
    assert_eq!(facts.signature_schemes[&Tls13], ["ed25519"]);
    assert_eq!(facts.certificates[0].key.algorithm, "Ed25519");
    assert_eq!(facts.certificates[0].signature_algorithm, "Ed25519");
    assert_eq!(facts.unknown, []);
}

#[tokio::test]
async fn a_chain_out_of_order_is_seen() {
    let root = mint("Test Root CA", rsa(2048), None, MessageDigest::sha256());
    let middle = mint("Test Issuing CA", rsa(2048), Some(&root), MessageDigest::sha256());
    let leaf = mint("leaf", rsa(2048), Some(&middle), MessageDigest::sha256());
    let server = serve(|builder| {
        identify(builder, &leaf);
        builder.add_extra_chain_cert(root.certificate.clone()).unwrap();
        builder.add_extra_chain_cert(middle.certificate.clone()).unwrap();
    });
    let facts = probe(server.address().port(), None).await.unwrap();
    assert_eq!(facts.server_name, "127.0.0.1");
    assert_eq!(facts.certificates[0].issued_by_next, Some(Told::Known(false)));
    assert_eq!(failing(&facts), ["certificate-chain"]);
}

#[tokio::test]
async fn a_chain_is_held_against_the_roots_that_were_named() {
    let key = || ec(Nid::X9_62_PRIME256V1);
    let root = mint("Test Root CA", key(), None, MessageDigest::sha256());
    let leaf = mint("leaf", key(), Some(&root), MessageDigest::sha256());
    let stranger = mint("Another Root CA", key(), None, MessageDigest::sha256());
    let server = serve(|builder| identify(builder, &leaf));
    let port = server.address().port();
    for (roots, leads) in [(&root, true), (&stranger, false)] {
        let pem = roots.certificate.to_pem().unwrap();
        let probed = at(port, Some("localhost")).trusting(pem).unwrap();
        let trust = establish(&probed).await.unwrap().trust.unwrap();
        assert!(!trust.chains.is_empty());
        assert!(trust.chains.iter().all(|chain| chain.told == Told::Known(leads)), "{trust:?}");
    }
    assert!(at(port, None).trusting(b"no certificate".to_vec()).is_err());
}

#[tokio::test]
async fn what_is_no_tls_is_unknown_and_never_false() {
    for says in ["SSH-2.0-example\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", ""] {
        let server = Acceptor::start((Ipv4Addr::LOCALHOST, 0).into(), 32, move |client| {
            let mut stream = client.stream();
            let _ = stream.write_all(says.as_bytes());
        })
        .unwrap();
        let facts = probe(server.address().port(), None).await.unwrap();
        assert!(facts.versions.values().all(|told| told.reason().is_some()), "{says:?}");
        for finding in super::judge_all(&facts) {
            assert_eq!(finding.verdict, Verdict::Inconclusive, "{says:?} {}", finding.check);
        }
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let error = probe(port, None).await.unwrap_err();
    assert!(matches!(error, ProbeError::Unreachable(_)), "{error}");
}
