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

#[cfg(test)]
mod tests {
    use cms::{
        content_info::ContentInfo,
        revocation::RevocationInfoChoices,
        signed_data::{SignedData, SignerInfo, SignerInfos},
    };
    use der::{
        Any, Decode, Encode,
        asn1::{OctetString, SetOfVec},
    };
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    fn good() -> &'static [u8] {
        static GOOD: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        GOOD.get_or_init(|| {
            let now = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(400_000);
            let (_, signer) = crate::throwaway(now).unwrap();
            signer.sign(b"content", now).unwrap()
        })
    }

    #[test]
    fn what_we_write_has_no_flaw_of_form() {
        let mut flaws = Vec::new();
        let parsed = parse(good(), &mut flaws).unwrap();
        assert_eq!(flaws, []);
        assert_eq!(parsed.attributes.message_digest, Digest::Sha384.over(b"content"));
    }

    /// The flaws of a good signature after `change`, written canonically again.
    fn flaws_after(change: impl Fn(&mut SignedData)) -> Vec<Flaw> {
        let outer = ContentInfo::from_der(good()).unwrap();
        let mut signed_data: SignedData = outer.content.decode_as().unwrap();
        change(&mut signed_data);
        let content = Any::encode_from(&signed_data).unwrap();
        let bytes = ContentInfo { content_type: ID_SIGNED_DATA, content }.to_der().unwrap();
        let mut flaws = Vec::new();
        let _ = parse(&bytes, &mut flaws);
        flaws
    }

    fn edit_signer(signed_data: &mut SignedData, edit: impl Fn(&mut SignerInfo)) {
        let mut info = signed_data.signer_infos.0.as_slice()[0].clone();
        edit(&mut info);
        signed_data.signer_infos = SignerInfos::try_from(vec![info]).unwrap();
    }

    #[test]
    fn additions_that_nobody_signed_are_refused() {
        assert_eq!(flaws_after(|_| {}), [], "positive control");
        let added = flaws_after(|signed_data| {
            edit_signer(signed_data, |info| info.unsigned_attrs = info.signed_attrs.clone());
        });
        assert_eq!(added, [Flaw::UnsignedAttributes]);
        let emptied = flaws_after(|signed_data| {
            edit_signer(signed_data, |info| info.unsigned_attrs = Some(SetOfVec::new()));
        });
        assert_eq!(emptied, [Flaw::UnsignedAttributes]);
        let two = flaws_after(|signed_data| {
            let first = signed_data.signer_infos.0.as_slice()[0].clone();
            let mut second = first.clone();
            second.signature = OctetString::new(vec![0; 8]).unwrap();
            signed_data.signer_infos = SignerInfos::try_from(vec![first, second]).unwrap();
        });
        assert_eq!(two, [Flaw::Signers(2)]);
        let none = flaws_after(|signed_data| {
            signed_data.signer_infos = SignerInfos::try_from(Vec::new()).unwrap();
        });
        assert_eq!(none, [Flaw::Signers(0)]);
        let digests = flaws_after(|signed_data| {
            let other = Digest::Sha512.identifier();
            signed_data.digest_algorithms.insert(other).unwrap();
        });
        assert_eq!(digests, [Flaw::DigestsDiffer]);
        let lists = flaws_after(|signed_data| {
            signed_data.crls = Some(RevocationInfoChoices(SetOfVec::new()));
        });
        assert_eq!(lists, [Flaw::RevocationLists]);
    }

    #[test]
    fn attributes_out_of_order_are_not_canonical() {
        let outer = ContentInfo::from_der(good()).unwrap();
        let signed_data: SignedData = outer.content.decode_as().unwrap();
        let info = &signed_data.signer_infos.0.as_slice()[0];
        let attributes: Vec<_> =
            info.signed_attrs.as_ref().unwrap().iter().map(|a| a.to_der().unwrap()).collect();
        let (ordered, swapped) = (
            [&attributes[0][..], &attributes[1]].concat(),
            [&attributes[1][..], &attributes[0]].concat(),
        );
        let at = good().windows(ordered.len()).position(|w| w == ordered).unwrap();
        let mut bytes = good().to_vec();
        bytes.splice(at..at + ordered.len(), swapped);
        let mut flaws = Vec::new();
        // The signature itself still holds: it covers the attributes in their order.
        assert!(parse(&bytes, &mut flaws).is_some());
        assert_eq!(flaws, [Flaw::NotCanonical]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_make_it_panic(bytes in vec(any::<u8>(), 0..300)) {
            let mut flaws = Vec::new();
            prop_assert!(parse(&bytes, &mut flaws).is_none());
            prop_assert!(!flaws.is_empty());
        }

        #[test]
        fn broken_signatures_never_make_it_panic(
            at: Index, remove in 0usize..9, junk in vec(any::<u8>(), 0..9)
        ) {
            let mut bytes = good().to_vec();
            let at = at.index(bytes.len());
            let end = (at + remove).min(bytes.len());
            bytes.splice(at..end, junk);
            let mut flaws = Vec::new();
            let parsed = parse(&bytes, &mut flaws);
            prop_assert!(parsed.is_some() || !flaws.is_empty());
        }
    }
}
