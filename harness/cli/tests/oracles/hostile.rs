//! Servers that mean no good, through the command line: the right reason, in bounded time and
//! memory, and never a verdict.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    process::free_port,
    scan::{Ours, Target, hallmark},
};

/// Longest that a scan of a server may take that never says anything useful.
const LONGEST: Duration = Duration::from_secs(60);

/// Most memory that it may take, in KiB: a few dozen times what a scan of an honest server needs.
const MOST: u64 = 128 * 1024;

/// A server in a thread that treats every connection alike.
struct Hostile {
    target: Target,
    stop: Arc<AtomicBool>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _ = TcpStream::connect(self.target.address);
    }
}

/// Whether the server is to end.
type Stop = dyn Fn() -> bool;

impl Hostile {
    fn new(name: &'static str, serve: fn(TcpStream, &Stop)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let stopped = stopped.clone();
                thread::spawn(move || serve(stream, &move || stopped.load(Ordering::Relaxed)));
            }
        });
        Self { target: Target { name, address, starttls_xmpp: false }, stop }
    }

    fn xmpp(mut self) -> Self {
        self.target.starttls_xmpp = true;
        self
    }

    /// Scans it: no version may be known, each for a reason that has one of these words.
    fn is_unknown_because(&self, words: &[&str]) -> Ours {
        let ours = hallmark(&self.target);
        println!(
            "{}: exit {}, {} connections, {:.1} s, {} KiB: {}",
            self.target.name,
            ours.code,
            ours.facts["connections"],
            ours.took.as_secs_f64(),
            ours.peak,
            ours.facts["versions"]
        );
        let versions = ours.facts["versions"].as_object().expect("versions");
        assert_eq!(versions.len(), 6);
        for (version, told) in versions {
            let reason = told["unknown"].as_str().unwrap_or_else(|| panic!("{version}: {told}"));
            assert!(words.iter().any(|word| reason.contains(word)), "{version}: {reason}");
        }
        for list in ["cipher_suites", "groups", "signature_schemes"] {
            let known = ours.facts[list].as_object().expect(list);
            assert!(known.values().all(|names| names.as_array().is_some_and(Vec::is_empty)));
        }
        let checks = ours.requirements.as_array().expect("requirements").iter();
        for check in checks.flat_map(|row| row["checks"].as_array().cloned().unwrap_or_default()) {
            let verdict = check["verdict"].as_str();
            assert!(!matches!(verdict, Some("pass" | "fail" | "error")), "{check:#}");
        }
        assert_eq!(ours.code, 3, "{}", ours.errors);
        assert!(ours.took < LONGEST, "{:?}", ours.took);
        assert!(ours.peak < MOST, "{} KiB", ours.peak);
        ours
    }
}

/// Reads what the client says until it goes away.
fn listen(mut stream: TcpStream, stop: &Stop) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let mut buffer = [0; 4096];
    while !stop() {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if is_timeout(&error) => {}
            Err(_) => return,
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Waits for the hello.
fn hello(stream: &mut TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.read(&mut [0; 4096]);
}

/// Says it again and again, until nobody takes it any more.
fn flood(mut stream: TcpStream, bytes: &[u8], stop: &Stop) {
    hello(&mut stream);
    let _ = stream.set_write_timeout(Some(Duration::from_secs(5)));
    let many = bytes.repeat(64 * 1024_usize.div_ceil(bytes.len()));
    while !stop() && stream.write_all(&many).is_ok() {}
}

#[test]
fn nothing_listens() {
    let address = (Ipv4Addr::LOCALHOST, free_port()).into();
    let ours = hallmark(&Target { name: "nothing", address, starttls_xmpp: false });
    assert_eq!(ours.code, 5, "{}", ours.errors);
    assert!(ours.took < Duration::from_secs(10), "{:?}", ours.took);
}

#[test]
fn silent() {
    Hostile::new("silent", listen).is_unknown_because(&["in time", "no answer", "timeout"]);
}

/// A hello that is announced, and comes at one byte in 50 ms.
#[test]
fn slow() {
    let dribble = |mut stream: TcpStream, stop: &Stop| {
        hello(&mut stream);
        let mut bytes = [22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3].into_iter().chain([7; 16_384]);
        while !stop() && bytes.next().is_some_and(|byte| stream.write_all(&[byte]).is_ok()) {
            thread::sleep(Duration::from_millis(50));
        }
    };
    Hostile::new("slow", dribble).is_unknown_because(&["in time", "no answer", "timeout"]);
}

#[test]
fn resets() {
    // Closing with bytes unread makes the kernel reset.
    let reset = |mut stream: TcpStream, _: &Stop| {
        let _ = stream.read_exact(&mut [0]);
    };
    Hostile::new("resets", reset).is_unknown_because(&["reset"]);
}

#[test]
fn closes() {
    let close = |mut stream: TcpStream, _: &Stop| hello(&mut stream);
    Hostile::new("closes", close).is_unknown_because(&["closed"]);
}

/// Every hello is refused: perhaps for the name, perhaps for a client certificate.
#[test]
fn refuses_everybody() {
    let refuse = |mut stream: TcpStream, stop: &Stop| {
        hello(&mut stream);
        let _ = stream.write_all(&[21, 3, 1, 0, 2, 2, 40]);
        listen(stream, stop);
    };
    Hostile::new("refuses", refuse).is_unknown_because(&["handshake_failure"]);
}

#[test]
fn speaks_http() {
    let answer = |mut stream: TcpStream, _: &Stop| {
        hello(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    };
    Hostile::new("HTTP", answer).is_unknown_because(&["not TLS"]);
}

#[test]
fn talks_first() {
    let greet = |mut stream: TcpStream, stop: &Stop| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
        listen(stream, stop);
    };
    Hostile::new("greets", greet).is_unknown_because(&["not TLS"]);
}

#[test]
fn answers_garbage() {
    let answer = |mut stream: TcpStream, stop: &Stop| {
        hello(&mut stream);
        let mut state = 0x2545_f491_u32;
        let garbage: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0] | 0x80
        })
        .take(4096)
        .collect();
        let _ = stream.write_all(&garbage);
        listen(stream, stop);
    };
    Hostile::new("garbage", answer).is_unknown_because(&["not TLS"]);
}

