//! Keys and certificates for `localhost`, minted with OpenSSL's program.

use std::{path::Path, process::Command};

/// The key of a certificate.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    Rsa2048,
    P256,
}

impl Key {
    /// Name of the files: `NAME.key`, `NAME.pem`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "rsa",
            Self::P256 => "ecdsa",
        }
    }

    /// Mints a certificate into a folder, unless it is there.
    pub(crate) fn mint(self, folder: &Path) {
        let (key, certificate) = (format!("{}.key", self.name()), format!("{}.pem", self.name()));
        if folder.join(&certificate).is_file() {
            return;
        }
        let kind: &[&str] = match self {
            Self::Rsa2048 => &["rsa:2048"],
            Self::P256 => &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        openssl(
            folder,
            &[
                &["req", "-x509", "-sha256", "-nodes", "-days", "30", "-newkey"],
                kind,
                &["-keyout", &key, "-out", &certificate, "-subj", "/CN=localhost"],
                &["-addext", "subjectAltName=DNS:localhost"],
            ]
            .concat(),
        );
    }
}

/// Finite-field parameters of 2048 bits of the server's own, in `dh.pem`.
pub(crate) fn dh_parameters(folder: &Path) {
    if !folder.join("dh.pem").is_file() {
        // Not safe primes: found at once, and as good for what is tested here.
        openssl(folder, &["dhparam", "-dsaparam", "-out", "dh.pem", "2048"]);
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Mints a signer of bundles and the root that vouches for it: `signer.key`, `signer.pem`,
/// `root.pem`.
pub(crate) fn signer(folder: &Path) {
    let new = ["req", "-sha256", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let root: &[&str] = &["-x509", "-days", "30", "-subj", "/CN=Root of a test"];
    let root_files: &[&str] = &["-keyout", "root.key", "-out", "root.pem"];
    openssl(folder, &[&new[..], root, root_files].concat());
    let leaf: &[&str] = &["-x509", "-days", "30", "-subj", "/CN=Signer of a test"];
    let issuer: &[&str] = &["-CA", "root.pem", "-CAkey", "root.key"];
    let extensions: &[&str] = &[
        "-addext",
        "basicConstraints=critical,CA:FALSE",
        "-addext",
        "keyUsage=critical,digitalSignature",
    ];
    let leaf_files: &[&str] = &["-keyout", "signer.key", "-out", "signer.pem"];
    openssl(folder, &[&new[..], leaf, issuer, extensions, leaf_files].concat());
}
