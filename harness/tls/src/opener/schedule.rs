//! Key derivation: the PRF of TLS 1.0 to 1.2, and HKDF-Expand-Label of TLS 1.3.

use ring::hkdf;

use super::mac::{Hash, Mac};

/// The pseudo-random function of a version and suite.
#[derive(Clone, Copy)]
pub(super) enum Prf {
    /// TLS 1.0 and 1.1 (RFC 2246, 5).
    Md5Sha1,
    /// TLS 1.2 (RFC 5246, 5).
    Hmac(Hash),
}

impl Prf {
    /// `length` bytes of output. `None` where OpenSSL refuses MD5.
    pub(super) fn expand(
        self,
        secret: &[u8],
        label: &str,
        seeds: [&[u8]; 2],
        length: usize,
    ) -> Option<Vec<u8>> {
        let seed = [label.as_bytes(), seeds[0], seeds[1]].concat();
        match self {
            Self::Hmac(hash) => p_hash(&Mac::new(hash, secret)?, &seed, length),
            Self::Md5Sha1 => {
                // The halves share the middle byte of a secret of odd length.
                let half = secret.len().div_ceil(2);
                let (first, _) = secret.split_at(half);
                let (_, second) = secret.split_at(secret.len() - half);
                let mut out = p_hash(&Mac::new(Hash::Md5, first)?, &seed, length)?;
                let sha1 = p_hash(&Mac::new(Hash::Sha1, second)?, &seed, length)?;
                out.iter_mut().zip(sha1).for_each(|(byte, other)| *byte ^= other);
                Some(out)
            }
        }
    }
}

/// `P_hash` (RFC 5246, 5).
fn p_hash(mac: &Mac, seed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(length + 64);
    let mut a = mac.sign(&[seed])?;
    while out.len() < length {
        out.extend(mac.sign(&[&a, seed])?);
        a = mac.sign(&[&a])?;
    }
    out.truncate(length);
    Some(out)
}

/// HKDF-Expand-Label (RFC 8446, 7.1) with an empty context. `None` for hashes that TLS 1.3 has not.
pub(super) fn expand_label(
    hash: Hash,
    secret: &[u8],
    label: &str,
    length: usize,
) -> Option<Vec<u8>> {
    let algorithm = match hash {
        Hash::Sha256 => hkdf::HKDF_SHA256,
        Hash::Sha384 => hkdf::HKDF_SHA384,
        Hash::Md5 | Hash::Sha1 => return None,
    };
    const PREFIX: &[u8] = b"tls13 ";
    let output_length = u16::try_from(length).ok()?.to_be_bytes();
    let label_length = u8::try_from(PREFIX.len() + label.len()).ok()?;
    let info = [&output_length[..], &[label_length], PREFIX, label.as_bytes(), &[0]];
    let mut out = vec![0; length];
    hkdf::Prk::new_less_safe(algorithm, secret)
        .expand(&info, Length(length))
        .and_then(|okm| okm.fill(&mut out))
        .ok()?;
    Some(out)
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opener::testing::unhex;

    /// From the IETF's TLS list (message 3416 of 2009), where other implementers took them from too.
    #[test]
    fn prf_of_tls12() {
        let sha256 = Prf::Hmac(Hash::Sha256).expand(
            &unhex("9bbe436ba940f017b17652849a71db35"),
            "test label",
            [&unhex("a0ba9f936cda311827a6f796ffd5198c"), &[]],
            100,
        );
        assert_eq!(
            sha256,
            Some(unhex(
                "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a
                 6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab
                 4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701
                 87347b66"
            ))
        );
        let sha384 = Prf::Hmac(Hash::Sha384).expand(
            &unhex("b80b733d6ceefcdc71566ea48e5567df"),
            "test label",
            [&unhex("cd665cf6a8447dd6ff8b27555edb7465"), &[]],
            148,
        );
        assert_eq!(
            sha384,
            Some(unhex(
                "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cd
                 e9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd
                 8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d918425
                 9b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee6
                 91c8f3a26854308d5eaa3be85e0990703d73e56f"
            ))
        );
    }

    /// COUNT=0 of the CAVP vectors for the TLS 1.0 and 1.1 KDF (NIST SP 800-135).
    #[test]
    fn prf_of_tls10() {
        let out = Prf::Md5Sha1.expand(
            &unhex(
                "bded7fa5c1699c010be23dd06ada3a48349f21e5f86263d512c0c5cc379f0e78
                 0ec55d9844b2f1db02a96453513568d0",
            ),
            "master secret",
            [
                &unhex("e5acaf549cd25c22d964c0d930fa4b5261d2507fad84c33715b7b9a864020693"),
                &unhex("135e4d557fdf3aa6406d82975d5c606a9734c9334b42136e96990fbd5358cdb2"),
            ],
            48,
        );
        assert_eq!(
            out,
            Some(unhex(
                "2f6962dfbc744c4b2138bb6b3d33054c5ecc14f24851d9896395a44ab3964efc
                 2090c5bf51a0891209f46c1e1e998f62"
            ))
        );
    }

    /// RFC 8448, section 3.
    #[test]
    fn labels_of_tls13() {
        let secret = unhex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
        assert_eq!(
            expand_label(Hash::Sha256, &secret, "key", 16),
            Some(unhex("9f02283b6c9c07efc26bb9f2ac92e356"))
        );
        assert_eq!(
            expand_label(Hash::Sha256, &secret, "iv", 12),
            Some(unhex("cf782b88dd83549aadf1e984"))
        );
        assert_eq!(expand_label(Hash::Sha1, &secret, "key", 16), None);
    }
}