#[test]
fn answers_a_hello_that_cannot_be_read() {
    let answer = |mut stream: TcpStream, stop: &Stop| {
        hello(&mut stream);
        // A `ServerHello` whose session id is longer than the message.
        let _ = stream.write_all(&[22, 3, 3, 0, 8, 2, 0, 0, 4, 3, 3, 0xff, 0xff]);
        listen(stream, stop);
    };
    Hostile::new("unreadable hello", answer).is_unknown_because(&["read", "malformed", "at byte"]);
}

#[test]
fn floods_with_bytes() {
    Hostile::new("flood of bytes", |stream, stop| flood(stream, b"A", stop))
        .is_unknown_because(&["not TLS"]);
}

#[test]
fn floods_with_a_message_of_16_mib() {
    // Records of one handshake message whose end never comes.
    let serve = |stream: TcpStream, stop: &Stop| {
        let mut record = vec![22, 3, 3, 0x40, 0];
        record.extend([2, 0xff, 0xff, 0xff].repeat(4096));
        flood(stream, &record, stop);
    };
    Hostile::new("flood of handshake", serve).is_unknown_because(&["too long", "read", "more"]);
}

#[test]
fn floods_with_warnings() {
    Hostile::new("flood of warnings", |stream, stop| flood(stream, &[21, 3, 3, 0, 2, 1, 90], stop))
        .is_unknown_because(&["user_canceled", "in time", "read", "more", "TLS"]);
}

#[test]
fn floods_with_empty_records() {
    Hostile::new("flood of empty records", |stream, stop| flood(stream, &[22, 3, 3, 0, 0], stop))
        .is_unknown_because(&["empty", "in time", "read", "more", "TLS"]);
}

#[test]
fn xmpp_without_starttls() {
    let serve = |mut stream: TcpStream, stop: &Stop| {
        hello(&mut stream);
        let _ = stream.write_all(
            b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' \
              xmlns:stream='http://etherx.jabber.org/streams'><stream:features>\
              <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>\
              </mechanisms></stream:features>",
        );
        listen(stream, stop);
    };
    Hostile::new("XMPP without STARTTLS", serve).xmpp().is_unknown_because(&["STARTTLS"]);
}

#[test]
fn xmpp_that_floods() {
    let serve = |stream: TcpStream, stop: &Stop| {
        let element = b"<stream:features xmlns:stream='http://etherx.jabber.org/streams'>";
        flood(stream, element, stop);
    };
    Hostile::new("XMPP that floods", serve).xmpp().is_unknown_because(&["STARTTLS"]);
}

#[test]
fn xmpp_that_never_speaks() {
    Hostile::new("XMPP that never speaks", listen).xmpp().is_unknown_because(&[
        "STARTTLS",
        "in time",
        "no answer",
        "timeout",
    ]);
}
