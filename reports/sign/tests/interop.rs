//! Stock tools accept what we sign, and we accept what they sign.
//!
//! These tests need `openssl`, `sha256sum`, `grep`, `sed` and `find` on the PATH.

mod signed;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use hallmark_sign::{Signer, sign_bundle, verify, write_instructions};
use jiff::Timestamp;
use signed::{Sample, report, role, shown, write_bundle};
use tempfile::TempDir;

fn shell(dir: &Path, script: &str) -> Output {
    Command::new("sh")
        .args(["-e", "-c", script])
        .current_dir(dir)
        .env("LC_ALL", "C")
        .output()
        .expect("a POSIX shell is a prerequisite of these tests")
}

/// Runs a script that must succeed.
fn must(dir: &Path, script: &str) -> String {
    let output = shell(dir, script);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "`{script}` failed; is `openssl` installed? It is a prerequisite of these tests.\n{out}{err}"
    );
    format!("{out}{err}")
}

/// The commands of `VERIFY.txt`: its indented lines, as one script.
fn stock_commands(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join("VERIFY.txt")).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_commands_of_verify_txt_accept_the_bundle_and_refuse_a_changed_one() {
    let sample = Sample::at(Timestamp::now());
    let beside = TempDir::new().unwrap();
    fs::write(beside.path().join("ROOT.pem"), &sample.root).unwrap();
    let script = stock_commands(&sample.dir())
        .replace("ROOT.pem", &beside.path().join("ROOT.pem").to_string_lossy());
    assert_eq!(script.matches("openssl cms").count(), 1, "{script}");
    let said = must(&sample.dir(), &script);
    assert!(said.contains("CMS Verification successful"), "{said}");
    assert_eq!(said.matches(": OK").count(), sample.signed.covers, "{said}");
    let files = sample.signed.covers + 3;
    assert!(said.lines().any(|line| line.trim() == files.to_string()), "{said}");

    let change = |name: &str, bytes: &[u8]| {
        let path = sample.dir().join(name);
        let before = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let refused = !shell(&sample.dir(), &script).status.success();
        fs::write(&path, before).unwrap();
        refused
    };
    let mut statement = fs::read(sample.dir().join("statement.json")).unwrap();
    let at = statement.windows(4).position(|w| w == b"demo" || w == b"meet").unwrap();
    statement[at] ^= 1;
    assert!(change("statement.json", &statement));
    assert!(change("report.json", b"{}"));
    assert!(change("facts/messaging.json", b""));
    must(&sample.dir(), &script);
}

#[test]
fn openssl_refuses_another_root() {
    let sample = Sample::at(Timestamp::now());
    let (other, _) = hallmark_sign::throwaway(Timestamp::now()).unwrap();
    let beside = TempDir::new().unwrap();
    for (root, accepted) in [(&sample.root, true), (&other, false)] {
        fs::write(beside.path().join("root.pem"), root).unwrap();
        let command = format!(
            "openssl cms -verify -cades -binary -inform DER -in {} -content statement.json \
             -CAfile {} -out /dev/null",
            sample.signed.signature,
            beside.path().join("root.pem").display()
        );
        assert_eq!(shell(&sample.dir(), &command).status.success(), accepted, "{command}");
    }
}

/// A root, an intermediate and a leaf made by `openssl`, with keys of the kind `new_key`.
fn organisation(dir: &Path, new_key: &str, leaf_extensions: &str) {
    let request = |name: &str, subject: &str| {
        format!(
            "openssl req -new -nodes -newkey {new_key} -keyout {name}.key -out {name}.csr \
             -subj '{subject}'"
        )
    };
    fs::write(
        dir.join("ca.ext"),
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
         subjectKeyIdentifier=hash\n",
    )
    .unwrap();
    fs::write(dir.join("leaf.ext"), leaf_extensions).unwrap();
    let script = [
        &request("root", "/O=Sample Trust/CN=Sample root")[..],
        "openssl x509 -req -in root.csr -signkey root.key -days 30 -sha384 -extfile ca.ext \
         -out root.pem",
        &request("inter", "/O=Sample Trust/CN=Sample issuing authority"),
        "openssl x509 -req -in inter.csr -CA root.pem -CAkey root.key -set_serial 2 -days 30 \
         -sha384 -extfile ca.ext -out inter.pem",
        &request("leaf", "/O=Sample Trust/CN=A. Person"),
        "openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key -set_serial 3 -days 30 \
         -sha384 -extfile leaf.ext -out leaf.pem",
        "cat leaf.pem inter.pem > chain.pem",
    ]
    .join("\n");
    must(dir, &script);
}

const LEAF: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n";
const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "ec -pkeyopt ec_paramgen_curve:P-384";
const RSA: &str = "rsa:3072";

/// A sample bundle with no signature but a statement, as `sign` leaves it for other tools.
fn with_statement() -> Sample {
    let sample = Sample::at(Timestamp::now());
    fs::remove_file(sample.dir().join(&sample.signed.signature)).unwrap();
    sample
}

