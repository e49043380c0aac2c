//! Key derivation, and what a secret is. Keys are erased when they are dropped.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{hkdf, hmac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use zeroize::{Zeroize, Zeroizing};

/// 32 secret or public bytes: a key in the stored state. Written as base64.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) [u8; 32]);

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(32 bytes)")
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Zeroizing::new([0; 44]);
        STANDARD.encode_slice(self.0, &mut text[..]).map_err(ser::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&text[..]).map_err(ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = STANDARD.decode(&*text).map(Zeroizing::new).map_err(de::Error::custom)?;
        bytes[..].try_into().map(Self).map_err(|_| de::Error::custom("a key has 32 bytes"))
    }
}

/// HKDF with SHA-256 (RFC 5869): `N` bytes from `input`.
pub(crate) fn hkdf<const N: usize>(salt: &[u8; 32], input: &[u8], info: &[u8]) -> [u8; N] {
    const { assert!(N <= 255 * 32, "RFC 5869 section 2.3 bounds the output") };
    let mut output = [0; N];
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(input)
        .expand(&[info], Length(N))
        .and_then(|okm| okm.fill(&mut output))
        .expect("the length is bounded at compile time");
    output
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Two keys from one expansion.
pub(crate) fn halves(bytes: [u8; 64]) -> (Key, Key) {
    let (mut first, mut second) = ([0; 32], [0; 32]);
    first.copy_from_slice(&bytes[..32]);
    second.copy_from_slice(&bytes[32..]);
    (Key(first), Key(second))
}

/// HMAC with SHA-256 (RFC 2104) over the parts, one after the other.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn rfc_5869_appendix_a_3() {
        let okm: [u8; 42] = hkdf(&[0; 32], &[0x0b; 22], b"");
        assert_eq!(
            okm.to_vec(),
            bytes(
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            )
        );
    }

    #[test]
    fn rfc_4231_test_case_2() {
        assert_eq!(
            hmac(b"Jefe", &[b"what do ya want ", b"for nothing?"]).to_vec(),
            bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        );
    }

    #[test]
    fn a_key_is_read_back_and_does_not_show_itself() {
        let key = Key([7; 32]);
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), key);
        assert!(serde_json::from_str::<Key>("\"AAAA\"").is_err());
        assert_eq!(format!("{key:?}"), "Key(32 bytes)");
    }
}
