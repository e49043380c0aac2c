//! Real defects: a release with a published flaw beside the one that mended it, through the same driver. The
//! intended checks tell them apart, and no other does.
//!
//! Slow pairs are held against the checks next to the defect; `HALLMARK_PAIRS=whole` holds all of them
//! against the whole suite.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

use std::{
    collections::BTreeMap,
    env,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// Two releases, and what tells them apart.
struct Pair {
    /// Of the flaw.
    id: &'static str,
    /// What must be installed.
    peers: &'static [&'static str],
    vulnerable: &'static str,
    fixed: &'static str,
    /// The checks that the flaw turns.
    turned: &'static [&'static str],
    /// Verdicts that differ because the flaw breaks the control of an experiment, or what follows from its
    /// mending: check, before, after.
    beside: &'static [(&'static str, &'static str, &'static str)],
    /// A check that both pass: the driver works, and the flaw is not everywhere.
    control: &'static str,
    /// The checks to hold the pair against, where the whole suite takes minutes.
    near: Option<&'static str>,
}

type Verdicts = BTreeMap<String, (String, String)>;

/// Verdict and observation of each check that was selected.
fn verdicts(driver: &str, only: Option<&str>) -> Verdicts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let args =
        ["messaging", driver, "--depth", "quick", "--seed", "7f3a", "--format", "json", "-q"];
    let only = only.map(|only| ["--only", only]);
    let ended = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .current_dir(root)
        .args(args)
        .args(only.into_iter().flatten())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let object: Value = serde_json::from_slice(&ended.stdout).unwrap_or_else(|error| {
        panic!("{driver}: {error}: {}", String::from_utf8_lossy(&ended.stderr))
    });
    let rows = object["requirements"].as_array().unwrap().iter();
    let checks = rows.flat_map(|row| row["checks"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    checks
        .map(|check| {
            let id = text(&check["id"]).trim_start_matches("messaging/").to_owned();
            (id, (text(&check["verdict"]), text(&check["observed"])))
        })
        .collect()
}

impl Pair {
    fn is_told_apart(&self) {
        let installed = env::var("HALLMARK_PEERS").unwrap_or_default();
        let missing: Vec<_> = self
            .peers
            .iter()
            .filter(|peer| !installed.split(',').any(|name| name == **peer))
            .collect();
        if !missing.is_empty() {
            println!("not run: {} needs {missing:?}; `cargo xtask peers` installs it", self.id);
            return;
        }
        let whole = env::var_os("HALLMARK_PAIRS").is_some_and(|which| which == "whole");
        let only = self.near.filter(|_| !whole);
        let (vulnerable, fixed) = (verdicts(self.vulnerable, only), verdicts(self.fixed, only));
        assert_eq!(
            vulnerable[self.control].0, "pass",
            "{}: {:?}",
            self.id, vulnerable[self.control]
        );
        assert_eq!(fixed[self.control].0, "pass", "{}: {:?}", self.id, fixed[self.control]);
        let mut told = Vec::new();
        for (check, (verdict, observed)) in &vulnerable {
            let (other, seen) = &fixed[check];
            if verdict != other {
                println!("{}: {check} is {verdict} ({observed}), then {other} ({seen})", self.id);
                let differs = (check.as_str(), verdict.as_str(), other.as_str());
                if self.beside.contains(&differs) {
                    continue;
                }
                assert_eq!((differs.1, differs.2), ("fail", "pass"), "{}: {check}", self.id);
                told.push(check.as_str());
            }
        }
        assert_eq!(told, self.turned, "{}", self.id);
    }
}

/// A session goes on with a shared secret that is all zero.
#[test]
fn vodozemac_and_the_key_that_is_zero() {
    Pair {
        id: "vodozemac 0.9.0 / 0.10.0, all-zero key",
        peers: &["vodozemac-python-0.9.0", "vodozemac-python-0.10.0"],
        vulnerable: "harness/museum/messaging/vodozemac-python/driver-0.9.0.toml",
        fixed: "harness/museum/messaging/vodozemac-python/driver-0.10.0.toml",
        turned: &["zero-key"],
        beside: &[],
        control: "round-trip",
        near: None,
    }
    .is_told_apart();
}

/// Keys of a third one's messages are taken from whoever forwards them.
#[test]
fn matrix_js_sdk_and_keys_that_nobody_asked_for() {
    Pair {
        id: "matrix-js-sdk 19.5.0 / 19.7.0, CVE-2022-39249",
        peers: &["pair-matrix-js-sdk"],
        vulnerable: "harness/museum/messaging/matrix-js-sdk/driver-19.5.0.toml",
        fixed: "harness/museum/messaging/matrix-js-sdk/driver-19.7.0.toml",
        turned: &["group-forwarded-key"],
        beside: &[],
        control: "group-round-trip",
        near: Some("messaging/group-*"),
    }
    .is_told_apart();
}

/// A key that was asked of one's own devices is taken from anybody.
#[test]
fn matrix_nio_and_keys_that_were_asked_of_somebody_else() {
    Pair {
        id: "matrix-nio 0.19.0 / 0.20.0, CVE-2022-39254",
        peers: &["matrix-nio-0.19.0", "matrix-nio-0.20.0"],
        vulnerable: "harness/museum/messaging/matrix-nio/driver-0.19.0.toml",
        fixed: "harness/museum/messaging/matrix-nio/driver-0.20.0.toml",
        turned: &["group-forwarded-key"],
        beside: &[],
        control: "group-round-trip",
        near: Some(
            "messaging/group-forwarded-key,messaging/group-round-trip,messaging/group-channel",
        ),
    }
    .is_told_apart();
}

/// The sender that a server names is shown without a shield. One flaw, and each check in which a server
/// names another sender than the one who encrypted sees it.
#[test]
fn matrix_sdk_crypto_and_the_sender_that_a_server_names() {
    Pair {
        id: "matrix-sdk-crypto-wasm 14.2.0 / 14.2.1, CVE-2025-48937",
        peers: &["matrix-sdk-crypto-14-2-0", "matrix-sdk-crypto-14-2-1"],
        vulnerable: "matrix-sdk-crypto-14-2-0",
        fixed: "matrix-sdk-crypto-14-2-1",
        turned: &["group-impersonation", "reflection", "sender-rewrite"],
        beside: &[],
        control: "round-trip",
        near: Some(
            "messaging/sender-rewrite,messaging/reflection,messaging/group-impersonation,\
             messaging/round-trip,messaging/identity-*,messaging/group-forwarded-key,\
             messaging/group-channel,messaging/plaintext-injected",
        ),
    }
    .is_told_apart();
}

/// Another text is shown than the one that was signed.
#[test]
fn openpgp_and_the_text_that_was_not_signed() {
    Pair {
        id: "openpgp 6.1.0 / 6.1.1, CVE-2025-47934",
        peers: &["pair-openpgp"],
        vulnerable: "harness/museum/messaging/openpgp/driver-6.1.0.toml",
        fixed: "harness/museum/messaging/openpgp/driver-6.1.1.toml",
        turned: &["signed-text"],
        beside: &[],
        control: "round-trip",
        near: Some(
            "messaging/signed-text,messaging/round-trip,messaging/envelope-confidential,\
             messaging/truncation,messaging/sender-rewrite,messaging/reflection,\
             messaging/identity-*,messaging/refused-input,messaging/plaintext-*",
        ),
    }
    .is_told_apart();
}

/// What is refused counts as a message. The controls of experiments that hand over something to be refused
/// break with it; and what waits for a message that was damaged waits for ever once it no longer counts.
#[test]
fn snow_and_the_refusal_that_counts() {
    Pair {
        id: "snow 0.9.4 / 0.9.5, RUSTSEC-2024-0011",
        peers: &["museum-snow-0.9.4", "museum-snow-0.9.5"],
        vulnerable: "harness/museum/messaging/snow/driver-0.9.4.toml",
        fixed: "harness/museum/messaging/snow/driver-0.9.5.toml",
        turned: &["refused-input"],
        beside: &[
            ("glare", "pass", "fail"),
            ("plaintext-injected", "inconclusive", "pass"),
            ("reflection", "inconclusive", "pass"),
            ("reordering", "fail", "inconclusive"),
            ("replay", "inconclusive", "pass"),
            ("replay-across-sessions", "inconclusive", "pass"),
        ],
        control: "round-trip",
        near: None,
    }
    .is_told_apart();
}
