//! Values of the IANA registry of TLS parameters, by their registered names.

use std::borrow::Cow;

mod generated;
mod parts;

pub use parts::{KeyExchange, Parts};

/// A cipher suite of SSLv3 and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite(pub u16);

/// A group of a key exchange: a curve, a finite field, or a hybrid with ML-KEM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedGroup(pub u16);

/// A signature scheme; for TLS 1.2 the same two bytes are a hash and a signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureScheme(pub u16);

/// What an alert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertDescription(pub u8);

/// The type of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionType(pub u16);

impl CipherSuite {
    /// Every registered suite, signalling values (`*_SCSV`) left out, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        generated::CIPHER_SUITES
            .iter()
            .filter(|(_, name)| !is_signalling(name))
            .map(|(value, _)| Self(*value))
    }

    /// Values without a registration that stacks have nevertheless shipped as suites, by number:
    /// 56-bit export suites, FIPS suites of SSLv3, GOST and ChaCha20 before their RFCs. Whoever
    /// asks a server for everything asks for these too. Their `name` is a number, their `parts`
    /// are known.
    pub fn unregistered() -> impl Iterator<Item = Self> {
        generated::UNREGISTERED_SUITES.iter().map(|(value, _)| Self(*value))
    }

    /// The registered name, or `0xABCD`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        name_of_word(generated::CIPHER_SUITES, self.0)
    }

    /// The suite of this registered name, or of `0xABCD`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        word_of_name(&[generated::CIPHER_SUITES], name).map(Self)
    }

    /// What it is made of; nothing for signalling values, and for those that are in neither
    /// [`Self::all`] nor [`Self::unregistered`].
    #[must_use]
    pub fn parts(self) -> Option<Parts> {
        let name = find(generated::CIPHER_SUITES, self.0)
            .or_else(|| find(generated::UNREGISTERED_SUITES, self.0))?;
        if is_signalling(name) { None } else { Parts::of_name(name) }
    }

    /// Whether it is one of TLS 1.3: those whose names say neither key exchange nor
    /// authentication, the GOST suites of RFC 9367, and any unregistered `0x13XX`.
    #[must_use]
    pub fn is_tls13(self) -> bool {
        match self.parts() {
            Some(parts) => parts.key_exchange == KeyExchange::Tls13,
            None => self.0 >> 8 == 0x13,
        }
    }

    /// Whether the secret is agreed with keys made for it alone, so that a key stolen later does
    /// not open a recording (`Some(true)`), or not; `None` where its parts are unknown. TLS 1.3
    /// counts as ephemeral here.
    #[must_use]
    pub fn is_ephemeral(self) -> Option<bool> {
        match self.parts() {
            Some(parts) => Some(parts.key_exchange.is_ephemeral()),
            None if self.is_tls13() => Some(true),
            None => None,
        }
    }
}

impl NamedGroup {
    /// Every registered group but explicit curves and GREASE, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        generated::GROUPS
            .iter()
            .filter(|(_, name)| !name.starts_with("arbitrary_explicit_"))
            .map(|(value, _)| Self(*value))
    }

    /// The registered name, or `0xABCD`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        name_of_word(generated::GROUPS, self.0)
    }

    /// The group of this registered name, or of `0xABCD`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        word_of_name(&[generated::GROUPS], name).map(Self)
    }
}

impl SignatureScheme {
    /// Every registered scheme, and the pairs of TLS 1.2 (RFC 5246, 7.4.1.4.1), by number.
    pub fn all() -> impl Iterator<Item = Self> {
        let mut all: Vec<Self> = [generated::SIGNATURE_SCHEMES, generated::SIGNATURE_PAIRS]
            .into_iter()
            .flatten()
            .map(|(value, _)| Self(*value))
            .collect();
        all.sort_unstable();
        all.into_iter()
    }

