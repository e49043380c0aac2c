//! One connection over TLS, from handshake to end.

use std::{io, time::Duration};

use hallmark_wire::Accepted;
use openssl::ssl::{Ssl, SslContextRef, SslStream};

use super::{shop::Shop, timed::Timed};
use crate::frame::{self, Head, Request};

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a connection may last after it.
const LIFE: Duration = Duration::from_secs(30);

/// Serves a client until it goes, or until its time is over. Whatever is wrong ends the
/// connection: nobody is told more than the alert says.
pub(super) fn tls(client: &Accepted, context: &SslContextRef, shop: &Shop) {
    let _ = serve(client, context, shop);
}

fn serve(client: &Accepted, context: &SslContextRef, shop: &Shop) -> io::Result<()> {
    client.stream().set_nodelay(true)?;
    let timed = Timed::new(client.stream(), HANDSHAKE);
    let mut stream = SslStream::new(Ssl::new(context)?, timed)?;
    stream.accept().map_err(io::Error::other)?;
    stream.get_mut().live(LIFE);
    while let Some((head, body)) = frame::read::<Request>(&mut stream)? {
        let (say, body) = shop.answer(&head.routing, head.say, &body);
        frame::write(&mut stream, &Head { routing: head.routing, say }, &body)?;
    }
    let _ = stream.shutdown();
    Ok(())
}
