//! The folder that one run leaves behind.
//!
//! ```text
//! report.json              what was concluded: the source of truth
//! report.html              the same for people
//! events.jsonl             what happened, one event a line
//! facts/<suite>.json       what each suite observed
//! evidence/sha256/<hex>    bytes that were kept, under their own digest
//! ```
//!
//! The signing crate adds `statement.json`, `signatures/` and `VERIFY.txt`.
//!
//! A run writes through [`Draft`]; everybody else reads through [`Bundle`]. A run that is killed
//! at any moment leaves a folder whose report is absent or says `"complete": false`: the report
//! that says `true` is the last record of all, and it appears whole, by a rename.
//!
//! [`compare`] lays several finished bundles side by side.

pub mod compare;
pub mod error;
pub mod layout;
pub mod schema;

mod atomic;
mod digest;
mod draft;
mod opened;

pub use compare::{CompareError, Comparison};
pub use draft::Draft;
pub use error::BundleError;
pub use opened::Bundle;
