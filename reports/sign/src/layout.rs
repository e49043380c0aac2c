//! Where things lie in a signed bundle, how they may be named, and how large they may be.

/// The file that is signed.
pub const STATEMENT: &str = "statement.json";
/// Folder of the signatures, one file each.
pub const SIGNATURES: &str = "signatures";
/// How a stranger verifies the bundle, with stock commands.
pub const INSTRUCTIONS: &str = "VERIFY.txt";
/// What was concluded.
pub const REPORT: &str = "report.json";
/// Folder of the facts, one file for each suite.
pub const FACTS: &str = "facts";
/// Folder of the kept bytes, each under its digest.
pub const EVIDENCE: &str = "evidence/sha256";

/// Most files in a bundle.
pub const MAX_FILES: usize = 100_000;
/// Most bytes in a bundle.
pub const MAX_TOTAL: u64 = 64 << 30;
/// Most folders inside each other.
pub const MAX_DEPTH: usize = 8;
/// Longest path of a file inside a bundle, in bytes.
pub const MAX_NAME: usize = 255;
/// Largest report, in bytes.
pub const MAX_REPORT: u64 = 64 << 20;
/// Largest statement, in bytes.
pub const MAX_STATEMENT: u64 = 64 << 20;
/// Largest signature file, in bytes.
pub const MAX_SIGNATURE: u64 = 64 << 10;
/// Most signature files.
pub const MAX_SIGNATURES: usize = 99;
/// Largest `VERIFY.txt`, in bytes.
pub const MAX_INSTRUCTIONS: u64 = 1 << 20;

/// Whether the statement leaves a file out: itself, the signatures over it, and the instructions,
/// which follow from both.
#[must_use]
pub fn is_outside_statement(name: &str) -> bool {
    name == STATEMENT || name == INSTRUCTIONS || is_signature(name)
}

/// Whether a path is that of a signature file: `signatures/NN-role.p7s`.
#[must_use]
pub fn is_signature(name: &str) -> bool {
    signature_number(name).is_some()
}

/// The number of a signature file.
pub(crate) fn signature_number(name: &str) -> Option<u8> {
    let file = name.strip_prefix(SIGNATURES)?.strip_prefix('/')?.strip_suffix(".p7s")?;
    let (number, role) = file.split_once('-')?;
    role.parse::<crate::Role>().ok()?;
    let digits = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    number.parse().ok().filter(|number| digits && *number > 0)
}

/// Why a path cannot stand in a bundle.
///
/// The rule is narrow on purpose: every tool on every system reads such a name the same way, it
/// needs no quoting in a shell and no escape in JSON, and it cannot climb.
///
/// # Errors
///
/// The reason, in a few words.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err("it is empty or longer than 255 bytes");
    }
    if name.starts_with('/') {
        return Err("it is absolute");
    }
    if name.split('/').count() > MAX_DEPTH {
        return Err("it lies too deep");
    }
    for part in name.split('/') {
        check_part(part)?;
    }
    Ok(())
}

fn check_part(part: &str) -> Result<(), &'static str> {
    match part.as_bytes() {
        b"" => Err("a part of it is empty"),
        b".." | b"." => Err("it climbs"),
        [b'.', ..] => Err(
            "it is hidden: a run or a signature was stopped while writing it, or somebody added it",
        ),
        [b'-', ..] => Err("it begins with a hyphen, which tools read as an option"),
        bytes if bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b)) => Ok(()),
        _ => Err(
            "it has characters other than ASCII letters, digits, hyphen, underscore and full stop",
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_could_mislead_are_refused() {
        for good in ["report.json", "facts/messaging.json", "evidence/sha256/00ff", "a_b-c.D"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        let bad = [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            ".hidden",
            "a/.partial-1",
            "-rf",
            "a\\b",
            "a\nb",
            "a b",
            "a\"b",
            "ä",
            "C:x",
            "a/b/c/d/e/f/g/h/i",
        ];
        let shown: Vec<_> =
            bad.iter().map(|name| format!("{name:?}: {}", check_name(name).unwrap_err())).collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn signature_files_have_a_number_and_a_role() {
        assert_eq!(signature_number("signatures/07-vendor.p7s"), Some(7));
        for bad in [
            "signatures/00-vendor.p7s",
            "signatures/1-vendor.p7s",
            "signatures/01-.p7s",
            "signatures/01-Vendor.p7s",
            "signatures/01-vendor.tsr",
            "01-vendor.p7s",
            "signatures/x/01-vendor.p7s",
            "signatures/+1-vendor.p7s",
        ] {
            assert!(!is_signature(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_good_name_stays_inside(name in "[a-z./\\\\-]{0,12}") {
            if check_name(&name).is_ok() {
                let path = std::path::Path::new(&name);
                prop_assert!(path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
            }
        }
    }
}