#[test]
fn signatures_by_openssl_are_accepted() {
    for new_key in [P256, P384, RSA] {
        let keys = TempDir::new().unwrap();
        organisation(keys.path(), new_key, LEAF);
        let sample = with_statement();
        must(
            &sample.dir(),
            &format!(
                "openssl cms -sign -binary -cades -md sha384 -outform DER -in statement.json \
                 -signer {keys}/leaf.pem -inkey {keys}/leaf.key -certfile {keys}/inter.pem \
                 -out signatures/01-vendor.p7s",
                keys = keys.path().display()
            ),
        );
        write_instructions(&sample.dir()).unwrap();
        let root = fs::read(keys.path().join("root.pem")).unwrap();
        let found = verify(&sample.dir(), Some(&root), Timestamp::now()).unwrap();
        assert_eq!(shown(&found.problems), [""; 0], "{new_key}");
        assert!(found.is_trusted());
        assert_eq!(found.signers[0].subject, "CN=A. Person,O=Sample Trust");
        assert_eq!(found.signers[0].root.as_deref(), Some("CN=Sample root,O=Sample Trust"));
    }
}

#[test]
fn keys_of_an_organisation_sign_and_openssl_accepts() {
    for new_key in [P256, P384, RSA] {
        let keys = TempDir::new().unwrap();
        organisation(keys.path(), new_key, LEAF);
        let read = |name: &str| fs::read(keys.path().join(name)).unwrap();
        let signer = Signer::from_pem(&read("leaf.key"), &read("chain.pem")).unwrap();
        let folder = TempDir::new().unwrap();
        write_bundle(folder.path(), &report());
        let now = Timestamp::now();
        sign_bundle(folder.path(), &report(), &signer, &role("vendor"), now).unwrap();
        let found = verify(folder.path(), Some(&read("root.pem")), now).unwrap();
        assert!(found.is_trusted(), "{new_key}: {:?}", found.problems);
        let said = must(
            folder.path(),
            &format!(
                "openssl cms -verify -cades -binary -inform DER -in signatures/01-vendor.p7s \
                 -content statement.json -CAfile {}/root.pem -out /dev/null",
                keys.path().display()
            ),
        );
        assert!(said.contains("successful"), "{new_key}: {said}");
    }
}

#[test]
fn signatures_that_could_mislead_are_refused() {
    let keys = TempDir::new().unwrap();
    organisation(keys.path(), P256, LEAF);
    let other = TempDir::new().unwrap();
    organisation(other.path(), P256, "keyUsage=critical,keyAgreement\n");
    let short = TempDir::new().unwrap();
    organisation(short.path(), "rsa:1024", LEAF);
    let (k, o, s) = (keys.path().display(), other.path().display(), short.path().display());
    let sign = "openssl cms -sign -binary -outform DER -in statement.json";
    let signer = format!("-signer {k}/leaf.pem -inkey {k}/leaf.key");
    let chain = format!("{signer} -certfile {k}/inter.pem");
    let out = "-out signatures/01-vendor.p7s";
    let append = "printf x >> signatures/01-vendor.p7s";
    let cases = [
        ("trailing bytes", format!("{sign} -cades {chain} {out}\n{append}")),
        ("PEM", format!("{sign} -cades {chain} {out}").replace("DER", "PEM")),
        ("BER", format!("{sign} -stream -cades {chain} {out}")),
        ("not detached", format!("{sign} -nodetach -cades {chain} {out}")),
        ("no CAdES attribute", format!("{sign} {chain} {out}")),
        ("no signed attributes", format!("{sign} -noattr {chain} {out}")),
        ("no certificates", format!("{sign} -cades -nocerts {chain} {out}")),
        ("key identifier", format!("{sign} -keyid -cades {chain} {out}")),
        ("SHA-1", format!("{sign} -md sha1 {chain} {out}")),
        (
            "a root inside",
            format!(
                "cat {k}/inter.pem {k}/root.pem > {k}/both.pem\n{sign} -cades {signer} -certfile {k}/both.pem {out}"
            ),
        ),
        (
            "a stray certificate",
            format!(
                "cat {k}/inter.pem {o}/inter.pem > {k}/both.pem\n{sign} -cades {signer} -certfile {k}/both.pem {out}"
            ),
        ),
        ("no intermediate", format!("{sign} -cades {signer} {out}")),
        (
            "two signers",
            format!(
                "{sign} -cades {chain} {out}\nopenssl cms -resign -binary -inform DER -outform DER -content statement.json -in signatures/01-vendor.p7s -signer {o}/leaf.pem -inkey {o}/leaf.key -out both.p7s\nmv both.p7s signatures/01-vendor.p7s"
            ),
        ),
        (
            "an authority signs",
            format!("{sign} -cades -signer {k}/inter.pem -inkey {k}/inter.key {out}"),
        ),
        (
            "wrong key usage",
            format!(
                "{sign} -cades -signer {o}/leaf.pem -inkey {o}/leaf.key -certfile {o}/inter.pem {out}"
            ),
        ),
        (
            "a short key",
            format!(
                "{sign} -cades -signer {s}/leaf.pem -inkey {s}/leaf.key -certfile {s}/inter.pem {out}"
            ),
        ),
        (
            "another statement",
            format!(
                "cp statement.json kept\nprintf ' ' >> statement.json\n{sign} -cades {chain} {out}\nmv kept statement.json"
            ),
        ),
    ];
    let mut said = Vec::new();
    for (what, script) in cases {
        let sample = with_statement();
        must(&sample.dir(), &script);
        write_instructions(&sample.dir()).unwrap();
        let folder = if what == "wrong key usage" {
            &other
        } else if what == "a short key" {
            &short
        } else {
            &keys
        };
        let root = fs::read(folder.path().join("root.pem")).unwrap();
        let found = verify(&sample.dir(), Some(&root), Timestamp::now()).unwrap();
        assert!(!found.is_trusted(), "{what}");
        let named = found.problems.iter().all(|p| p.paths().contains(&"signatures/01-vendor.p7s"));
        assert!(named, "{what}: {:?}", found.problems);
        let mut lines = shown(&found.problems);
        if what == "a stray certificate" {
            // OpenSSL keeps the order of what it was given. Whether that is the order of DER depends on
            // keys that are made at random.
            lines.retain(|line| !line.contains("canonical DER"));
        }
        said.push(format!("# {what}\n{}", lines.join("\n")));
    }
    insta::assert_snapshot!(said.join("\n\n"));
}

