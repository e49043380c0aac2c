//! The signature files: detached CMS SignedData (RFC 5652), one signer each, canonical DER.

mod algorithm;
mod attributes;
mod flaw;
mod read;
mod write;

pub(crate) use algorithm::{Digest, KeyKind, is_strong_for_certificates};
pub use flaw::Flaw;
pub(crate) use read::{Parsed, parse};
pub(crate) use write::{AssembleError, assemble};

use der::asn1::ObjectIdentifier as Oid;

/// `id-data`, RFC 5652 section 4.
const ID_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.1");
/// `id-signedData`, RFC 5652 section 5.1.
const ID_SIGNED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.2");
