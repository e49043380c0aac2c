//! Servers for the line to talk to: one that behaves, and any that do not.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use hallmark_wire::{Acceptor, Budget, Line, Patience, StartTls, Target};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslStream},
    x509::{X509, X509NameBuilder},
};

/// A server on a port of its own, and what it saw.
pub(crate) struct Server {
    acceptor: Acceptor,
    seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    accepted: AtomicU32,
    now: AtomicU32,
    most: AtomicU32,
}

/// One connection; `number` counts from 0.
pub(crate) struct Client<'a> {
    pub(crate) stream: &'a TcpStream,
    pub(crate) number: u32,
    seen: &'a Seen,
    has_left: Cell<bool>,
}

impl Client<'_> {
    /// Reads what the client says first.
    pub(crate) fn hello(&self) -> Vec<u8> {
        let mut bytes = vec![0; 16 * 1024];
        let length = { self.stream }.read(&mut bytes).unwrap_or(0);
        bytes.truncate(length);
        bytes
    }

    /// Reads up to a text.
    pub(crate) fn until(&self, text: &str) -> String {
        let mut said = Vec::new();
        let mut byte = [0];
        while !said.ends_with(text.as_bytes()) && matches!({ self.stream }.read(&mut byte), Ok(1)) {
            said.push(byte[0]);
        }
        String::from_utf8(said).unwrap()
    }

    /// Says something. A client that is gone does not hear it.
    pub(crate) fn say(&self, bytes: impl AsRef<[u8]>) -> bool {
        { self.stream }.write_all(bytes.as_ref()).is_ok()
    }

    /// Waits until the client is gone.
    pub(crate) fn wait(&self) {
        let _ = io::copy(&mut { self.stream }, &mut io::sink());
    }

    /// Counts as over from now on: before the last word, so that the next cannot come too early.
    pub(crate) fn leave(&self) {
        if !self.has_left.replace(true) {
            self.seen.now.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// How many connections there are at this moment, this one included.
    pub(crate) fn now(&self) -> u32 {
        self.seen.now.load(Ordering::SeqCst)
    }
}

impl Server {
    /// Behaves like this, towards each connection.
    pub(crate) fn start(behave: impl Fn(&Client<'_>) + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Seen::default());
        let counted = Arc::clone(&seen);
        let acceptor = Acceptor::start((Ipv4Addr::LOCALHOST, 0).into(), 64, move |accepted| {
            let number = counted.accepted.fetch_add(1, Ordering::SeqCst);
            let now = counted.now.fetch_add(1, Ordering::SeqCst) + 1;
            counted.most.fetch_max(now, Ordering::SeqCst);
            let has_left = Cell::new(false);
            let client = Client { stream: accepted.stream(), number, seen: &counted, has_left };
            behave(&client);
            client.leave();
        })
        .unwrap();
        Self { acceptor, seen }
    }

    /// Behaves like this, but towards the n-th connection it is an ordinary server of TLS.
    pub(crate) fn with_good_one(
        good: impl Fn(u32) -> bool + Send + Sync + 'static,
        behave: impl Fn(&Client<'_>) + Send + Sync + 'static,
    ) -> Self {
        let context = context(|_| ());
        Self::start(move |client| {
            if good(client.number) { accept(&context, client.stream) } else { behave(client) }
        })
    }

    /// An ordinary server of TLS.
    pub(crate) fn tls(adapt: impl Fn(&mut SslContextBuilder)) -> Self {
        let context = context(adapt);
        Self::start(move |client| accept(&context, client.stream))
    }

    pub(crate) fn target(&self) -> Target {
        target(self.acceptor.address().port())
    }

    /// A line that loses its patience soon.
    pub(crate) fn line(&self) -> Line {
        Line::with_patience(self.target(), Budget::default(), SOON)
    }

    /// The same, after STARTTLS.
    pub(crate) fn xmpp_line(&self) -> Line {
        let target = Target { starttls: Some(StartTls::Xmpp), ..self.target() };
        Line::with_patience(target, Budget::default(), SOON)
    }

    /// How many connections were accepted, once all are over.
    pub(crate) fn accepted(&self) -> u32 {
        assert_eq!(self.acceptor.settle(Duration::from_secs(5)), 0, "connections are left open");
        self.seen.accepted.load(Ordering::SeqCst)
    }

    /// How many there were at the same time.
    pub(crate) fn most(&self) -> u32 {
        self.seen.most.load(Ordering::SeqCst)
    }
}

fn target(port: u16) -> Target {
    let host = Ipv4Addr::LOCALHOST.to_string();
    Target { host, port, server_name: Some("chat.example".to_owned()), starttls: None }
}

pub(crate) const SOON: Patience = Patience {
    first: Duration::from_millis(700),
    least: Duration::from_millis(150),
    alone: Duration::from_millis(300),
    silences: 3,
    pause: Duration::from_millis(20),
    settle: Duration::from_millis(5),
};

/// An ordinary server's side of a handshake; then it hears what the client has to say.
pub(crate) fn accept(context: &SslContext, stream: &TcpStream) {
    let Ok(stream) = stream.try_clone() else { return };
    let mut stream = SslStream::new(Ssl::new(context).unwrap(), stream).unwrap();
    if stream.accept().is_ok() {
        let _ = io::copy(&mut stream, &mut io::sink());
    }
}

/// TLS 1.0 to 1.3 with everything that stock OpenSSL has, and a certificate on P-256.
pub(crate) fn context(adapt: impl Fn(&mut SslContextBuilder)) -> SslContext {
    let (key, certificate) = identity();
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    context.set_security_level(0);
    context.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    context.set_private_key(&key).unwrap();
    context.set_certificate(&certificate).unwrap();
    adapt(&mut context);
    context.build()
}

/// A key and a certificate for it, valid for a day.
pub(crate) fn identity() -> (PKey<Private>, X509) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "chat.example").unwrap();
    let name = name.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate
        .set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap())
        .unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    (key, certificate.build())
}

/// A server that resets its first connection – closes it with something unread, nothing shut down
/// before – and treats the second well.
pub(crate) fn resetting() -> Target {
    let context = context(|_| ());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (first, _) = listener.accept().unwrap();
        first.peek(&mut [0]).unwrap();
        drop(first);
        let (second, _) = listener.accept().unwrap();
        accept(&context, &second);
    });
    target(port)
}

pub(crate) fn sleep(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}
