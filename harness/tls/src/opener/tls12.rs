//! Records of TLS 1.0 to 1.2 (RFC 2246, 4346 and 5246, each 6.2.3).

use crate::{
    CipherSuite, ProtocolVersion, Record,
    iana::{KeyExchange, Parts},
    opener::{
        OpenError, Opened, Session12, Side,
        aead::{self, NONCE},
        cbc,
        mac::{Hash, Mac},
        rc4::Rc4,
        schedule::Prf,
        tls13::xor,
        wire,
    },
};

/// Bytes of a master secret.
const MASTER_SECRET: usize = 48;

/// One direction of a session.
pub(super) enum Protection {
    Aead(Aead),
    Cbc(Box<Cbc>),
    Stream(Box<Stream>),
}

pub(super) struct Aead {
    key: aead::Key,
    /// The part of the nonce that is not sent: 4 bytes before an explicit part, otherwise all.
    implicit: Vec<u8>,
    explicit: usize,
}

pub(super) struct Cbc {
    key: cbc::Key,
    mac: Mac,
    mac_length: usize,
    block: usize,
    /// TLS 1.0: the last block of the record before. Later versions send a vector with each record.
    chained: Option<Vec<u8>>,
    encrypt_then_mac: bool,
}

pub(super) struct Stream {
    /// `None`: the NULL cipher.
    rc4: Option<Rc4>,
    mac: Mac,
    mac_length: usize,
}

/// What a cipher needs of the key block.
#[derive(Clone, Copy)]
enum Cipher {
    Aead(aead::Algorithm),
    Cbc(cbc::Algorithm, Hash),
    Rc4(Hash),
    Null(Hash),
}

impl Protection {
    pub(super) fn new(session: &Session12<'_>, side: Side) -> Result<Self, OpenError> {
        let unsupported = || OpenError::suite(session.suite, session.version);
        let parts = parts(session.suite).ok_or_else(unsupported)?;
        let cipher = Cipher::of(parts).ok_or_else(unsupported)?;
        let prf = match session.version {
            ProtocolVersion::Tls10 | ProtocolVersion::Tls11 => Prf::Md5Sha1,
            ProtocolVersion::Tls12 if parts.hash == "SHA384" => Prf::Hmac(Hash::Sha384),
            ProtocolVersion::Tls12 => Prf::Hmac(Hash::Sha256),
            _ => return Err(unsupported()),
        };
        if matches!(cipher, Cipher::Aead(_)) && session.version != ProtocolVersion::Tls12 {
            return Err(unsupported());
        }
        if session.master_secret.len() != MASTER_SECRET {
            return Err(OpenError::Unsupported(format!(
                "a master secret of {} bytes",
                session.master_secret.len()
            )));
        }
        let keys = Keys::derive(session, prf, cipher.lengths(), side).ok_or_else(unsupported)?;
        cipher.under(keys, session).ok_or_else(unsupported)
    }

    pub(super) fn open(&mut self, sequence: u64, record: &Record) -> Option<Opened> {
        let plaintext = match self {
            Self::Aead(aead) => aead.open(sequence, record),
            Self::Cbc(cbc) => cbc.open(sequence, record),
            Self::Stream(stream) => stream.open(sequence, record),
        }?;
        Some(Opened { content_type: record.content_type, plaintext })
    }
}

/// Parts of a suite of these versions, unless its keys were shortened for export.
fn parts(suite: CipherSuite) -> Option<Parts> {
    suite.parts().filter(|parts| parts.key_exchange != KeyExchange::Tls13 && !parts.export)
}

/// Bytes of each direction in the key block.
struct Lengths {
    mac: usize,
    key: usize,
    iv: usize,
}

impl Cipher {
    fn of(parts: Parts) -> Option<Self> {
        if let Some(algorithm) = aead::Algorithm::from_name(parts.cipher) {
            return Some(Self::Aead(algorithm));
        }
        let hash = Hash::from_name(parts.hash)?;
        if let Some(algorithm) = cbc::Algorithm::from_name(parts.cipher) {
            return Some(Self::Cbc(algorithm, hash));
        }
        match parts.cipher {
            "RC4_128" => Some(Self::Rc4(hash)),
            "NULL" => Some(Self::Null(hash)),
            _ => None,
        }
    }

    fn lengths(self) -> Lengths {
        match self {
            Self::Aead(algorithm) => Lengths {
                mac: 0,
                key: algorithm.key,
                iv: NONCE.saturating_sub(algorithm.explicit_nonce),
            },
            Self::Cbc(algorithm, hash) => {
                Lengths { mac: hash.len(), key: algorithm.key, iv: algorithm.block }
            }
            Self::Rc4(hash) => Lengths { mac: hash.len(), key: 16, iv: 0 },
            Self::Null(hash) => Lengths { mac: hash.len(), key: 0, iv: 0 },
        }
    }

