//! The probe on the `openssl s_server` of the machine, beside the list that `openssl ciphers`
//! gives of itself.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use hallmark_tls::{
    CipherSuite,
    ProtocolVersion::{self, Tls12, Tls13},
};
use openssl::hash::MessageDigest;

use super::served::{mint, probe, rsa};

/// Everything that it has left.
const ALL: &str = "ALL:eNULL:@SECLEVEL=0";

/// A server that is ended with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it, and waits until it listens.
fn start(folder: &Path, port: u16) -> Option<Served> {
    let leaf = mint("leaf", rsa(2048), None, MessageDigest::sha256());
    let path = |name: &str| folder.join(name);
    std::fs::write(path("key.pem"), leaf.key.private_key_to_pem_pkcs8().unwrap()).unwrap();
    std::fs::write(path("cert.pem"), leaf.certificate.to_pem().unwrap()).unwrap();
    let mut server = Command::new("openssl")
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-quiet", "-serverpref"])
        .args(["-min_protocol", "TLSv1", "-cipher", ALL, "-key"])
        .arg(path("key.pem"))
        .arg("-cert")
        .arg(path("cert.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(Served)
        .ok()?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let ended = !matches!(server.0.try_wait(), Ok(None));
        if ended || Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(server)
}

/// The suites that this OpenSSL has for a version and a certificate with an RSA key, by number.
fn own_list(version: ProtocolVersion) -> Option<BTreeSet<u16>> {
    let flag = match version {
        ProtocolVersion::Tls10 => "-tls1",
        ProtocolVersion::Tls11 => "-tls1_1",
        Tls12 => "-tls1_2",
        _ => "-tls1_3",
    };
    let output = Command::new("openssl").args(["ciphers", "-s", "-V", flag, ALL]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let suite = |line: &str| {
        let (number, rest) = line.trim().split_once(" - ")?;
        let (high, low) = number.trim().strip_prefix("0x")?.split_once(",0x")?;
        let number = u16::from_str_radix(&format!("{high}{low}"), 16).ok()?;
        let proves = ["Au=RSA", "Au=None", "Au=any"].iter().any(|kind| rest.contains(kind));
        (proves && !rest.contains("Kx=SRP") && !rest.contains("PSK")).then_some(number)
    };
    Some(text.lines().filter_map(suite).collect())
}

#[tokio::test]
#[allow(clippy::print_stdout)]
async fn s_server_is_seen_as_openssl_lists_it() {
    let port = {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let folder = tempfile::tempdir().unwrap();
    let (Some(_server), Some(_)) = (start(folder.path(), port), own_list(Tls12)) else {
        println!("not run: no `openssl s_server` on this machine");
        return;
    };
    let facts = probe(port, Some("localhost")).await.unwrap();
    assert_eq!(facts.unknown, []);
    for version in facts.accepted() {
        let found: BTreeSet<_> = facts.cipher_suites[&version]
            .iter()
            .filter_map(|name| CipherSuite::from_name(name))
            .map(|suite| suite.0)
            .collect();
        assert_eq!(Some(found), own_list(version), "{version}");
    }
    assert!(facts.accepted().any(|version| version == Tls13));
    assert!(facts.connections <= 250, "{} connections", facts.connections);
}
