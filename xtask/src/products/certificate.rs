//! A root of its own for each server, and a certificate from it.

use std::{path::Path, process::Command};

/// Writes `root.pem`, `leaf.pem` and `leaf.key` for these names into `folder`. The root's key stays there
/// for as long as the server runs.
pub(super) fn make(folder: &Path, names: &[String]) -> Result<(), String> {
    let curve =
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "30"];
    let root = [
        &["req", "-x509"][..],
        &curve,
        &["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root of a test"],
        &["-addext", "basicConstraints=critical,CA:TRUE"],
        &["-addext", "keyUsage=critical,keyCertSign"],
    ]
    .concat();
    let subject = format!("/CN={}", names.first().map_or("localhost", |name| name));
    let named: Vec<_> = names.iter().map(|name| format!("DNS:{name}")).collect();
    let named = format!("subjectAltName={}", named.join(","));
    let leaf = [
        &["req", "-x509", "-CA", "root.pem", "-CAkey", "root.key"][..],
        &curve,
        &["-keyout", "leaf.key", "-out", "leaf.pem", "-subj", &subject, "-addext", &named],
        &["-addext", "basicConstraints=critical,CA:FALSE"],
        &["-addext", "extendedKeyUsage=serverAuth"],
    ]
    .concat();
    openssl(folder, &root)?;
    openssl(folder, &leaf)
}

fn openssl(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output();
    let output = output.map_err(|error| format!("openssl cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("openssl made no certificate: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
