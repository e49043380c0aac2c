//! `VERIFY.txt`: how a stranger verifies the bundle, with stock commands only.
//!
//! The text is determined by the bytes of the statement and the names of the signature files, so
//! that a verifier can regenerate it and notice any other text.

use std::fmt::Write;

use crate::{digest, layout};

/// The whole text.
pub(crate) fn text(statement: &[u8], subjects: usize, signatures: &[&str]) -> String {
    let mut commands = String::new();
    for name in signatures {
        // Writing to a String cannot fail.
        let _ = write!(
            commands,
            "    openssl cms -verify -binary -inform DER -in {name} \\\n        \
             -content {} -CAfile ROOT.pem -out /dev/null\n",
            layout::STATEMENT
        );
    }
    let on_disk = subjects + 2 + signatures.len();
    let digest = digest::sha256(statement);
    format!(
        r#"How to verify this bundle without Hallmark
==========================================

You need openssl, sha256sum, grep, sed and find, and ROOT.pem: the root certificate
of whoever signed, obtained from somebody you trust. A root that came with the
bundle proves nothing.

Run the commands in the folder that holds this file.

1. The signature covers statement.json. Each command must print
   "CMS Verification successful" and end with exit code 0:

{commands}
   Where a certificate has expired since, add -attime with the time of signing in
   seconds since 1970, and ask whoever signed whether that time can be relied on.

2. The statement covers every other file. This must print "OK" {subjects} times,
   nothing else, and end with exit code 0:

    grep -o '{{"digest":{{"sha256":"[0-9a-f]*"}},"name":"[^"]*"}}' statement.json |
        sed 's/.*"sha256":"\([0-9a-f]*\)"}},"name":"\(.*\)"}}/\1  \2/' |
        sha256sum --check --strict -

3. Nothing was added. The first command must print {on_disk}, the second nothing:

    find . -type f | wc -l
    find . ! -type f ! -type d

SHA-256 of statement.json: {digest}

`hallmark verify BUNDLE --trust ROOT.pem` does all of this and more: it also checks
that the statement says what report.json says.
"#
    )
}
