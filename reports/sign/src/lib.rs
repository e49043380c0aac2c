//! Signing a bundle, and finding out whether a signed bundle is what it was.
//!
//! What is signed is one small file, `statement.json`: an in-toto statement with the SHA-256 of
//! every other file. Each signature is a detached CMS object (RFC 5652) in a file of its own,
//! which `openssl cms -verify` accepts; `VERIFY.txt` says how, with stock commands only.
//!
//! This crate holds no attack code and knows no suite, so that a verifier can be built from it
//! alone. There is no clock in it: the caller says what time it is.

pub mod inventory;
pub mod layout;
pub mod statement;
pub mod throwaway;

mod atomic;
mod certificate;
mod cms;
mod consistency;
mod digest;
mod instructions;
mod predicate;
mod problem;
mod role;
mod sign;
mod signature;
mod signer;
mod trust;
mod verify;

pub use certificate::CertificateFlaw;
pub use cms::Flaw;
pub use consistency::Contradiction;
pub use predicate::{Input, Overlaid, Predicate, Redaction, Run, Standard, SuiteFacts};
pub use problem::Problem;
pub use role::{BadRole, Role};
pub use sign::{SignError, Signed, sign_bundle, write_instructions};
pub use signature::SignerSummary;
pub use signer::{KeyError, Signer};
pub use statement::Statement;
pub use throwaway::throwaway;
pub use trust::TrustError;
pub use verify::{Verification, VerifyError, verify};
