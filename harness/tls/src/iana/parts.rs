//! What cipher suites are made of.

/// How the parties of a cipher suite agree on a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// The client encrypts it for the server's RSA key: no forward secrecy.
    Rsa,
    /// Static Diffie-Hellman: no forward secrecy.
    Dh,
    /// Static elliptic-curve Diffie-Hellman: no forward secrecy.
    Ecdh,
    /// Ephemeral Diffie-Hellman; also `DH_anon`, which is ephemeral (RFC 5246, 7.4.3).
    Dhe,
    /// Ephemeral elliptic-curve Diffie-Hellman; also `ECDH_anon` (RFC 8422, 2).
    Ecdhe,
    /// Pre-shared key alone: no forward secrecy.
    Psk,
    /// Of TLS 1.3: decided by extensions, ephemeral unless `psk_ke`.
    Tls13,
    /// Any other, as the suite's name has it: `KRB5`, `SRP_SHA`.
    Other(&'static str),
}

impl KeyExchange {
    /// Whether the secret is agreed with keys made for it alone. `Tls13` counts as such.
    #[must_use]
    pub fn is_ephemeral(self) -> bool {
        match self {
            Self::Dhe | Self::Ecdhe | Self::Tls13 => true,
            // Both agree on fresh keys, and the password only authenticates (RFC 5054, RFC 8492).
            Self::Other(word) => matches!(word, "SRP_SHA" | "ECCPWD"),
            Self::Rsa | Self::Dh | Self::Ecdh | Self::Psk => false,
        }
    }
}

/// What a cipher suite is made of, read from its registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// `ECDHE`.
    pub key_exchange: KeyExchange,
    /// `RSA`, `ECDSA`, `PSK`, `anon`, … as the name has it, once more the key exchange where it
    /// authenticates by itself (`KRB5`, `SRP_SHA`); empty for TLS 1.3.
    pub authentication: &'static str,
    /// Whether it was weakened for export.
    pub export: bool,
    /// `AES_256_GCM`, `3DES_EDE_CBC`, `NULL`, … as the name has it. The integrity-only suites of
    /// TLS 1.3 (RFC 9150) have the name of their MAC's hash here: they do not encrypt.
    pub cipher: &'static str,
    /// `SHA384`, `SHA`, `MD5`, … as the name has it: the MAC's hash, for AEAD the PRF's. Empty where
    /// the name has none (`CCM`, GOST).
    pub hash: &'static str,
}

impl Parts {
    /// Takes a name apart: `TLS_` key exchange `_WITH_` protection, or for TLS 1.3 `TLS_` protection.
    pub(super) fn of_name(name: &'static str) -> Option<Self> {
        let rest = name.strip_prefix("TLS_").or_else(|| name.strip_prefix("SSL_"))?;
        let Some((agreement, protection)) = rest.split_once("_WITH_") else {
            return Some(Self::tls13(rest));
        };
        if protection.contains("_MGM_") {
            return Some(Self::tls13(protection));
        }
        let (agreement, export) = without_export(agreement);
        let (key_exchange, authentication) = agree(agreement);
        let (cipher, hash) = protect(protection);
        Some(Self { key_exchange, authentication, export, cipher, hash })
    }

    fn tls13(protection: &'static str) -> Self {
        let (cipher, hash) = protect(protection);
        Self { key_exchange: KeyExchange::Tls13, authentication: "", export: false, cipher, hash }
    }

    /// Whether nothing hides what is sent.
    #[must_use]
    pub fn is_cleartext(&self) -> bool {
        self.cipher == "NULL" || matches!(self.cipher, "SHA256" | "SHA384")
    }
}

fn without_export(agreement: &'static str) -> (&'static str, bool) {
    ["_EXPORT", "_EXPORT1024"]
        .into_iter()
        .find_map(|suffix| agreement.strip_suffix(suffix))
        .map_or((agreement, false), |agreement| (agreement, true))
}

/// What comes before `_WITH_`.
fn agree(agreement: &'static str) -> (KeyExchange, &'static str) {
    use KeyExchange::{Dh, Dhe, Ecdh, Ecdhe, Other, Psk, Rsa};
    match agreement {
        "RSA" => return (Rsa, "RSA"),
        "RSA_FIPS" => return (Rsa, "RSA"),
        "PSK" => return (Psk, "PSK"),
        "PSK_DHE" => return (Dhe, "PSK"),
        _ => {}
    }
    match agreement.rsplit_once('_') {
        Some(("DH", "anon")) => (Dhe, "anon"),
        Some(("ECDH", "anon")) => (Ecdhe, "anon"),
        Some(("RSA", authentication)) => (Rsa, authentication),
        Some(("DH", authentication)) => (Dh, authentication),
        Some(("ECDH", authentication)) => (Ecdh, authentication),
        Some(("DHE", authentication)) => (Dhe, authentication),
        Some(("ECDHE", authentication)) => (Ecdhe, authentication),
        Some(("SRP_SHA", authentication)) => (Other("SRP_SHA"), authentication),
        _ => (Other(agreement), agreement),
    }
}

/// What comes after `_WITH_`: a cipher, and a hash where the last word is one.
fn protect(protection: &'static str) -> (&'static str, &'static str) {
    const HASHES: [&str; 9] =
        ["MD5", "SHA", "SHA256", "SHA384", "SHA512", "SM3", "ASCONHASH256", "GOSTR3411", "NULL"];
    match protection.rsplit_once('_') {
        Some((cipher, hash)) if HASHES.contains(&hash) => (cipher, hash),
        _ => (protection, ""),
    }
}