    /// The registered name; for pairs of TLS 1.2 that are no registered scheme the two names of
    /// RFC 5246, `sha224_rsa`; otherwise `0xABCD`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        match find(generated::SIGNATURE_PAIRS, self.0) {
            Some(name) => Cow::Borrowed(name),
            None => name_of_word(generated::SIGNATURE_SCHEMES, self.0),
        }
    }

    /// The scheme of such a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        word_of_name(&[generated::SIGNATURE_SCHEMES, generated::SIGNATURE_PAIRS], name).map(Self)
    }
}

impl AlertDescription {
    /// The registered name, or `0xAB`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        find(generated::ALERTS, self.0)
            .map_or_else(|| Cow::Owned(format!("0x{:02X}", self.0)), Cow::Borrowed)
    }
}

impl ExtensionType {
    /// RFC 6066, 3.
    pub const SERVER_NAME: Self = Self(0);
    /// RFC 7919, 2; RFC 8422, 5.1.1.
    pub const SUPPORTED_GROUPS: Self = Self(10);
    /// RFC 8422, 5.1.2.
    pub const EC_POINT_FORMATS: Self = Self(11);
    /// RFC 8446, 4.2.3.
    pub const SIGNATURE_ALGORITHMS: Self = Self(13);
    /// RFC 7301.
    pub const ALPN: Self = Self(16);
    /// RFC 7366.
    pub const ENCRYPT_THEN_MAC: Self = Self(22);
    /// RFC 7627.
    pub const EXTENDED_MASTER_SECRET: Self = Self(23);
    /// RFC 5077.
    pub const SESSION_TICKET: Self = Self(35);
    /// `key_share` of the drafts of TLS 1.3 before draft 23; unassigned since.
    pub const DRAFT_KEY_SHARE: Self = Self(40);
    /// RFC 8446, 4.2.11.
    pub const PRE_SHARED_KEY: Self = Self(41);
    /// RFC 8446, 4.2.1.
    pub const SUPPORTED_VERSIONS: Self = Self(43);
    /// RFC 8446, 4.2.2.
    pub const COOKIE: Self = Self(44);
    /// RFC 8446, 4.2.9.
    pub const PSK_KEY_EXCHANGE_MODES: Self = Self(45);
    /// RFC 8446, 4.2.8.
    pub const KEY_SHARE: Self = Self(51);
    /// RFC 9849.
    pub const ENCRYPTED_CLIENT_HELLO: Self = Self(0xFE0D);
    /// RFC 5746.
    pub const RENEGOTIATION_INFO: Self = Self(0xFF01);

    /// The registered name, or `0xABCD`.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        name_of_word(generated::EXTENSIONS, self.0)
    }
}

/// Whether a two-byte value is one of RFC 8701, sent to keep peers tolerant.
#[must_use]
pub fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// Whether a suite is none, but says something about the client (RFC 5746, RFC 7507).
fn is_signalling(name: &str) -> bool {
    name.ends_with("_SCSV")
}

fn name_of_word(table: &[(u16, &'static str)], value: u16) -> Cow<'static, str> {
    find(table, value).map_or_else(|| Cow::Owned(format!("0x{value:04X}")), Cow::Borrowed)
}

fn word_of_name(tables: &[&[(u16, &str)]], name: &str) -> Option<u16> {
    let number = |digits: &str| match digits.len() {
        4 if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            u16::from_str_radix(digits, 16).ok()
        }
        _ => None,
    };
    match name.strip_prefix("0x") {
        Some(digits) => number(digits),
        None => tables.iter().copied().flatten().find(|entry| entry.1 == name).map(|entry| entry.0),
    }
}

/// The tables are sorted by number.
fn find<T: Ord + Copy>(table: &[(T, &'static str)], value: T) -> Option<&'static str> {
    let index = table.binary_search_by_key(&value, |entry| entry.0).ok()?;
    table.get(index).map(|entry| entry.1)
}

#[cfg(test)]
mod tests;
