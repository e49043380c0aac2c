//! The sealing side, for tests alone.

use openssl::{cipher::Cipher, cipher_ctx::CipherCtx};
use ring::aead;

use crate::{
    CipherSuite, ContentType, ProtocolVersion, Record,
    opener::{
        Session12, Side,
        mac::{Hash, Mac},
        rc4::Rc4,
        schedule::{Prf, expand_label},
        tls13::xor,
        wire,
    },
};

/// Seals what a suite with CBC or RC4 protects.
#[derive(Clone)]
pub(super) struct Twin12 {
    version: ProtocolVersion,
    encrypt_then_mac: bool,
    hash: Hash,
    mac: Vec<u8>,
    key: Vec<u8>,
    /// Of the next record.
    iv: Vec<u8>,
    cipher: Option<&'static str>,
    rc4: Option<Rc4>,
    sequence: u64,
}

impl Twin12 {
    pub(super) fn new(session: &Session12<'_>, side: Side) -> Self {
        let (hash, cipher, key, iv) = match session.suite {
            CipherSuite(0x0004) => (Hash::Md5, None, 16, 0),
            CipherSuite(0x0005) => (Hash::Sha1, None, 16, 0),
            CipherSuite(0x000a) => (Hash::Sha1, Some("DES-EDE3-CBC"), 24, 8),
            CipherSuite(0x002f) => (Hash::Sha1, Some("AES-128-CBC"), 16, 16),
            CipherSuite(0xc03c) => (Hash::Sha256, Some("ARIA-128-CBC"), 16, 16),
            CipherSuite(0xc03d) => (Hash::Sha384, Some("ARIA-256-CBC"), 32, 16),
            other => panic!("no twin for {other:?}"),
        };
        let prf = match (session.version, hash) {
            (ProtocolVersion::Tls12, Hash::Sha384) => Prf::Hmac(Hash::Sha384),
            (ProtocolVersion::Tls12, _) => Prf::Hmac(Hash::Sha256),
            _ => Prf::Md5Sha1,
        };
        let block = prf
            .expand(
                session.master_secret,
                "key expansion",
                [session.server_random, session.client_random],
                2 * (hash.len() + key + iv),
            )
            .expect("output");
        let part = |start: usize, length: usize| {
            let start = if side == Side::Client { start } else { start + length };
            block[start..start + length].to_vec()
        };
        let key_at = 2 * hash.len();
        let (key, iv) = (part(key_at, key), part(key_at + 2 * key, iv));
        Self {
            version: session.version,
            encrypt_then_mac: session.encrypt_then_mac,
            hash,
            mac: part(0, hash.len()),
            rc4: cipher.is_none().then(|| Rc4::new(&key).expect("a key")),
            key,
            iv,
            cipher,
            sequence: 0,
        }
    }

    /// Seals with more padding than is needed.
    pub(super) fn seal(
        &mut self,
        content_type: ContentType,
        plaintext: &[u8],
        extra_blocks: usize,
    ) -> Record {
        let mut content = plaintext.to_vec();
        if self.rc4.is_some() || !self.encrypt_then_mac {
            content.extend(self.sign(content_type, plaintext));
        }
        if let Some(rc4) = &mut self.rc4 {
            rc4.apply(&mut content);
            return self.record(content_type, content);
        }
        let block = self.iv.len();
        let padding = block - content.len() % block + extra_blocks * block;
        let padding = if padding > 256 { padding - block } else { padding };
        content.resize(content.len() + padding, (padding - 1) as u8);
        self.encrypt(content_type, &content)
    }

    /// Seals with the padding that is already there, encrypt-then-MAC only.
    pub(super) fn seal_padded(&mut self, content_type: ContentType, padded: &[u8]) -> Record {
        assert!(self.encrypt_then_mac);
        self.encrypt(content_type, padded)
    }

    fn encrypt(&mut self, content_type: ContentType, padded: &[u8]) -> Record {
        let cipher = Cipher::fetch(None, self.cipher.expect("CBC"), None).expect("a cipher");
        let mut context = CipherCtx::new().expect("a context");
        context.encrypt_init(Some(&cipher), Some(&self.key), Some(&self.iv)).expect("keys");
        context.set_padding(false);
        let mut ciphertext = Vec::new();
        context.cipher_update_vec(padded, &mut ciphertext).expect("blocks");
        let last_block = ciphertext[ciphertext.len() - self.iv.len()..].to_vec();
        let mut fragment =
            if self.version == ProtocolVersion::Tls10 { Vec::new() } else { self.iv.clone() };
        fragment.extend(ciphertext);
        if self.encrypt_then_mac {
            fragment.extend(self.sign(content_type, &fragment));
        }
        self.iv = last_block;
        self.record(content_type, fragment)
    }

    fn sign(&self, content_type: ContentType, content: &[u8]) -> Vec<u8> {
        let [high, low] = (content.len() as u16).to_be_bytes();
        let [major, minor] = self.version.wire().to_be_bytes();
        let header = [wire(content_type), major, minor, high, low];
        Mac::new(self.hash, &self.mac)
            .and_then(|mac| mac.sign(&[&self.sequence.to_be_bytes(), &header, content]))
            .expect("a code")
    }

    fn record(&mut self, content_type: ContentType, fragment: Vec<u8>) -> Record {
        self.sequence += 1;
        Record { content_type, version: self.version.wire(), fragment }
    }
}

/// Seals `TLS_CHACHA20_POLY1305_SHA256`.
#[derive(Clone)]
pub(super) struct Twin13 {
    secret: Vec<u8>,
    header_is_authenticated: bool,
    sequence: u64,
}

impl Twin13 {
    pub(super) fn new(secret: &[u8], header_is_authenticated: bool) -> Self {
        Self { secret: secret.to_vec(), header_is_authenticated, sequence: 0 }
    }

    /// Seals what is inside: content, type, padding.
    pub(super) fn seal(&mut self, inner: &[u8]) -> Record {
        let expand = |label, length| {
            expand_label(Hash::Sha256, &self.secret, label, length).expect("output")
        };
        let iv: [u8; 12] = expand("iv", 12).try_into().expect("12 bytes");
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &expand("key", 32));
        let nonce = aead::Nonce::assume_unique_for_key(xor(iv, self.sequence));
        let [high, low] = ((inner.len() + 16) as u16).to_be_bytes();
        let header = [23, 3, 3, high, low];
        let aad = if self.header_is_authenticated { &header[..] } else { &[] };
        let mut fragment = inner.to_vec();
        aead::LessSafeKey::new(key.expect("a key"))
            .seal_in_place_append_tag(nonce, aead::Aad::from(aad), &mut fragment)
            .expect("sealed");
        self.sequence += 1;
        Record { content_type: ContentType::ApplicationData, version: 0x0303, fragment }
    }
}
