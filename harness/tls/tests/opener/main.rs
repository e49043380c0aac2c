//! Sessions of real peers, recorded on loopback and opened with the key log that the client wrote.
//!
//! Each case also alters every protected record in one bit and sees it refused, before the record
//! itself must still open: so a refusal leaves the state of every kind of cipher where it was.

mod peers;
mod recorder;
mod walk;

use hallmark_tls::{KeyLog, opener::Side};

use crate::{
    peers::{Case, Mint, hold},
    walk::walk,
};

/// What the client and the server say, two lines before and two after an update of keys. The client
/// goes first each time: once its line is heard, so was the update before it, and the server's next
/// line cannot but follow the server's own update.
const SAID: [(Side, &str); 4] = [
    (Side::Client, "client: first line of the client"),
    (Side::Server, "server: first line of the server"),
    (Side::Client, "client: second line of the client"),
    (Side::Server, "server: second line of the server"),
];

#[test]
fn tls13() {
    for suite in [
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_CCM_SHA256",
        "TLS_AES_128_CCM_8_SHA256",
    ] {
        check(&Case { suite, version: "1.3", options: &[] });
    }
    check(&Case {
        suite: "TLS_AES_256_GCM_SHA384",
        version: "1.3",
        options: &["-record_padding", "512"],
    });
}

#[test]
fn tls12_aead() {
    for suite in [
        "ECDHE-RSA-AES256-GCM-SHA384",
        "AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "AES128-CCM",
        "AES256-CCM8",
        "ARIA128-GCM-SHA256",
        "ARIA256-GCM-SHA384",
    ] {
        check(&Case { suite, version: "1.2", options: &[] });
    }
}

#[test]
fn cbc() {
    for (version, suite) in [
        ("1.2", "AES128-SHA256"),
        ("1.2", "AES256-SHA"),
        ("1.2", "ECDHE-RSA-AES256-SHA384"),
        ("1.1", "ECDHE-RSA-AES128-SHA"),
        ("1.1", "AES256-SHA"),
        ("1", "AES128-SHA"),
        ("1", "ECDHE-RSA-AES256-SHA"),
        // A MAC of SHA-384 beside the PRF of TLS 1.0 (RFC 5487, 3).
        ("1", "PSK-AES256-CBC-SHA384"),
    ] {
        check(&Case { suite, version, options: &[] });
        check(&Case { suite, version, options: &["-no_etm"] });
    }
}

#[test]
fn null() {
    for (version, suite) in
        [("1.2", "NULL-SHA256"), ("1.2", "NULL-MD5"), ("1.1", "NULL-SHA"), ("1", "NULL-MD5")]
    {
        check(&Case { suite, version, options: &[] });
    }
}

/// Holds a session, and finds what was said in it.
#[allow(clippy::print_stdout)] // what was not run must be seen
fn check(case: &Case<'_>) {
    let Some(mint) = Mint::get() else { return println!("not run: openssl is not installed") };
    let session = hold(mint, case, &SAID);
    let mut keys = KeyLog::default();
    let lines = keys.read(&session.keylog);
    assert!(lines.secrets > 0, "{case:?}: {lines:?}");
    assert_eq!(lines.malformed, 0, "{case:?}: {lines:?}");

    let walked = walk(&session.recording, &keys);
    for (side, name) in [(Side::Client, "client"), (Side::Server, "server")] {
        let said: String = SAID
            .iter()
            .filter(|(of, _)| *of == side)
            .map(|(_, text)| format!("{text}\n"))
            .collect();
        let heard = walked.application(side);
        assert_eq!(String::from_utf8_lossy(heard), said, "{case:?}, {name}");
        let updates = usize::from(case.version == "1.3");
        assert_eq!(walked.updates(side), updates, "{case:?}, {name}: key updates");
    }
}
