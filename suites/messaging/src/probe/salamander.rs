//! One encrypted file that two keys open: an "invisible salamander" (Grubbs, Lu, Ristenpart,
//! "Message Franking via Committing Authenticated Encryption", 2017; Dodis, Grubbs, Ristenpart,
//! Woodage, "Fast Message Franking", 2018).
//!
//! The tag of AES-GCM is a polynomial in a key-dependent point `H` of GF(2^128), whose
//! coefficients are the ciphertext blocks, plus a key-dependent mask. Demanding the same tag under
//! two keys is one linear equation; it is solved for the last block.

use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// Length of the nonce, in bytes.
pub(super) const NONCE: usize = 12;
/// Length of the tag, in bytes.
pub(super) const TAG: usize = 16;

/// Blocks of ciphertext; the last is the one that is solved for.
const BLOCKS: usize = 4;

/// A key of AES-GCM, by its length: 16 or 32 bytes.
pub(super) struct Gcm(LessSafeKey);

impl Gcm {
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            32 => &AES_256_GCM,
            _ => return None,
        };
        UnboundKey::new(algorithm, key).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// What stands in a file of the form nonce, ciphertext, tag.
    pub(super) fn open(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = body.split_first_chunk::<NONCE>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        Some(opened.to_vec())
    }

    fn seal(&self, nonce: [u8; NONCE], aad: &[u8], text: &[u8]) -> Option<(Vec<u8>, u128)> {
        let mut sealed = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut sealed).ok()?;
        let tag = <[u8; TAG]>::try_from(tag.as_ref()).ok()?;
        Some((sealed, u128::from_be_bytes(tag)))
    }

    /// The mask of the tag under this nonce: the tag of nothing at all.
    fn mask(&self, nonce: [u8; NONCE]) -> Option<u128> {
        self.seal(nonce, &[], &[]).map(|(_, tag)| tag)
    }

    /// The point `H`. The tag over one block of zeros beside an empty text is `L·H` plus the mask,
    /// where the block `L` states the lengths and is known.
    fn point(&self, nonce: [u8; NONCE]) -> Option<u128> {
        let (_, tag) = self.seal(nonce, &[0; 16], &[])?;
        Some(times(tag ^ self.mask(nonce)?, inverse(lengths(16, 0))))
    }
}

/// A body that opens under both keys: under the first to something that begins with `text`, under
/// the second to whatever it gives. None if the keys are of no known length, or equal.
pub(super) fn under_both(
    first: &Gcm,
    second: &Gcm,
    nonce: [u8; NONCE],
    text: &[u8],
) -> Option<Vec<u8>> {
    let mut begin = text.to_vec();
    begin.resize(16 * (BLOCKS - 1), b' ');
    let (begin, _) = first.seal(nonce, &[], &begin)?;
    let blocks: Vec<u128> =
        begin.as_chunks::<16>().0.iter().map(|block| u128::from_be_bytes(*block)).collect();
    let length = lengths(0, 16 * BLOCKS);
    // All of the tag but what the last block brings in, which stands before H squared.
    let known = |key: &Gcm| -> Option<(u128, u128)> {
        let (point, mask) = (key.point(nonce)?, key.mask(nonce)?);
        let square = times(point, point);
        // Horner's rule: the blocks, a zero in the place of the last, the lengths.
        let before = blocks.iter().fold(0, |sum, block| times(sum ^ block, point));
        Some((times(times(before, point) ^ length, point) ^ mask, square))
    };
    let ((tag_one, square_one), (tag_two, square_two)) = (known(first)?, known(second)?);
    if square_one == square_two {
        return None;
    }
    let last = times(tag_one ^ tag_two, inverse(square_one ^ square_two));
    let tag = tag_one ^ times(last, square_one);
    Some([&nonce[..], &begin, &last.to_be_bytes(), &tag.to_be_bytes()].concat())
}

/// The block that states the lengths of associated data and ciphertext, given in bytes.
fn lengths(associated: usize, ciphertext: usize) -> u128 {
    ((8 * associated as u128) << 64) | (8 * ciphertext as u128)
}

/// The product in GF(2^128) in the bit order of GCM: the first bit is the constant term (NIST SP
/// 800-38D, section 6.3).
fn times(x: u128, y: u128) -> u128 {
    const REDUCTION: u128 = 0xe1 << 120;
    let (mut product, mut shifted) = (0, y);
    for bit in (0..128).rev() {
        if (x >> bit) & 1 == 1 {
            product ^= shifted;
        }
        let carry = shifted & 1;
        shifted >>= 1;
        if carry == 1 {
            shifted ^= REDUCTION;
        }
    }
    product
}

/// The inverse in GF(2^128): the power 2^128 - 2.
fn inverse(x: u128) -> u128 {
    const ONE: u128 = 1 << 127;
    let (mut result, mut power) = (ONE, x);
    for _ in 1..128 {
        power = times(power, power);
        result = times(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// NIST SP 800-38D's predecessor, "The Galois/Counter Mode of Operation", test case 2.
    #[test]
    fn the_product_is_that_of_gcm() {
        let point = 0x66e9_4bd4_ef8a_2c3b_884c_fa59_ca34_2b2e;
        let block = 0x0388_dace_60b6_a392_f328_c2b9_71b2_fe78;
        assert_eq!(times(block, point), 0x5e2e_c746_9170_6288_2c85_b068_5353_deb7);
        assert_eq!(Gcm::new(&[0; 16]).unwrap().point([7; NONCE]).unwrap(), point);
    }

    proptest! {
        #[test]
        fn an_inverse_is_one(x in 1..=u128::MAX) {
            prop_assert_eq!(times(x, inverse(x)), 1 << 127);
        }

        #[test]
        fn two_keys_open_what_was_made_for_both(
            one in any::<[u8; 32]>(), two in any::<[u8; 32]>(), nonce in any::<[u8; NONCE]>(), short in any::<bool>(),
        ) {
            prop_assume!(one[..16] != two[..16]);
            let length = if short { 16 } else { 32 };
            let (one, two) = (Gcm::new(&one[..length]).unwrap(), Gcm::new(&two[..length]).unwrap());
            let body = under_both(&one, &two, nonce, b"Give 5 mg.").unwrap();
            prop_assert!(one.open(&body).unwrap().starts_with(b"Give 5 mg."));
            prop_assert_ne!(two.open(&body).unwrap(), one.open(&body).unwrap());
            let mut changed = body;
            *changed.last_mut().unwrap() ^= 1;
            prop_assert_eq!(one.open(&changed), None);
        }
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        assert!(Gcm::new(&[0; 24]).is_none());
        assert!(Gcm::new(&[]).is_none());
    }
}
