//! Records of TLS 1.3 (RFC 8446, 5.2).

use crate::{
    CipherSuite, ContentType, ProtocolVersion, Record,
    iana::KeyExchange,
    opener::{
        OpenError, Opened,
        aead::{Algorithm, Key, NONCE},
        content_type,
        mac::Hash,
        schedule::expand_label,
    },
};

/// One direction under one traffic secret.
pub(super) struct Protection {
    algorithm: Algorithm,
    hash: Hash,
    secret: Vec<u8>,
    key: Key,
    iv: [u8; NONCE],
    header_is_authenticated: bool,
}

impl Protection {
    pub(super) fn new(
        suite: CipherSuite,
        secret: &[u8],
        negotiated: u16,
    ) -> Result<Self, OpenError> {
        let header_is_authenticated = match negotiated {
            0x0304 | 0x7f19..=0x7f1c => true,
            0x7f14..=0x7f18 => false,
            other => {
                return Err(OpenError::Unsupported(format!("0x{other:04X} as TLSv1.3")));
            }
        };
        let unsupported = || OpenError::suite(suite, ProtocolVersion::Tls13);
        let parts = suite
            .parts()
            .filter(|parts| parts.key_exchange == KeyExchange::Tls13)
            .ok_or_else(unsupported)?;
        let algorithm = Algorithm::from_name(parts.cipher).ok_or_else(unsupported)?;
        let hash = Hash::from_name(parts.hash).ok_or_else(unsupported)?;
        if secret.len() != hash.len() {
            return Err(OpenError::Unsupported(format!(
                "a traffic secret of {} bytes with {}",
                secret.len(),
                suite.name()
            )));
        }
        let (key, iv) = keys(algorithm, hash, secret).ok_or_else(unsupported)?;
        Ok(Self { algorithm, hash, secret: secret.to_vec(), key, iv, header_is_authenticated })
    }

    pub(super) fn open(&self, sequence: u64, record: &Record) -> Option<Opened> {
        if record.content_type != ContentType::ApplicationData {
            return None;
        }
        let sealed = &record.fragment;
        let header = header(record)?;
        let aad: &[u8] = if self.header_is_authenticated { &header } else { &[] };
        let mut plaintext = self.key.open(xor(self.iv, sequence), aad, sealed)?;
        let end = plaintext.iter().rposition(|&byte| byte != 0)?;
        let content_type = content_type(*plaintext.get(end)?)?;
        plaintext.truncate(end);
        Some(Opened { content_type, plaintext })
    }

    pub(super) fn update(&mut self) -> Result<(), OpenError> {
        let unsupported = || OpenError::Unsupported("this KeyUpdate".to_owned());
        let secret = expand_label(self.hash, &self.secret, "traffic upd", self.hash.len())
            .ok_or_else(unsupported)?;
        (self.key, self.iv) = keys(self.algorithm, self.hash, &secret).ok_or_else(unsupported)?;
        self.secret = secret;
        Ok(())
    }
}

/// Key and vector of a traffic secret (RFC 8446, 7.3).
fn keys(algorithm: Algorithm, hash: Hash, secret: &[u8]) -> Option<(Key, [u8; NONCE])> {
    let key = expand_label(hash, secret, "key", algorithm.key)?;
    let iv = expand_label(hash, secret, "iv", NONCE)?;
    Some((Key::new(algorithm, &key)?, iv.try_into().ok()?))
}

fn header(record: &Record) -> Option<[u8; 5]> {
    let [major, minor] = record.version.to_be_bytes();
    let [high, low] = u16::try_from(record.fragment.len()).ok()?.to_be_bytes();
    Some([super::wire(record.content_type), major, minor, high, low])
}

/// The nonce of a record (RFC 8446, 5.3; RFC 7905, 2).
pub(super) fn xor(mut iv: [u8; NONCE], sequence: u64) -> [u8; NONCE] {
    let number = sequence.to_be_bytes();
    iv.iter_mut().skip(NONCE - number.len()).zip(number).for_each(|(byte, other)| *byte ^= other);
    iv
}