#[test]
fn keys_that_cannot_sign_are_explained() {
    let keys = TempDir::new().unwrap();
    organisation(keys.path(), P256, LEAF);
    let more = TempDir::new().unwrap();
    let m = more.path();
    organisation(m, P256, "keyUsage=critical,keyAgreement\n");
    must(
        keys.path(),
        "openssl pkcs8 -topk8 -in leaf.key -passout pass:secret -out encrypted.key
         openssl ec -in leaf.key -out sec1.key
         cat leaf.pem inter.pem root.pem > rooted.pem
         cat inter.pem leaf.pem > swapped.pem
         printf 'extendedKeyUsage=codeSigning\\n' > code.ext
         openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key -set_serial 4 \
             -extfile code.ext -out code.pem
         openssl x509 -req -in leaf.csr -CA inter.pem -CAkey inter.key -set_serial 5 -sha1 \
             -extfile leaf.ext -out sha1.pem
         openssl req -x509 -key leaf.key -subj '/CN=Myself' -days 3 -out self.pem
         openssl req -x509 -nodes -newkey rsa:1024 -keyout short.key -subj '/CN=Short' -out short.pem
         openssl genpkey -algorithm ed25519 -out ed.key
         openssl req -new -key ed.key -subj '/CN=Edwards' -out ed.csr
         openssl x509 -req -in ed.csr -CA inter.pem -CAkey inter.key -set_serial 6 \
             -extfile leaf.ext -out ed.pem",
    );
    let read = |name: &str| fs::read(keys.path().join(name)).unwrap();
    let foreign = |name: &str| fs::read(m.join(name)).unwrap();
    let good = Signer::from_pem(&read("sec1.key"), &read("chain.pem")).unwrap();
    assert_eq!(format!("{good:?}"), "Signer { subject: \"CN=A. Person,O=Sample Trust\", .. }");
    let (leaf, chain) = (read("leaf.key"), read("chain.pem"));
    let cases: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("encrypted key", read("encrypted.key"), chain.clone()),
        ("a certificate for a key", read("leaf.pem"), chain.clone()),
        ("nothing for a key", Vec::new(), chain.clone()),
        ("nothing for a certificate", leaf.clone(), Vec::new()),
        ("a key for a certificate", leaf.clone(), leaf.clone()),
        ("another key", foreign("leaf.key"), chain.clone()),
        ("swapped", leaf.clone(), read("swapped.pem")),
        ("a root at the end", leaf.clone(), read("rooted.pem")),
        ("another issuer", leaf.clone(), [read("leaf.pem"), foreign("inter.pem")].concat()),
        ("self-signed", leaf.clone(), read("self.pem")),
        ("short RSA", read("short.key"), read("short.pem")),
        ("Ed25519", read("ed.key"), read("ed.pem")),
        ("key agreement", foreign("leaf.key"), foreign("leaf.pem")),
        ("code signing", leaf.clone(), read("code.pem")),
        ("signed with SHA-1", leaf.clone(), read("sha1.pem")),
        ("many certificates", leaf, chain.repeat(5)),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(what, key, chain)| {
            let error = Signer::from_pem(&key, &chain).unwrap_err();
            format!("# {what}\n{error}")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}
