//! Servers that do not answer with a hello, or not with all of it.

use std::time::Duration;

use hallmark_tls::AlertDescription;
use hallmark_wire::{Budget, Line, Refusal, together};

use crate::{
    common, flight, refusal,
    server::{Client, SOON, Server, accept, context, resetting, sleep},
    timed,
};

/// A server that treats the first connection like this, and the second well: what it was refused
/// with, and that the line is none the worse for it.
async fn refused_with(behave: impl Fn(&Client<'_>) + Send + Sync + 'static) -> Refusal {
    let server = Server::with_good_one(|number| number == 1, behave);
    let line = server.line();
    assert!(!line.has_heard_hello());
    let (refusal, took) = timed(refusal(&line, &common())).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    flight(&line, &common()).await;
    assert!(line.has_heard_hello());
    assert_eq!((line.connections(), server.accepted()), (2, 2));
    refusal
}

/// The same of one that is asked twice, and well-behaved from the third connection on.
async fn refused_twice_with(behave: impl Fn(&Client<'_>) + Send + Sync + 'static) -> Refusal {
    let server = Server::with_good_one(|number| number == 2, behave);
    let line = server.line();
    let (refusal, took) = timed(refusal(&line, &common())).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    flight(&line, &common()).await;
    assert_eq!((line.connections(), server.accepted()), (3, 3));
    refusal
}

#[tokio::test]
async fn silence_is_a_timeout_and_no_no() {
    let refusal = refused_twice_with(|client| client.wait()).await;
    assert_eq!(refusal, Refusal::Timeout);
    assert!(!refusal.is_no());
}

#[tokio::test]
async fn one_byte_at_a_time_buys_no_time() {
    // A record of 16 KiB, of which a byte comes every 50 ms.
    let drip = |client: &Client<'_>| {
        let record = [&[0x16, 3, 3, 0x40, 0][..], &[2; 0x4000]].concat();
        for byte in record {
            sleep(50);
            if !client.say([byte]) {
                return;
            }
        }
    };
    assert_eq!(refused_twice_with(drip).await, Refusal::Timeout);
}

#[tokio::test]
async fn a_close_is_a_no() {
    let refusal = refused_with(|client| drop(client.hello())).await;
    assert_eq!(refusal, Refusal::Closed);
    assert!(refusal.is_no());
}

#[tokio::test]
async fn a_reset_is_a_no() {
    let line = Line::with_patience(resetting(), Budget::default(), SOON);
    let refusal = refusal(&line, &common()).await;
    assert_eq!(refusal, Refusal::Reset);
    assert!(refusal.is_no());
    flight(&line, &common()).await;
    assert_eq!(line.connections(), 2);
}

#[tokio::test]
async fn an_alert_is_named() {
    let fatal = |client: &Client<'_>| {
        client.hello();
        client.say([0x15, 3, 3, 0, 2, 2, 70]);
        client.wait();
    };
    let refusal = refused_with(fatal).await;
    assert_eq!(refusal, Refusal::Alert(AlertDescription(70)));
    assert_eq!(refusal.to_string(), "alert protocol_version");
    let warning = |client: &Client<'_>| {
        client.hello();
        client.say([0x15, 3, 3, 0, 2, 1, 40]);
    };
    assert_eq!(refused_with(warning).await, Refusal::Alert(AlertDescription(40)));
}

#[tokio::test]
async fn a_warning_before_a_hello_is_no_refusal() {
    let context = context(|_| ());
    let server = Server::start(move |client| {
        client.say([0x15, 3, 3, 0, 2, 1, 112]);
        accept(&context, client.stream);
    });
    let flight = flight(&server.line(), &common()).await;
    assert_eq!(flight.certificates.len(), 1);
    assert_eq!(flight.raw[..7], [0x15, 3, 3, 0, 2, 1, 112]);
}

#[tokio::test]
async fn what_is_not_tls_is_shown() {
    let http = |client: &Client<'_>| {
        client.hello();
        client.say("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<html>no</html>\x1b[2J");
        client.wait();
    };
    let refusal = refused_with(http).await;
    let Refusal::NotTls(bytes) = &refusal else { panic!("{refusal:?}") };
    assert!(bytes.starts_with(b"HTTP/1.1 400 Bad Request"));
    assert_eq!(bytes.len(), 64);
    assert!(refusal.to_string().is_ascii() && !refusal.to_string().contains('\x1b'));

    // Too short to be told by its header, from one that closes and from one that waits.
    let short = |client: &Client<'_>| {
        client.hello();
        client.say("no");
    };
    assert_eq!(refused_with(short).await, Refusal::NotTls(b"no".to_vec()));
    let held = |client: &Client<'_>| {
        client.say("2");
        client.wait();
    };
    assert_eq!(refused_with(held).await, Refusal::NotTls(b"2".to_vec()));
}

