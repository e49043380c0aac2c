//! Where things lie in a bundle, and how large they may be.

use hallmark_model::{Sha256, Suite};

/// What was concluded.
pub const REPORT: &str = "report.json";
/// The report for people: one file, no script.
pub const PAGE: &str = "report.html";
/// What happened, one event a line.
pub const EVENTS: &str = "events.jsonl";
/// Folder of the facts.
pub const FACTS: &str = "facts";
/// Folder of the kept bytes.
pub const EVIDENCE: &str = "evidence/sha256";

/// Largest record (`report.json`, `report.html`, a facts file, an event), in bytes.
pub const MAX_RECORD: u64 = 64 << 20;
/// Largest piece of evidence, in bytes.
pub const MAX_EVIDENCE: u64 = 256 << 20;

/// How the name of a file that is still being written begins.
///
/// Neither signing nor verifying accepts a name that begins with a dot, so that a file left over
/// by a killed run can never become part of what is signed.
pub(crate) const PARTIAL: &str = ".partial-";

/// Path of a suite's facts, relative to the bundle.
#[must_use]
pub fn facts(suite: Suite) -> String {
    format!("{FACTS}/{suite}.json")
}

/// Path of kept bytes, relative to the bundle.
#[must_use]
pub fn evidence(digest: &Sha256) -> String {
    format!("{EVIDENCE}/{digest}")
}
