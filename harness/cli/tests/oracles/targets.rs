//! The servers, and what must be seen on them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    certificates::Key::{P256, Rsa2048},
    oracle::agree,
    peers,
    process::Server,
    scan::{Ours, Target, hallmark},
    servers::{nginx::Nginx, node, prosody, s_server},
    slow_line::SlowLine,
};

const SCANNERS: [&str; 3] = ["openssl", "sslscan", "nmap"];

/// Every cipher suite that the system's OpenSSL has, also those without authentication or
/// encryption.
const EVERYTHING: &str = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";

fn are_there(peers: &[&str]) -> bool {
    peers::are_there(&[&SCANNERS, peers].concat())
}

fn target(name: &'static str, server: &Server) -> Target {
    Target { name, address: server.address(), starttls_xmpp: false }
}

fn accepted(ours: &Ours) -> Vec<&str> {
    let versions = ours.facts["versions"].as_object().unwrap();
    versions.iter().filter(|(_, told)| **told == true).map(|(name, _)| name.as_str()).collect()
}

fn suites<'a>(ours: &'a Ours, version: &str) -> Vec<&'a str> {
    let names = ours.facts["cipher_suites"][version].as_array().unwrap();
    names.iter().filter_map(Value::as_str).collect()
}

/// The keys of the servers' own certificates.
fn keys(ours: &Ours) -> Vec<&str> {
    let certificates = ours.facts["certificates"].as_array().unwrap();
    let own = certificates.iter().filter(|certificate| certificate["position"] == 0);
    let mut keys: Vec<_> = own.filter_map(|own| own["key"]["algorithm"].as_str()).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn nginx_modern() {
    if !are_there(&["nginx"]) {
        return;
    }
    let nginx = Nginx {
        protocols: "TLSv1.2 TLSv1.3",
        ciphers: "ECDHE+AESGCM:ECDHE+CHACHA20",
        curves: "X25519:P-256:P-384",
        keys: &[Rsa2048, P256],
        insists: false,
    };
    let server = nginx.start();
    let ours = agree(&target("nginx, modern", &server));
    assert_eq!(accepted(&ours), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!((suites(&ours, "TLSv1.2").len(), suites(&ours, "TLSv1.3").len()), (6, 3));
    assert_eq!(keys(&ours), ["EC", "RSA"]);
}

#[test]
fn nginx_everything_that_tls_1_2_and_1_3_have() {
    if !are_there(&["nginx"]) {
        return;
    }
    let nginx = Nginx {
        protocols: "TLSv1.2 TLSv1.3",
        ciphers: EVERYTHING,
        curves: "X25519:P-256:P-384:P-521:X448",
        keys: &[Rsa2048, P256],
        insists: true,
    };
    let server = nginx.start();
    let ours = agree(&target("nginx, all suites", &server));
    assert_eq!(accepted(&ours), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(ours.facts["server_preference"]["TLSv1.2"], true);
    assert_eq!(keys(&ours), ["EC", "RSA"]);
}

/// A long line changes nothing but the time it takes.
#[test]
fn nginx_behind_a_slow_line() {
    if !are_there(&["nginx"]) {
        return;
    }
    let nginx = Nginx {
        protocols: "TLSv1.2 TLSv1.3",
        ciphers: "ECDHE+AESGCM:ECDHE+CHACHA20:AES256-SHA",
        curves: "X25519:P-256",
        keys: &[Rsa2048, P256],
        insists: true,
    };
    let server = nginx.start();
    let at_once = hallmark(&target("nginx", &server));
    let line = SlowLine::to(server.address(), Duration::from_millis(400));
    let late = hallmark(&Target { address: line.address(), ..target("nginx, late", &server) });
    assert_eq!(late.seen(), at_once.seen());
    assert_eq!(late.code, at_once.code);
    println!("nginx: {:?} at once, {:?} late", at_once.took, late.took);
}

#[test]
fn nginx_legacy() {
    if !are_there(&["nginx"]) {
        return;
    }
    let nginx = Nginx {
        protocols: "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
        ciphers: EVERYTHING,
        curves: "X25519:P-256:P-384:P-521:X448",
        keys: &[Rsa2048, P256],
        insists: true,
    };
    let server = nginx.start();
    let ours = agree(&target("nginx, legacy", &server));
    assert_eq!(accepted(&ours), ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
    assert_eq!(ours.code, 1, "{}", ours.errors);
}

#[test]
fn s_server_with_everything() {
    if !are_there(&[]) {
        return;
    }
    let arguments = ["-cipher", EVERYTHING, "-serverpref"];
    let server = s_server::start([Rsa2048, P256], &arguments);
    let ours = agree(&target("openssl s_server, all suites", &server));
    assert!(accepted(&ours).contains(&"TLSv1.3"));
    assert_eq!(keys(&ours), ["EC", "RSA"]);
}

#[test]
fn s_server_with_one_suite_and_group() {
    if !are_there(&[]) {
        return;
    }
    let arguments = ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384", "-groups", "P-384"];
    let server = s_server::start([P256, Rsa2048], &arguments);
    let ours = agree(&target("openssl s_server, one suite", &server));
    assert_eq!(accepted(&ours), ["TLSv1.2"]);
    assert_eq!(suites(&ours, "TLSv1.2"), ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"]);
    assert_eq!(ours.facts["groups"]["TLSv1.2"], json!(["secp384r1"]));
}

#[test]
fn prosody_over_starttls() {
    if !are_there(&["prosody"]) {
        return;
    }
    let server = prosody::start(Rsa2048, "");
    let target = Target { starttls_xmpp: true, ..target("prosody, STARTTLS", &server) };
    let ours = agree(&target);
    assert_eq!(ours.facts["starttls"], "xmpp");
    assert_eq!(accepted(&ours), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(keys(&ours), ["RSA"]);
}

#[test]
fn prosody_with_old_versions() {
    if !are_there(&["prosody"]) {
        return;
    }
    let tls = r#"protocol = "tlsv1+", ciphers = "ALL:@SECLEVEL=0""#;
    let server = prosody::start(P256, tls);
    let target = Target { starttls_xmpp: true, ..target("prosody, old versions", &server) };
    let ours = agree(&target);
    assert_eq!(accepted(&ours), ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
    assert_eq!(keys(&ours), ["EC"]);
}

/// As it came: SSLv2 is answered, with no cipher that a client could use.
#[test]
fn node_0_10() {
    if !are_there(&["node-0.10"]) {
        return;
    }
    let server = node::start("node-0.10", &json!({}));
    let ours = agree(&target("node 0.10.0", &server));
    assert_eq!(accepted(&ours), ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"]);
    assert_eq!(ours.code, 1, "{}", ours.errors);
}

#[test]
fn node_0_10_with_everything() {
    if !are_there(&["node-0.10"]) {
        return;
    }
    let options = json!({ "secureProtocol": "SSLv23_method", "ciphers": "ALL:SSLv2:EXPORT:eNULL" });
    let server = node::start("node-0.10", &options);
    let ours = agree(&target("node 0.10.0, all suites", &server));
    assert_eq!(accepted(&ours), ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"]);
    assert_eq!(suites(&ours, "SSLv2").len(), 7);
}

#[test]
fn node_8() {
    if !are_there(&["node-8"]) {
        return;
    }
    let server = node::start("node-8", &json!({}));
    let ours = agree(&target("node 8.17.0", &server));
    assert_eq!(accepted(&ours), ["TLSv1.0", "TLSv1.1", "TLSv1.2"]);
}

#[test]
fn node_24() {
    if !are_there(&["node-24"]) {
        return;
    }
    let server = node::start("node-24", &json!({}));
    let ours = agree(&target("node 24", &server));
    assert_eq!(accepted(&ours), ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(ours.facts["groups"]["TLSv1.3"][0], "X25519MLKEM768");
}
