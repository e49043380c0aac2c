//! The app's side of a connection.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use openssl::{
    pkey::{PKey, Public},
    ssl::{Ssl, SslContext, SslStream},
};

use super::{SceneError, failed};
use crate::{
    faults::Faults,
    frame::{self, Answer, Head, Request},
    server::tls::{self, Listener},
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whom the apps of one scene talk to.
pub(super) struct Line {
    pub(super) main: Call,
    pub(super) media: Call,
    pub(super) notices: Option<SocketAddr>,
    /// Said with everything.
    pub(super) routing: String,
}

/// How to reach a listener that speaks TLS.
pub(super) struct Call {
    address: SocketAddr,
    context: SslContext,
    pinned: PKey<Public>,
}

/// A connection over TLS.
pub(super) struct Connection {
    stream: SslStream<TcpStream>,
    routing: String,
}

impl Call {
    pub(super) fn new(
        address: SocketAddr,
        listener: Listener,
        faults: Faults,
        pinned: &PKey<Public>,
        log: impl Fn(&str) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let context = tls::client(listener, faults, log)?;
        Ok(Self { address, context, pinned: pinned.clone() })
    }

    /// Connects. The app trusts one key and no authority, as many do: so it works, and is safe,
    /// whatever else is wrong with a certificate.
    pub(super) fn connect(&self, routing: &str) -> Result<Connection, SceneError> {
        self.handshake(routing).map_err(failed("connect to the server"))
    }

    fn handshake(&self, routing: &str) -> io::Result<Connection> {
        let mut ssl = Ssl::new(&self.context)?;
        ssl.set_hostname("localhost")?;
        let stream = ssl.connect(dial(self.address)?).map_err(io::Error::other)?;
        let shown = stream.ssl().peer_certificate().map(|leaf| leaf.public_key()).transpose()?;
        if !shown.is_some_and(|key| key.public_eq(&self.pinned)) {
            return Err(io::Error::other("the server's key is not the one that is pinned"));
        }
        Ok(Connection { stream, routing: routing.to_owned() })
    }
}

impl Connection {
    /// Asks the server; a refusal is an error.
    pub(super) fn ask(
        &mut self,
        doing: &'static str,
        say: Request,
        body: &[u8],
    ) -> Result<(Answer, Vec<u8>), SceneError> {
        let (answer, body) = self.exchange(say, body).map_err(failed(doing))?;
        match answer {
            Answer::Refused { .. } => Err(unexpected(doing, &answer)),
            answer => Ok((answer, body)),
        }
    }

    /// Asks for something that is answered with `done`.
    pub(super) fn tell(
        &mut self,
        doing: &'static str,
        say: Request,
        body: &[u8],
    ) -> Result<(), SceneError> {
        match self.ask(doing, say, body)? {
            (Answer::Done, _) => Ok(()),
            (other, _) => Err(unexpected(doing, &other)),
        }
    }

    fn exchange(&mut self, say: Request, body: &[u8]) -> io::Result<(Answer, Vec<u8>)> {
        let head = Head { routing: self.routing.clone(), say };
        frame::write(&mut self.stream, &head, body)?;
        let (head, body) =
            frame::read::<Answer>(&mut self.stream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok((head.say, body))
    }

    /// Ends the connection in good order.
    pub(super) fn end(mut self) {
        // Twice: to say so, and to hear that the server has seen it.
        let _ = self.stream.shutdown();
        let _ = self.stream.shutdown();
    }
}

/// Says one line over a connection without TLS, and hears one.
pub(super) fn notice(address: SocketAddr, line: &str) -> io::Result<String> {
    let stream = dial(address)?;
    (&stream).write_all(line.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut heard = String::new();
    BufReader::new(&stream).read_line(&mut heard)?;
    Ok(heard)
}

pub(super) fn unexpected(doing: &'static str, answer: &Answer) -> SceneError {
    SceneError::Answer { doing, answer: format!("{answer:?}") }
}

fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
