//! The keys of one direction.

use hallmark_tls::{
    KeyLog, Opener, ProtocolVersion, Record,
    keylog::Label,
    opener::{OpenError, Opened, Session12},
};

use super::hello::{ClientFacts, ServerFacts};
use crate::Side;

/// Keys in the order in which they are used. Those that no longer open records are left behind.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    openers: Vec<Opener>,
    current: usize,
}

impl Keyring {
    pub(super) fn is_empty(&self) -> bool {
        self.openers.is_empty()
    }

    /// For early data; its suite shows only later, so every offer that fits is tried.
    pub(super) fn early(client: &ClientFacts, keys: &KeyLog) -> Self {
        let secret = client
            .random
            .as_ref()
            .and_then(|random| keys.secret(Label::ClientEarlyTrafficSecret, random));
        let openers = match (secret, client.highest_tls13) {
            (Some(secret), Some(version)) => client
                .suites
                .iter()
                .filter(|suite| suite.is_tls13())
                .take(8)
                .filter_map(|suite| Opener::tls13_draft(*suite, secret, version).ok())
                .collect(),
            _ => Vec::new(),
        };
        Self { openers, current: 0 }
    }

    /// For the handshake and what follows it.
    pub(super) fn tls13(
        client: &ClientFacts,
        server: &ServerFacts,
        side: Side,
        keys: &KeyLog,
    ) -> Result<Self, OpenError> {
        let labels = match side {
            Side::Client => [Label::ClientHandshakeTrafficSecret, Label::ClientTrafficSecret0],
            Side::Server => [Label::ServerHandshakeTrafficSecret, Label::ServerTrafficSecret0],
        };
        let mut openers = Vec::new();
        if let Some(random) = &client.random {
            for secret in labels.into_iter().filter_map(|label| keys.secret(label, random)) {
                openers.push(Opener::tls13_draft(server.suite, secret, server.version)?);
            }
        }
        Ok(Self { openers, current: 0 })
    }

    /// From `ChangeCipherSpec` on.
    pub(super) fn tls12(
        client: &ClientFacts,
        server: &ServerFacts,
        side: Side,
        keys: &KeyLog,
    ) -> Result<Self, OpenError> {
        let Some(client_random) = &client.random else { return Ok(Self::default()) };
        let Some(master_secret) = keys.secret(Label::ClientRandom, client_random) else {
            return Ok(Self::default());
        };
        let Some(version) = ProtocolVersion::from_wire(server.version) else {
            return Err(OpenError::Unsupported(format!("version 0x{:04x}", server.version)));
        };
        let session = Session12 {
            version,
            suite: server.suite,
            master_secret,
            client_random,
            server_random: &server.random,
            encrypt_then_mac: server.encrypt_then_mac,
        };
        Ok(Self { openers: vec![Opener::tls12(&session, side)?], current: 0 })
    }

    pub(super) fn extend(&mut self, later: Self) {
        self.openers.extend(later.openers);
    }

    /// Opens a record with the keys in use, or with later ones.
    pub(super) fn open(&mut self, record: &Record) -> Option<Opened> {
        let candidates = self.openers.iter_mut().enumerate().skip(self.current);
        for (index, opener) in candidates {
            if let Ok(opened) = opener.open(record) {
                self.current = index;
                return Some(opened);
            }
        }
        None
    }

    /// `KeyUpdate` of this direction.
    pub(super) fn update(&mut self) {
        if let Some(opener) = self.openers.get_mut(self.current) {
            // Only TLS 1.3 has this message; the caller has seen to that.
            let _ = opener.update();
        }
    }
}
