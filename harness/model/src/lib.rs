//! The words of Hallmark as types.
//!
//! Everything that flows through the house is named here, once: what is asked
//! ([`Requirement`], [`Standard`]), what was seen ([`EvidenceRef`] and the facts of the suites),
//! what follows from it ([`Finding`], [`Verdict`], [`Headline`]) and what is handed over
//! ([`Report`]). There is no I/O, no clock and no randomness in this crate.

pub mod candidate;
pub mod document;
pub mod event;
pub mod evidence;
pub mod exit;
pub mod figure;
pub mod finding;
pub mod headline;
pub mod id;
pub mod overlay;
pub mod policy;
pub mod protocol;
pub mod report;
pub mod requirement;
pub mod selection;
pub mod standard;
pub mod text;
pub mod verdict;

pub use candidate::Configuration;
pub use event::Event;
pub use evidence::{EvidenceRef, Sha256};
pub use exit::ExitCode;
pub use figure::Figure;
pub use finding::{ByDesign, Finding};
pub use headline::{Half, Headline};
pub use id::{CheckId, RequirementId, Suite};
pub use overlay::{Declaration, Overlay, Waiver};
pub use policy::{Floor, Grade, Policy};
pub use protocol::{Matter, Protocol};
pub use report::Report;
pub use requirement::{Clause, EvidenceKind, Gate, Level, Provenance, Requirement};
pub use selection::Selection;
pub use standard::Standard;
pub use verdict::Verdict;