    /// `None` where this OpenSSL is built without the cipher.
    fn under(self, keys: Keys, session: &Session12<'_>) -> Option<Protection> {
        Some(match self {
            Self::Aead(algorithm) => Protection::Aead(Aead {
                key: aead::Key::new(algorithm, &keys.key)?,
                implicit: keys.iv,
                explicit: algorithm.explicit_nonce,
            }),
            Self::Cbc(algorithm, hash) => Protection::Cbc(Box::new(Cbc {
                key: cbc::Key::new(algorithm, &keys.key)?,
                mac: Mac::new(hash, &keys.mac)?,
                mac_length: hash.len(),
                block: algorithm.block,
                chained: (session.version == ProtocolVersion::Tls10).then_some(keys.iv),
                encrypt_then_mac: session.encrypt_then_mac,
            })),
            Self::Rc4(hash) => Protection::Stream(Box::new(Stream {
                rc4: Some(Rc4::new(&keys.key)?),
                mac: Mac::new(hash, &keys.mac)?,
                mac_length: hash.len(),
            })),
            Self::Null(hash) => Protection::Stream(Box::new(Stream {
                rc4: None,
                mac: Mac::new(hash, &keys.mac)?,
                mac_length: hash.len(),
            })),
        })
    }
}

/// One direction's part of the key block.
struct Keys {
    mac: Vec<u8>,
    key: Vec<u8>,
    iv: Vec<u8>,
}

impl Keys {
    /// RFC 5246, 6.3.
    fn derive(session: &Session12<'_>, prf: Prf, lengths: Lengths, side: Side) -> Option<Self> {
        let seeds: [&[u8]; 2] = [session.server_random, session.client_random];
        let length = 2 * (lengths.mac + lengths.key + lengths.iv);
        let block = prf.expand(session.master_secret, "key expansion", seeds, length)?;
        let mut rest = &block[..];
        let mut take = |length: usize| {
            let (client, after) = rest.split_at_checked(length)?;
            let (server, after) = after.split_at_checked(length)?;
            rest = after;
            Some(match side {
                Side::Client => client.to_vec(),
                Side::Server => server.to_vec(),
            })
        };
        Some(Self { mac: take(lengths.mac)?, key: take(lengths.key)?, iv: take(lengths.iv)? })
    }
}

impl Aead {
    fn open(&self, sequence: u64, record: &Record) -> Option<Vec<u8>> {
        let (explicit, sealed) = record.fragment.split_at_checked(self.explicit)?;
        let nonce = if explicit.is_empty() {
            xor(self.implicit.as_slice().try_into().ok()?, sequence)
        } else {
            [&self.implicit, explicit].concat().try_into().ok()?
        };
        let length = sealed.len().checked_sub(self.key.overhead())?;
        self.key.open(nonce, &additional(sequence, record, length)?, sealed)
    }
}

impl Cbc {
    fn open(&mut self, sequence: u64, record: &Record) -> Option<Vec<u8>> {
        let mut protected = &record.fragment[..];
        if self.encrypt_then_mac {
            // RFC 7366, 3: over the vector, if one is sent, and the ciphertext.
            let length = protected.len().checked_sub(self.mac_length)?;
            let (covered, code) = protected.split_at_checked(length)?;
            let header = additional(sequence, record, length)?;
            if !self.mac.verifies(&[&header, covered], code) {
                return None;
            }
            protected = covered;
        }
        let (iv, ciphertext) = match &self.chained {
            Some(iv) => (&iv[..], protected),
            None => protected.split_at_checked(self.block)?,
        };
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(self.block) {
            return None;
        }
        let mut plaintext = self.key.decrypt(iv, ciphertext)?;
        plaintext.truncate(unpadded(&plaintext)?);
        if !self.encrypt_then_mac {
            let length = plaintext.len().checked_sub(self.mac_length)?;
            check_mac(&self.mac, sequence, record, &mut plaintext, length)?;
        }
        if let Some(chained) = &mut self.chained {
            *chained = ciphertext.rchunks(self.block).next()?.to_vec();
        }
        Some(plaintext)
    }
}

impl Stream {
    fn open(&mut self, sequence: u64, record: &Record) -> Option<Vec<u8>> {
        let mut plaintext = record.fragment.clone();
        let mut after = self.rc4.clone();
        if let Some(rc4) = &mut after {
            rc4.apply(&mut plaintext);
        }
        let length = plaintext.len().checked_sub(self.mac_length)?;
        check_mac(&self.mac, sequence, record, &mut plaintext, length)?;
        self.rc4 = after;
        Some(plaintext)
    }
}

/// Cuts the MAC off behind `length` bytes if it is right.
fn check_mac(
    mac: &Mac,
    sequence: u64,
    record: &Record,
    plaintext: &mut Vec<u8>,
    length: usize,
) -> Option<()> {
    let header = additional(sequence, record, length)?;
    let (content, code) = plaintext.split_at_checked(length)?;
    mac.verifies(&[&header, content], code).then_some(())?;
    plaintext.truncate(length);
    Some(())
}

/// Length without the padding: its last byte says how many of the same value come before it.
fn unpadded(plaintext: &[u8]) -> Option<usize> {
    let last = *plaintext.last()?;
    let length = plaintext.len().checked_sub(usize::from(last).checked_add(1)?)?;
    plaintext.get(length..)?.iter().all(|&byte| byte == last).then_some(length)
}

/// What is authenticated beside the content (RFC 5246, 6.2.3.3).
fn additional(sequence: u64, record: &Record, length: usize) -> Option<[u8; 13]> {
    let mut bytes = [0; 13];
    bytes[..8].copy_from_slice(&sequence.to_be_bytes());
    bytes[8] = wire(record.content_type);
    bytes[9..11].copy_from_slice(&record.version.to_be_bytes());
    bytes[11..].copy_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
    Some(bytes)
}
