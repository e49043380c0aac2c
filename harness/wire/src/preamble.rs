//! What is said before TLS: STARTTLS of XMPP (RFC 6120, section 5).

use std::time::Duration;

use hallmark_model::text;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    Refusal,
    xml::{self, Piece},
};

/// Most bytes that a server may say before TLS.
const LARGEST: usize = 64 * 1024;

/// How long the rest of a stream error may take: it is not worth losing the error for.
const WORDS: Duration = Duration::from_millis(250);

/// Opens a stream to `domain` and asks for TLS. On success the next byte of the server is one of
/// TLS, or a lie.
pub(crate) async fn xmpp(socket: &mut TcpStream, domain: &str) -> Result<(), Refusal> {
    let mut stream = Stream { socket, received: Vec::new(), read: 0 };
    stream
        .say(&format!(
            "<?xml version='1.0'?><stream:stream to='{}' version='1.0' xml:lang='en' \
             xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
            xml::escape(domain)
        ))
        .await;
    stream.features().await?;
    stream.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
    stream.proceed().await
}

struct Stream<'a> {
    socket: &'a mut TcpStream,
    received: Vec<u8>,
    /// How much of it was read.
    read: usize,
}

impl Stream<'_> {
    /// A server that is gone may still have said why: reading tells.
    async fn say(&mut self, words: &str) {
        let _ = self.socket.write_all(words.as_bytes()).await;
    }

    /// Reads up to the end of the stream's features; `<starttls/>` must be among them.
    async fn features(&mut self) -> Result<(), Refusal> {
        self.header().await?;
        let mut is_inside = false;
        let mut is_offered = false;
        loop {
            match self.piece("its stream features").await? {
                Piece::Open(name) if name == "features" => is_inside = true,
                Piece::Open(name) | Piece::Empty(name) if name == "starttls" => {
                    is_offered |= is_inside;
                }
                Piece::Close(name) | Piece::Empty(name) if name == "features" => break,
                Piece::Open(name) | Piece::Empty(name) if name == "error" => {
                    return Err(self.stream_error().await);
                }
                Piece::Close(name) if name == "stream" => {
                    return Err(no("the server ended the stream before its features"));
                }
                _ => {}
            }
        }
        if is_offered { Ok(()) } else { Err(no("it is not among the server's stream features")) }
    }

    /// Reads up to the tag that opens the stream.
    async fn header(&mut self) -> Result<(), Refusal> {
        loop {
            match self.piece("its stream header").await? {
                Piece::Open(name) if name == "stream" => return Ok(()),
                Piece::Other => {}
                Piece::Text(text) if text.trim().is_empty() => {}
                _ => {
                    let shown = text::one_line(&self.received.escape_ascii().to_string());
                    return Err(no(&format!("the server answered with no XMPP stream: {shown}")));
                }
            }
        }
    }

    async fn proceed(&mut self) -> Result<(), Refusal> {
        loop {
            match self.piece("<proceed/>").await? {
                Piece::Empty(name) if name == "proceed" => break,
                Piece::Close(name) if name == "proceed" => break,
                Piece::Open(name) | Piece::Empty(name) if name == "failure" => {
                    return Err(no("the server answered <starttls/> with <failure/>"));
                }
                Piece::Open(name) | Piece::Empty(name) if name == "error" => {
                    return Err(self.stream_error().await);
                }
                Piece::Close(name) if name == "stream" => {
                    return Err(no("the server ended the stream instead of <proceed/>"));
                }
                _ => {}
            }
        }
        // Nobody may speak in clear from here on. What is already there was written before our
        // hello, and must not be taken for an answer to it.
        let rest = self.received.get(self.read..).unwrap_or_default();
        if rest.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let shown = text::one_line(&rest.escape_ascii().to_string());
        Err(no(&format!(
            "the server sent {} bytes between <proceed/> and TLS: {shown}",
            rest.len()
        )))
    }

    /// After `<stream:error>`: its condition and its words, as far as they come.
    async fn stream_error(&mut self) -> Refusal {
        let mut condition = None;
        let mut words = String::new();
        while let Ok(Ok(piece)) = timeout(WORDS, self.piece("the end of its stream error")).await {
            match piece {
                Piece::Open(name) | Piece::Empty(name) => {
                    condition.get_or_insert(name);
                }
                Piece::Text(text) => words.push_str(&text),
                Piece::Close(name) if name == "error" || name == "stream" => break,
                Piece::Close(_) | Piece::Other => {}
            }
        }
        let mut said =
            format!("stream error {}", condition.as_deref().unwrap_or("without a condition"));
        if !words.trim().is_empty() {
            said = format!("{said}: {}", words.trim());
        }
        no(&text::one_line(&said))
    }

    /// The next piece of the stream, on the way to what is wanted.
    async fn piece(&mut self, wanted: &str) -> Result<Piece, Refusal> {
        loop {
            let unread = self.received.get(self.read..).unwrap_or_default();
            let next = xml::next(unread).map_err(|why| no(&format!("the server sent {why}")))?;
            if let Some((piece, length)) = next {
                self.read = self.read.saturating_add(length);
                return Ok(piece);
            }
            if self.received.len() >= LARGEST {
                return Err(no(&format!("more than {LARGEST} bytes before {wanted}")));
            }
            let mut bytes = [0; 4096];
            match self.socket.read(&mut bytes).await {
                Ok(0) => return Err(no(&format!("the server closed before {wanted}"))),
                Ok(length) => {
                    self.received.extend_from_slice(bytes.get(..length).unwrap_or_default());
                }
                Err(_) => {
                    return Err(no(&format!("the server reset the connection before {wanted}")));
                }
            }
        }
    }
}

fn no(why: &str) -> Refusal {
    Refusal::NoStartTls(why.to_owned())
}