#[tokio::test]
async fn broken_tls_is_malformed() {
    let cases: [(&[u8], &str); 7] = [
        (&[0x16, 3, 3, 0xff, 0xff, 1, 2, 3], "oversized record"),
        (&[0x15, 3, 3, 0, 3, 2, 40, 0], "alert of three bytes"),
        (&[0x16, 3, 3, 0, 4, 11, 0, 0, 0], "Certificate first"),
        (&[0x16, 3, 3, 0, 6, 2, 0, 0, 2, 3, 3], "ServerHello of two bytes"),
        (&[0x16, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff], "message of 16 MiB"),
        (&[0x17, 3, 3, 0, 1, 0], "application data first"),
        (&[0x16, 3, 3, 0, 9, 2, 0, 0], "cut in a record"),
    ];
    let mut reasons = Vec::new();
    for (bytes, name) in cases {
        let say = move |client: &Client<'_>| {
            client.hello();
            client.say(bytes);
        };
        let Refusal::Malformed(why) = refused_with(say).await else { panic!("{name}") };
        reasons.push(format!("{name}: {why}"));
    }
    insta::assert_snapshot!(reasons.join("\n"));
}

#[tokio::test]
async fn a_flood_is_cut() {
    // Warnings without end: each of them is allowed.
    let flood = |client: &Client<'_>| {
        client.hello();
        let warnings = [0x15, 3, 3, 0, 2, 1, 112].repeat(2000);
        while client.say(&warnings) {}
    };
    let why = "more than 524288 bytes in the first flight".to_owned();
    assert_eq!(refused_with(flood).await, Refusal::Malformed(why));
}

#[tokio::test]
async fn half_a_flight_is_neither_yes_nor_no() {
    // The first 100 bytes of a real flight: all of the ServerHello, and no end.
    let good = Server::tls(|_| ());
    let mut raw = flight(&good.line(), &common()).await.raw;
    raw.truncate(200);
    let refusal = refused_with(move |client| {
        client.hello();
        client.say(&raw);
    })
    .await;
    let Refusal::Malformed(why) = refusal else { panic!("{refusal:?}") };
    assert_eq!(
        why,
        "the connection was closed after the ServerHello, after 200 bytes of an incomplete first \
         flight"
    );
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let server = Server::tls(|_| ());
    let line = server.line();
    drop(server);
    let refusal = refusal(&line, &common()).await;
    let Refusal::Unreachable(why) = &refusal else { panic!("{refusal:?}") };
    assert!(why.ends_with(": connection refused"), "{why}");
    assert!(refusal.is_of_the_line() && !refusal.is_no());
    assert_eq!(line.address(), None);
}

#[tokio::test]
async fn a_server_that_never_answers_ends_a_scan_soon() {
    let server = Server::start(|client| client.wait());
    let line = server.line();
    let hello = common();
    let (replies, took) = timed(together((0..40).map(|_| refusal(&line, &hello)))).await;
    assert!(replies.iter().all(|refusal| *refusal == Refusal::Timeout));
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert_eq!(line.given_up(), Some(Refusal::Timeout));
    assert_eq!(line.connections(), server.accepted());
    assert!(line.connections() < 14, "{}", line.connections());
}

#[tokio::test]
async fn a_hello_that_is_ignored_does_not_silence_the_line() {
    // As some middleboxes do: nothing is said to hellos of more than 255 bytes.
    let context = context(|_| ());
    let server = Server::start(move |client| {
        let mut header = [0; 5];
        if { client.stream }.peek(&mut header).is_ok_and(|length| length == 5)
            && u16::from_be_bytes([header[3], header[4]]) > 255
        {
            client.wait();
        } else {
            accept(&context, client.stream);
        }
    });
    let line = server.line();
    let long = [&[0x16, 3, 1, 2, 0][..], &[0; 512]].concat();
    flight(&line, &common()).await;
    for _ in 0..2 {
        assert_eq!(refusal(&line, &long).await, Refusal::Timeout);
        flight(&line, &common()).await;
    }
    assert_eq!(line.given_up(), None);
}
