//! An ordinary handshake, for what is visible only after one.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    time::Duration,
};

use hallmark_model::text;
use hallmark_tls::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, messages::KeyExchangeParameters,
};
use openssl::{
    error::ErrorStack,
    ssl::{
        self, ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslRef, SslStream, SslVerifyMode,
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    Flight, Refusal,
    flight::{LARGEST, Reader},
    line::Question,
};

/// `SSL_OP_LEGACY_SERVER_CONNECT`: talk also to servers without RFC 5746.
const LEGACY_SERVER_CONNECT: u64 = 0x4;

/// Everything that proves a certificate, however weak.
const CIPHER_SUITES: &str = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";

/// What a completed handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshaken {
    /// The version that was agreed.
    pub version: ProtocolVersion,
    /// The cipher suite that was agreed.
    pub cipher_suite: CipherSuite,
    /// The group of the key exchange; nothing for static keys and for primes of the server's own.
    pub group: Option<NamedGroup>,
    /// The protocol that the server chose by ALPN.
    pub alpn: Option<String>,
    /// DER of each certificate, in the order sent.
    pub certificates: Vec<Vec<u8>>,
    /// What the server said at once after a handshake of TLS 1.3, where it was a refusal: only then
    /// can it refuse a client that has no certificate.
    pub afterwards: Option<Refusal>,
}

/// What to shake hands with.
pub(crate) struct Handshake<'a> {
    pub(crate) server_name: Option<&'a str>,
    pub(crate) alpn: &'a [&'a str],
}

impl Question for Handshake<'_> {
    type Answer = Handshaken;

    async fn put(&self, socket: TcpStream, limit: Duration) -> Result<Handshaken, Refusal> {
        let deadline = Instant::now() + limit;
        let own = |error: ErrorStack| Refusal::Unreachable(format!("OpenSSL: {}", words(&error)));
        let ssl = self.client().map_err(own)?;
        let stream = SslStream::new(ssl, Pipe::default()).map_err(own)?;
        let mut wire =
            Wire { socket, reader: Some(Reader::of_answer_to(&[])), flight: None, taken: 0 };
        let Ok(shaken) = timeout_at(deadline, wire.connect(stream)).await else {
            return Err(Refusal::Timeout);
        };
        let mut stream = shaken?;
        let mut handshaken = describe(stream.ssl(), wire.flight.as_ref())?;
        if handshaken.version == ProtocolVersion::Tls13 {
            handshaken.afterwards = wire.afterwards(&mut stream, limit / 4).await;
        }
        Ok(handshaken)
    }
}

impl Handshake<'_> {
    fn client(&self) -> Result<Ssl, ErrorStack> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_security_level(0);
        context.set_min_proto_version(None)?;
        context.set_max_proto_version(None)?;
        context.set_cipher_list(CIPHER_SUITES)?;
        context.set_verify(SslVerifyMode::NONE);
        context.set_options(SslOptions::from_bits_retain(LEGACY_SERVER_CONNECT));
        let mut protocols = Vec::new();
        for protocol in self.alpn {
            let length = u8::try_from(protocol.len()).map_err(|_| ErrorStack::get())?;
            protocols.push(length);
            protocols.extend_from_slice(protocol.as_bytes());
        }
        if !protocols.is_empty() {
            context.set_alpn_protos(&protocols)?;
        }
        let mut ssl = Ssl::new(&context.build())?;
        if let Some(name) = self.server_name {
            ssl.set_hostname(name)?;
        }
        Ok(ssl)
    }
}

/// The connection, and what can be read of it in clear.
struct Wire {
    socket: TcpStream,
    /// Until the first flight is complete, or cannot be read.
    reader: Option<Reader>,
    flight: Option<Flight>,
    taken: usize,
}

impl Wire {
    async fn connect(&mut self, mut stream: SslStream<Pipe>) -> Result<SslStream<Pipe>, Refusal> {
        loop {
            let step = stream.connect();
            let written = self.write(stream.get_mut()).await;
            match step {
                Ok(()) => return Ok(stream),
                Err(error) if error.code() == ErrorCode::WANT_READ => {
                    if self.read(stream.get_mut()).await? == 0 {
                        return Err(if written.is_ok() { Refusal::Closed } else { Refusal::Reset });
                    }
                }
                Err(error) => return Err(refusal(&error)),
            }
        }
    }

