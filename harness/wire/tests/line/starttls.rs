//! XMPP before TLS: servers that do it, that do not, and that try to get something in between.

use std::time::Duration;

use hallmark_wire::Refusal;

use crate::{
    common, flight, refusal,
    server::{Client, Server, accept, context, sleep},
    timed,
};

const HEADER: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='chat.example' version='1.0'>";
const FEATURES: &str = "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\
    <required/></starttls><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></stream:features>";
const PROCEED: &str = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/// Goes as far as `<starttls/>`.
fn begin(client: &Client<'_>) -> String {
    let header = client.until("streams'>");
    client.say(HEADER);
    client.say(FEATURES);
    assert_eq!(client.until("/>"), "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    header
}

#[tokio::test]
async fn tls_follows_the_preamble() {
    let context = context(|_| ());
    let server = Server::start(move |client| {
        let header = begin(client);
        assert!(header.contains(" to='chat.example' version='1.0' "), "{header}");
        client.say(PROCEED);
        accept(&context, client.stream);
    });
    let line = server.xmpp_line();
    let flight = flight(&line, &common()).await;
    assert_eq!(flight.certificates.len(), 1);
    let shaken = line.handshake().await.unwrap();
    assert_eq!(shaken.certificates, flight.certificates);
    assert_eq!((line.connections(), server.accepted()), (2, 2));
}

#[tokio::test]
async fn the_preamble_may_come_in_pieces() {
    let context = context(|_| ());
    let server = Server::start(move |client| {
        client.until("streams'>");
        for piece in [HEADER, FEATURES].concat().as_bytes().chunks(7) {
            client.say(piece);
            sleep(2);
        }
        client.until("/>");
        client.say("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'>");
        sleep(5);
        client.say("</proceed>\n");
        accept(&context, client.stream);
    });
    flight(&server.xmpp_line(), &common()).await;
}

/// Why a server that behaves like this offers no TLS.
async fn no_starttls(behave: impl Fn(&Client<'_>) + Send + Sync + 'static) -> String {
    let server = Server::start(behave);
    let line = server.xmpp_line();
    let (refusal, took) = timed(refusal(&line, &common())).await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    assert!(!refusal.is_no());
    assert_eq!((line.connections(), server.accepted()), (1, 1));
    let Refusal::NoStartTls(why) = refusal else { panic!("{refusal:?}") };
    why
}

/// The same of one that says this to the stream's header, and waits.
async fn no_starttls_after(said: impl AsRef<[u8]> + Send + Sync + 'static) -> String {
    no_starttls(move |client| {
        client.until("streams'>");
        client.say(said.as_ref());
        client.wait();
    })
    .await
}

#[tokio::test]
async fn every_way_of_not_offering_it_has_its_reason() {
    let mut reasons = vec![
        no_starttls_after(format!(
            "{HEADER}<stream:features><!-- <starttls/> --><mechanisms/></stream:features>"
        ))
        .await,
        no_starttls_after(format!("{HEADER}<stream:features/>")).await,
        no_starttls_after(format!(
            "{HEADER}<starttls/><stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:\
             xmpp-streams'/><text>This server does not serve \x1b[2J\u{202e}chat.example</text>\
             </stream:error></stream:stream>"
        ))
        .await,
        no_starttls_after(format!("{HEADER}<stream:error><policy-violation/>")).await,
        no_starttls_after("HTTP/1.1 400 Bad Request\r\n\r\n<html>").await,
        no_starttls_after("<html><body>no</body></html>").await,
        no_starttls_after(format!("{HEADER}</stream:stream>")).await,
        no_starttls_after("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>").await,
        no_starttls_after([0x15, 3, 3, 0, 2, 2, 10]).await,
        no_starttls_after(format!("{HEADER}<stream:features>{}", "<a/>".repeat(20_000))).await,
        no_starttls_after(format!("{HEADER}<stream:features a='{}", "a".repeat(70_000))).await,
        no_starttls(|client| drop(client.until("streams'>"))).await,
    ];
    let answers = [
        "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>",
        "</stream:stream>",
        "<stream:error><resource-constraint/></stream:error>",
    ];
    for answer in answers {
        reasons.push(
            no_starttls(move |client| {
                begin(client);
                client.say(answer);
                client.wait();
            })
            .await,
        );
    }
    reasons.push(
        no_starttls(|client| {
            begin(client);
        })
        .await,
    );
    insta::assert_snapshot!(reasons.join("\n"));
}

#[tokio::test]
async fn nothing_gets_in_between_proceed_and_tls() {
    // In the same segment, as an attacker on the way would add it: a whole ServerHello record.
    let why = no_starttls(|client| {
        begin(client);
        client.say([PROCEED.as_bytes(), b"\x16\x03\x03\x00\x04\x02\x00\x00\x00"].concat());
        client.wait();
    })
    .await;
    assert_eq!(
        why,
        r"the server sent 9 bytes between <proceed/> and TLS: \x16\x03\x03\x00\x04\x02\x00\x00\x00"
    );
    // Later, it is an answer, and none of TLS.
    let server = Server::start(|client| {
        begin(client);
        client.say(PROCEED);
        client.hello();
        client.say("<message>hi</message>");
        client.wait();
    });
    let refusal = refusal(&server.xmpp_line(), &common()).await;
    assert_eq!(refusal, Refusal::NotTls(b"<message>hi</message>".to_vec()));
}

#[tokio::test]
async fn features_that_never_end_are_cut_in_time() {
    let server = Server::start(|client| {
        client.until("streams'>");
        client.say(HEADER);
        client.say("<stream:features>");
        while client.say("<a/>") {
            sleep(20);
        }
    });
    let (refusal, took) = timed(refusal(&server.xmpp_line(), &common())).await;
    assert_eq!(refusal, Refusal::Timeout);
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_throttled_stream_is_tried_again() {
    // Refuses every third stream for want of resources, once one went well.
    let context = context(|_| ());
    let server = Server::start(move |client| {
        if client.number % 3 == 2 {
            client.until("streams'>");
            client.say(format!("{HEADER}<stream:error><resource-constraint/></stream:error>"));
            return;
        }
        begin(client);
        client.say(PROCEED);
        accept(&context, client.stream);
    });
    let line = server.xmpp_line();
    for _ in 0..6 {
        flight(&line, &common()).await;
    }
    assert_eq!(line.connections(), 8);
}

#[tokio::test]
async fn a_name_cannot_break_out_of_the_header() {
    let server = Server::start(|client| {
        let header = client.until("streams'>");
        assert!(header.contains(" to='a&apos;/&gt;&lt;x y=&apos;' "), "{header}");
        client.say(format!("{HEADER}<stream:features/>"));
    });
    let mut target = server.target();
    target.server_name = Some("a'/><x y='".to_owned());
    target.starttls = Some(hallmark_wire::StartTls::Xmpp);
    let line = hallmark_wire::Line::new(target, hallmark_wire::Budget::default());
    let refusal = refusal(&line, &common()).await;
    assert_eq!(
        refusal,
        Refusal::NoStartTls("it is not among the server's stream features".to_owned())
    );
}
