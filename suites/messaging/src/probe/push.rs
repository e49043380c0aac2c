//! A push gateway on loopback: it takes what the apps' server would hand to a phone's maker.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hallmark_wire::Acceptor;

/// Connections at a time.
const AT_MOST: usize = 16;
/// Longest head of a request, and longest body, in bytes.
const MOST_HEAD: u64 = 16 * 1024;
const MOST_BODY: u64 = 256 * 1024;
/// Notifications that are kept.
const MOST: usize = 500;
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes notifications until it is dropped.
pub(super) struct Gateway {
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    acceptor: Acceptor,
}

impl Gateway {
    pub(super) fn open() -> io::Result<Self> {
        let taken = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let acceptor = Acceptor::start(anywhere, AT_MOST, {
            let taken = Arc::clone(&taken);
            move |client| {
                // What is no request is no notification.
                let _ = take(client.stream(), &taken);
            }
        })?;
        Ok(Self { taken, acceptor })
    }

    /// `http://127.0.0.1:PORT`; what a protocol puts behind it makes no difference.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.acceptor.address())
    }

    /// The bodies of all notifications so far.
    pub(super) fn taken(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        lock(&self.taken)
    }
}

fn lock(taken: &Mutex<Vec<Vec<u8>>>) -> MutexGuard<'_, Vec<Vec<u8>>> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request of HTTP/1.1 (RFC 9112) with a length; it is kept, and answered as the gateways of protocols do.
fn take(mut stream: &TcpStream, taken: &Mutex<Vec<Vec<u8>>>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let body = read(&mut BufReader::new(stream))?;
    let mut taken = lock(taken);
    if taken.len() < MOST {
        taken.push(body);
    }
    drop(taken);
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
          Connection: close\r\n\r\n{}",
    )
}

/// The body of a request.
fn read(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut head = from.by_ref().take(MOST_HEAD);
    let (mut line, mut length) = (String::new(), None);
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(invalid("the head has no end"));
        }
        let field = line.trim_end();
        if field.is_empty() {
            break;
        }
        if let Some((name, value)) = field.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok();
        }
    }
    let length = length.filter(|length| *length <= MOST_BODY);
    let length = length.ok_or_else(|| invalid("the body has no length, or too much of it"))?;
    let mut body = Vec::new();
    from.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn post(body: &[u8]) -> Vec<u8> {
        let head = "POST /_matrix/push/v1/notify HTTP/1.1\r\nHost: x\r\ncontent-LENGTH: ";
        [head.as_bytes(), body.len().to_string().as_bytes(), b"\r\n\r\n", body].concat()
    }

    #[test]
    fn what_is_posted_is_taken() {
        let gateway = Gateway::open().unwrap();
        let mut stream = TcpStream::connect(gateway.acceptor.address()).unwrap();
        stream.write_all(&post(b"{\"notification\":{}}")).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert_eq!(*gateway.taken(), [b"{\"notification\":{}}"]);
    }

    #[test]
    fn what_is_too_long_or_cut_is_not() {
        assert!(read(&mut &b"POST / HTTP/1.1\r\n\r\n"[..]).is_err());
        assert!(read(&mut &b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n"[..]).is_err());
        assert!(read(&mut &b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab"[..]).is_err());
        let endless = vec![b'a'; MOST_HEAD as usize + 1];
        assert!(read(&mut &endless[..]).is_err());
    }

    proptest! {
        #[test]
        fn every_body_is_read_back(body in vec(any::<u8>(), 0..2000)) {
            prop_assert_eq!(read(&mut &post(&body)[..]).unwrap(), body);
        }

        #[test]
        fn nothing_makes_it_panic(bytes in vec(any::<u8>(), 0..300)) {
            let _ = read(&mut &bytes[..]);
        }
    }
}
