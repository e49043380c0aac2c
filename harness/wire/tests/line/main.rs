//! The line against servers that behave, and against servers that do not: the right reason, in
//! bounded time, with every connection counted.

mod asking;
mod load;
mod refusals;
mod server;
mod starttls;

use std::time::{Duration, Instant};

use hallmark_tls::{CipherSuite, ClientHello, ProtocolVersion};
use hallmark_wire::{Flight, Line, Refusal, Reply};

/// The random of every hello here: nothing depends on it.
const RANDOM: [u8; 32] = *b"hallmark hallmark hallmark hello";

/// The hello of an ordinary client of this version that offers these, by name.
fn hello(version: ProtocolVersion, suites: &[&str]) -> Vec<u8> {
    let suites: Vec<_> = suites.iter().map(|name| CipherSuite::from_name(name).unwrap()).collect();
    ClientHello::offering(version, &suites, Some("chat.example"), RANDOM).records()
}

/// One that every good server here answers.
fn common() -> Vec<u8> {
    hello(ProtocolVersion::Tls12, &[GCM, CBC])
}

const GCM: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
const CBC: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA";

async fn flight(line: &Line, hello: &[u8]) -> Box<Flight> {
    line.ask(hello).await.into_result().unwrap_or_else(|refusal| panic!("refused: {refusal}"))
}

async fn refusal(line: &Line, hello: &[u8]) -> Refusal {
    match line.ask(hello).await {
        Reply::Refused(refusal) => refusal,
        Reply::Flight(flight) => panic!("not refused: {flight:?}"),
    }
}

/// Takes the time of a future.
async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let output = future.await;
    (output, begun.elapsed())
}

/// Whoever has threads may use them.
#[test]
fn questions_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let target = hallmark_wire::Target {
        host: "192.0.2.1".to_owned(),
        port: 443,
        server_name: None,
        starttls: None,
    };
    let line = Line::new(target, hallmark_wire::Budget::default());
    is_send(&line.ask(&[]));
    is_send(&line.handshake());
    is_send(&hallmark_wire::together([line.ask(&[])]));
}
