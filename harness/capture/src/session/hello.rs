//! What hellos and the messages after them say.

use hallmark_tls::{
    CipherSuite, ClientHello, ExtensionType, HandshakeMessage,
    fingerprint::{ja3, ja4},
    messages::{self, KeyExchangeParameters, ServerHello, ServerKeyExchange},
};

use super::{Ears, Session, keyring::Keyring};
use crate::Side;

/// What of a client hello is needed later.
#[derive(Debug, Default)]
pub(super) struct ClientFacts {
    /// Nothing where the hello had the form of SSLv2.
    pub(super) random: Option<[u8; 32]>,
    pub(super) suites: Vec<CipherSuite>,
    /// The highest version of TLS 1.3 on offer, drafts included.
    pub(super) highest_tls13: Option<u16>,
    alpn: Option<String>,
}

/// What of a server hello is needed later.
#[derive(Debug)]
pub(super) struct ServerFacts {
    pub(super) random: [u8; 32],
    pub(super) suite: CipherSuite,
    pub(super) version: u16,
    pub(super) is_tls13: bool,
    pub(super) encrypt_then_mac: bool,
    is_retry: bool,
}

impl ClientFacts {
    fn of(hello: &ClientHello) -> Self {
        let offers = hello.supported_versions();
        let final_version = offers.iter().find(|version| **version == 0x0304);
        let draft = || offers.iter().filter(|version| is_tls13(**version)).max();
        Self {
            random: Some(hello.random),
            suites: hello.cipher_suites.clone(),
            highest_tls13: final_version.or_else(draft).copied(),
            alpn: hello.alpn().into_iter().next(),
        }
    }
}

impl ServerFacts {
    fn of(hello: &ServerHello) -> Self {
        let version = hello.negotiated();
        Self {
            random: hello.random,
            suite: hello.cipher_suite,
            version,
            is_tls13: is_tls13(version) || hello.cipher_suite.is_tls13(),
            encrypt_then_mac: hello.extension(ExtensionType(22)).is_some(),
            is_retry: hello.is_hello_retry_request(),
        }
    }
}

impl Session {
    pub(super) fn client_hello(&mut self, body: &[u8], ears: &mut Ears<'_>) {
        let hello = match ClientHello::parse(body) {
            Ok(hello) => hello,
            Err(error) => {
                self.problems.add(format!("client hello: {error}"));
                return;
            }
        };
        self.handshake.client_hello = true;
        if self.client.is_some() {
            // The answer to a retry request repeats the first in all that counts here.
            return;
        }
        let client = ClientFacts::of(&hello);
        self.handshake.sni = hello.server_name();
        self.handshake.ja3 = Some(ja3(&hello));
        self.handshake.ja4 = Some(ja4(&hello));
        if hello.has_encrypted_client_hello() {
            self.problems
                .add("a second client hello is encrypted in the first, or pretended to be");
        }
        if hello.extension(ExtensionType(42)).is_some() {
            self.direction(Side::Client).keyring = Keyring::early(&client, ears.keys);
        }
        self.client = Some(client);
        // Recorders swap packets: the answer may have come before.
        self.install_tls13(ears);
    }

    /// A hello inside a session of TLS 1.2 or earlier.
    pub(super) fn hello_again(&mut self, side: Side, message: &HandshakeMessage) {
        let (client, server) = &mut self.renegotiated;
        match side {
            Side::Client => {
                *client = ClientHello::parse(&message.body).ok().as_ref().map(ClientFacts::of)
            }
            Side::Server => {
                *server = ServerHello::parse(&message.body).ok().as_ref().map(ServerFacts::of)
            }
        }
    }

    pub(super) fn server_hello(&mut self, body: &[u8], ears: &mut Ears<'_>) {
        let hello = match ServerHello::parse(body) {
            Ok(hello) => hello,
            Err(error) => {
                self.problems.add(format!("server hello: {error}"));
                return;
            }
        };
        if self.server.as_ref().is_some_and(|server| !server.is_retry) {
            self.problems.add("a second server hello in clear, left aside");
            return;
        }
        let server = ServerFacts::of(&hello);
        let handshake = &mut self.handshake;
        handshake.hello_retry_request |= server.is_retry;
        handshake.version = Some(server.version);
        handshake.cipher_suite = Some(server.suite);
        handshake.group = hello.key_share_group();
        handshake.alpn = hello.alpn();
        if server.is_tls13 && !server.is_retry {
            handshake.resumed = Some(hello.has_pre_shared_key());
        }
        self.server = Some(server);
        self.install_tls13(ears);
    }

    /// What TLS 1.3 takes from both hellos.
    fn install_tls13(&mut self, ears: &Ears<'_>) {
        let (Some(client), Some(server)) = (&self.client, &self.server) else { return };
        if !server.is_tls13 {
            return;
        }
        // Until the true answer is opened, the first offer stands for it.
        self.handshake.alpn.clone_from(&client.alpn);
        if server.is_retry {
            return;
        }
        for (side, direction) in [Side::Client, Side::Server].into_iter().zip(&mut self.sides) {
            match Keyring::tls13(client, server, side, ears.keys) {
                Ok(keyring) => direction.keyring.extend(keyring),
                Err(error) => self.problems.add(error.to_string()),
            }
        }
    }

    pub(super) fn certificate(&mut self, body: &[u8]) {
        self.whole_handshake();
        match messages::certificates(body, self.protocol_version()) {
            Ok(certificates) => self.handshake.certificates = certificates,
            Err(error) => self.problems.add(format!("certificates of the server: {error}")),
        }
    }

    pub(super) fn server_key_exchange(&mut self, body: &[u8]) {
        let Some(suite) = self.server.as_ref().map(|server| server.suite) else { return };
        let version = self.protocol_version();
        if let Ok(exchange) = ServerKeyExchange::parse(body, suite, version)
            && let KeyExchangeParameters::Ecdhe { group, .. } = exchange.parameters
        {
            self.handshake.group = Some(group);
        }
    }

    /// A certificate, or the end of the first flight: no earlier session is resumed.
    pub(super) fn whole_handshake(&mut self) {
        self.full_handshake = true;
        if self.server.as_ref().is_some_and(|server| !server.is_tls13) {
            self.handshake.resumed.get_or_insert(false);
        }
    }
}

/// TLS 1.3, its drafts, and the experiments of large operators before it.
pub(super) fn is_tls13(version: u16) -> bool {
    matches!(version, 0x0304 | 0x7f00..=0x7fff | 0x7e00..=0x7eff | 0xfb00..=0xfbff)
}