    /// Waits a moment for what a server says to a finished handshake. A ticket or silence is
    /// content.
    async fn afterwards(
        &mut self,
        stream: &mut SslStream<Pipe>,
        wait: Duration,
    ) -> Option<Refusal> {
        match timeout(wait, self.read(stream.get_mut())).await {
            Err(_) => None,
            Ok(Err(refusal)) => Some(refusal),
            Ok(Ok(0)) => Some(Refusal::Closed),
            Ok(Ok(_)) => match stream.ssl_read(&mut [0; 1024]) {
                Ok(_) => None,
                Err(error) if error.code() == ErrorCode::WANT_READ => None,
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => Some(Refusal::Closed),
                Err(error) => Some(refusal(&error)),
            },
        }
    }

    async fn write(&mut self, pipe: &mut Pipe) -> io::Result<()> {
        let bytes = std::mem::take(&mut pipe.outgoing);
        self.socket.write_all(&bytes).await
    }

    async fn read(&mut self, pipe: &mut Pipe) -> Result<usize, Refusal> {
        let mut buffer = vec![0; 16 * 1024];
        let length = self.socket.read(&mut buffer).await.map_err(|_| Refusal::Reset)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        self.taken = self.taken.saturating_add(length);
        if self.taken > LARGEST {
            return Err(Refusal::Malformed(format!("more than {LARGEST} bytes in the handshake")));
        }
        if let Some(reader) = &mut self.reader {
            match reader.push(bytes) {
                Ok(None) => {}
                Ok(Some(flight)) => {
                    self.flight = Some(flight);
                    self.reader = None;
                }
                Err(refusal @ Refusal::NotTls(_)) => return Err(refusal),
                Err(_) => self.reader = None, // OpenSSL says it better
            }
        }
        pipe.incoming.extend(bytes);
        Ok(length)
    }
}

fn describe(ssl: &SslRef, flight: Option<&Flight>) -> Result<Handshaken, Refusal> {
    let unnamed = |what: &str| Refusal::Malformed(format!("OpenSSL names no {what}"));
    // `SslVersion` hides its number; a name of ours is a name of OpenSSL's.
    let version = ProtocolVersion::ALL
        .into_iter()
        .find(|version| match *version {
            ProtocolVersion::Tls10 => ssl.version_str() == "TLSv1",
            version => ssl.version_str() == version.name(),
        })
        .ok_or_else(|| unnamed("version"))?;
    let suite = ssl.current_cipher().ok_or_else(|| unnamed("cipher suite"))?;
    let hello = flight.and_then(Flight::server_hello);
    let exchange = flight.and_then(|flight| flight.key_exchange.as_ref());
    let group = match exchange.map(|exchange| &exchange.parameters) {
        Some(KeyExchangeParameters::Ecdhe { group, .. }) => Some(*group),
        Some(KeyExchangeParameters::Dhe { .. }) => None,
        None => hello.and_then(|hello| hello.key_share_group()),
    };
    let chain = ssl.peer_cert_chain().into_iter().flatten();
    let certificates = chain.map(|certificate| certificate.to_der()).collect::<Result<_, _>>();
    Ok(Handshaken {
        version,
        cipher_suite: CipherSuite(u16::from_be_bytes(suite.protocol_id())),
        group,
        alpn: ssl
            .selected_alpn_protocol()
            .map(|name| text::one_line(&String::from_utf8_lossy(name))),
        certificates: certificates
            .map_err(|error| Refusal::Malformed(format!("certificates: {}", words(&error))))?,
        afterwards: None,
    })
}

/// Why OpenSSL gave up: the alert that it received, or its own reason.
fn refusal(error: &ssl::Error) -> Refusal {
    /// `SSL_AD_REASON_OFFSET`: reasons from here on are alerts of the peer.
    const ALERTS: i32 = 1000;
    let Some(stack) = error.ssl_error() else {
        return match error.code() {
            ErrorCode::ZERO_RETURN => Refusal::Closed,
            _ => Refusal::Malformed(format!("OpenSSL: {error}")),
        };
    };
    let alert = stack.errors().iter().find_map(|error| {
        u8::try_from(error.reason_code().checked_sub(ALERTS)?).ok().map(AlertDescription)
    });
    match alert {
        Some(alert) => Refusal::Alert(alert),
        None => Refusal::Malformed(format!("OpenSSL: {}", words(stack))),
    }
}

fn words(stack: &ErrorStack) -> String {
    let reasons: Vec<_> = stack.errors().iter().filter_map(|error| error.reason()).collect();
    if reasons.is_empty() { "it gives no reason".to_owned() } else { reasons.join(", ") }
}

/// Bytes between OpenSSL and a socket that only an asynchronous runtime may wait for.
#[derive(Debug, Default)]
struct Pipe {
    incoming: VecDeque<u8>,
    outgoing: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.incoming.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.incoming.read(buffer)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
