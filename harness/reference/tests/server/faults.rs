//! What each fault of the server switches on, with the honest server as the control.

use std::net::SocketAddr;

use hallmark_reference::Fault;
use openssl::{
    asn1::Asn1Time,
    nid::Nid,
    ssl::SslVersion,
    x509::{X509, X509Ref},
};

use crate::client::{groups, server, signatures, suites, version};

/// Looks at an honest server and at one with the fault.
fn both<T>(fault: Fault, look: impl Fn(SocketAddr) -> T) -> [T; 2] {
    [&[][..], &[fault]].map(|faults| {
        let world = server(faults);
        // Whatever the fault, an ordinary client is served.
        assert!(version(world.server.address(), SslVersion::TLS1_3).is_some());
        look(world.server.address())
    })
}

fn leaf(address: SocketAddr) -> X509 {
    version(address, SslVersion::TLS1_2).unwrap().leaf
}

#[test]
fn tls10() {
    let old = |address| {
        [SslVersion::TLS1, SslVersion::TLS1_1].map(|of| Some(version(address, of)?.suite))
    };
    let suite = Some("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA".to_owned());
    assert_eq!(both(Fault::Tls10, old), [[None, None], [suite.clone(), suite]]);
}

#[test]
fn static_rsa() {
    let fixed = |address| Some(suites(address, "kRSA:@SECLEVEL=0")?.suite);
    let suite = Some("TLS_RSA_WITH_AES_256_GCM_SHA384".to_owned());
    assert_eq!(both(Fault::StaticRsa, fixed), [None, suite]);
}

#[test]
fn null_cipher() {
    let open = |address| Some(suites(address, "eNULL:@SECLEVEL=0")?.suite);
    let suite = Some("TLS_ECDHE_RSA_WITH_NULL_SHA".to_owned());
    assert_eq!(both(Fault::NullCipher, open), [None, suite]);
}

#[test]
fn weak_group() {
    let short = |address| groups(address, "P-224").map(|agreed| agreed.curve);
    assert_eq!(both(Fault::WeakGroup, short), [None, Some(Some(Nid::SECP224R1))]);
}

#[test]
fn sha1_handshake() {
    let weak = |address| signatures(address, "RSA+SHA1").is_some();
    assert_eq!(both(Fault::Sha1Handshake, weak), [false, true]);
}

#[test]
fn weak_certificate() {
    let bits = |address| leaf(address).public_key().unwrap().bits();
    assert_eq!(both(Fault::WeakCertificate, bits), [2048, 1024]);
}

#[test]
fn sha1_certificate() {
    let signed = |address| leaf(address).signature_algorithm().object().nid();
    let expected = [Nid::ECDSA_WITH_SHA256, Nid::ECDSA_WITH_SHA1];
    assert_eq!(both(Fault::Sha1Certificate, signed), expected);
}

#[test]
fn expired_certificate() {
    let now = Asn1Time::days_from_now(0).unwrap();
    let valid = |address| {
        let leaf = leaf(address);
        leaf.not_before() < now && now < leaf.not_after()
    };
    assert_eq!(both(Fault::ExpiredCertificate, valid), [true, false]);
}

#[test]
fn wrong_name() {
    let names = |address| {
        let names = leaf(address).subject_alt_names().unwrap();
        names.iter().filter_map(|name| name.dnsname().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(both(Fault::WrongName, names), [["localhost"], ["elsewhere.example"]]);
}

#[test]
fn disordered_chain() {
    let names = |address| {
        let chain = version(address, SslVersion::TLS1_2).unwrap().chain;
        let name = |of: &X509Ref| {
            let entry = of.subject_name().entries().next().unwrap();
            entry.data().to_string().unwrap()
        };
        chain.iter().map(|certificate| name(certificate)).collect::<Vec<_>>()
    };
    let [root, issuer] =
        ["root", "issuer"].map(|which| format!("Hallmark reference {which} (test only)"));
    let leaf = "localhost".to_owned();
    let [honest, disordered] = both(Fault::DisorderedChain, names);
    assert_eq!(honest, [leaf.clone(), issuer.clone()]);
    assert_eq!(disordered, [leaf, root, issuer]);
}

#[test]
fn faults_can_be_joined() {
    let world = server(&Fault::ALL);
    let address = world.server.address();
    assert_eq!(version(address, SslVersion::TLS1).unwrap().version, "TLSv1");
    assert!(suites(address, "eNULL:@SECLEVEL=0").is_some());
    assert!(suites(address, "kRSA+AESGCM:@SECLEVEL=0").is_some());
    assert_eq!(leaf(address).public_key().unwrap().bits(), 1024);
}
