//! Cipher suites of MLS, by the registry of IANA (RFC 9420, section 17.1).

/// The suite that the drivers ask for: the one whose message cipher has a key of 256 bits, and
/// that every library here has. Groups made in it are joined by clients of the other libraries.
pub const PREFERRED: u16 = 3;

/// A suite's parts, in the words of the driver protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// IANA's name.
    pub name: &'static str,
    /// Cipher of messages, an AEAD.
    pub cipher: &'static str,
    /// Key agreement between members.
    pub key_agreement: &'static str,
}

/// Length of the tag of every AEAD among the suites.
pub(crate) const TAG_BITS: u32 = 128;

impl Suite {
    /// The suite of this number, if it is one that the drivers use.
    #[must_use]
    pub fn of(number: u16) -> Option<Self> {
        let (name, cipher) = match number {
            1 => ("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", "AES-128-GCM"),
            3 => ("MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", "ChaCha20-Poly1305"),
            _ => return None,
        };
        Some(Self { name, cipher, key_agreement: "X25519" })
    }

    /// Protocol and suite, as `session.info` and `group.info` state them.
    pub(crate) fn protocol(&self) -> String {
        format!("MLS 1.0, {}", self.name)
    }
}
