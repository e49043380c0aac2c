//! What is learnt from servers that answer.

use hallmark_tls::{
    AlertDescription, CipherSuite, ClientHello, NamedGroup, ProtocolVersion,
    messages::KeyExchangeParameters, ssl2,
};
use hallmark_wire::{Hello, Line, Preference, Refusal, exclude, merge, preference};
use openssl::ssl::{AlpnError, SslOptions, SslVerifyMode, SslVersion, select_next_proto};

use crate::{CBC, GCM, RANDOM, common, flight, hello, refusal, server::Server};

/// Which of these the server picks.
async fn pick(
    line: &Line,
    version: ProtocolVersion,
    suites: Vec<CipherSuite>,
) -> Result<CipherSuite, Refusal> {
    let hello = ClientHello::offering(version, &suites, Some("chat.example"), RANDOM).records();
    let flight = line.ask(&hello).await.into_result()?;
    let picked = flight.server_hello().unwrap();
    assert_eq!(picked.version(), Some(version));
    Ok(picked.cipher_suite)
}

fn names(suites: &[CipherSuite]) -> Vec<String> {
    suites.iter().map(|suite| suite.name().into_owned()).collect()
}

#[tokio::test]
async fn a_flight_of_tls_1_2_is_read_to_its_end() {
    let server = Server::tls(|_| ());
    let line = server.line();
    let flight = flight(&line, &common()).await;
    let Hello::Tls(hello) = &flight.hello else { panic!("{:?}", flight.hello) };
    assert_eq!(hello.version(), Some(ProtocolVersion::Tls12));
    assert_eq!(hello.cipher_suite.name(), GCM);
    assert_eq!(flight.certificates.len(), 1);
    let exchange = flight.key_exchange.unwrap();
    assert!(matches!(exchange.parameters, KeyExchangeParameters::Ecdhe { .. }), "{exchange:?}");
    assert!(flight.raw.ends_with(&[14, 0, 0, 0]), "ServerHelloDone is the last");
    assert_eq!(line.address().map(|address| address.port()), Some(line.target().port));
}

#[tokio::test]
async fn a_flight_of_tls_1_3_is_its_hello() {
    let server = Server::tls(|_| ());
    let line = server.line();
    let hello = hello(ProtocolVersion::Tls13, &["TLS_AES_128_GCM_SHA256"]);
    let flight = flight(&line, &hello).await;
    let hello = flight.server_hello().unwrap();
    assert!(hello.is_hello_retry_request());
    assert_eq!(hello.version(), Some(ProtocolVersion::Tls13));
    assert!(hello.key_share_group().is_some());
    assert!(flight.certificates.is_empty() && flight.key_exchange.is_none());
}

#[tokio::test]
async fn versions_that_are_off_are_refused_with_an_alert() {
    let server = Server::tls(|context| {
        context.set_min_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    });
    let line = server.line();
    flight(&line, &common()).await;
    for version in [ProtocolVersion::Tls10, ProtocolVersion::Tls11, ProtocolVersion::Tls13] {
        let suites = [CBC, "TLS_AES_128_GCM_SHA256"];
        assert_eq!(
            refusal(&line, &hello(version, &suites)).await,
            Refusal::Alert(AlertDescription(70)),
            "{version}"
        );
    }
    // SSLv2 is refused in whatever form; never with a hello.
    let kinds: Vec<_> = ssl2::Ssl2CipherKind::all().collect();
    let refusal = refusal(&line, &ssl2::client_hello(&kinds, [7; 16])).await;
    assert!(refusal.is_no(), "{refusal:?}");
}

#[tokio::test]
async fn sslv2_is_read_where_it_was_asked_for() {
    // SERVER-HELLO: no session id hit, an X.509 certificate of 3 bytes, one kind, an id of 4 bytes.
    let answer = [
        &[0x80, 21, 4, 0, 1, 0, 2, 0, 3, 0, 3, 0, 4][..],
        &[0x30, 1, 0],
        &[1, 0, 0x80],
        &[9, 9, 9, 9],
    ]
    .concat();
    let answer = std::sync::Arc::new(answer);
    let said = answer.clone();
    let server = Server::start(move |client| {
        client.hello();
        let (first, second) = said.split_at(9);
        client.say(first);
        crate::server::sleep(20);
        client.say(second);
        client.wait();
    });
    let line = server.line();
    let kinds: Vec<_> = ssl2::Ssl2CipherKind::all().collect();
    let flight = flight(&line, &ssl2::client_hello(&kinds, [7; 16])).await;
    let Hello::Ssl2(hello) = &flight.hello else { panic!("{:?}", flight.hello) };
    assert_eq!(hello.kinds, [ssl2::Ssl2CipherKind([1, 0, 0x80])]);
    assert_eq!(flight.certificates, [vec![0x30, 1, 0]]);
    assert_eq!(flight.raw, *answer);
    // To a hello of TLS it is no answer.
    let refusal = refusal(&line, &common()).await;
    assert!(matches!(refusal, Refusal::NotTls(_)), "{refusal:?}");
}

#[tokio::test]
async fn exclusion_finds_what_is_on_and_its_order() {
    let on = [
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    ];
    let server = Server::tls(|context| {
        let list = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:\
            ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:\
            @SECLEVEL=0";
        context.set_cipher_list(list).unwrap();
        context.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    });
    let line = server.line();
    let ask = |offers| pick(&line, ProtocolVersion::Tls12, offers);
    let all: Vec<_> = CipherSuite::all().filter(|suite| !suite.is_tls13()).collect();
    let found = exclude(&all, 4, ask).await;
    assert_eq!(found.unknown, []);
    assert!(found.lanes.len() > 1, "{:?}", found.lanes);
    let mut sorted = names(&found.accepted);
    sorted.sort_unstable();
    let mut expected = on;
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    // Five picks, and a refusal for each of four lanes, of which none is too long to be refused at
    // once for good.
    let used = line.connections();
    assert_eq!(preference(&found.accepted, ask).await, Preference::Server);
    assert_eq!(line.connections(), used + 2);
    assert_eq!(names(&merge(&found.lanes, ask).await.unwrap()), on);
    assert_eq!(line.connections(), server.accepted());
}

#[tokio::test]
async fn a_server_may_leave_the_order_to_the_client() {
    let server =
        Server::tls(|context| context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap());
    let line = server.line();
    let both = [GCM, CBC].map(|name| CipherSuite::from_name(name).unwrap());
    let ask = |offers| pick(&line, ProtocolVersion::Tls12, offers);
    assert_eq!(preference(&both, ask).await, Preference::Client);
    assert_eq!(preference(&both[..1], ask).await, Preference::NoChoice);
}

#[tokio::test]
async fn groups_of_tls_1_3_are_found_without_a_key() {
    let server =
        Server::tls(|context| context.set_groups_list("X25519MLKEM768:P-384:X448").unwrap());
    let line = server.line();
    let ask = async |groups: Vec<NamedGroup>| {
        let suites = [CipherSuite(0x1301)];
        let mut hello = ClientHello::offering(ProtocolVersion::Tls13, &suites, None, RANDOM);
        hello.set_groups(&groups);
        let flight = line.ask(&hello.records()).await.into_result()?;
        Ok(flight.server_hello().unwrap().key_share_group().unwrap())
    };
    let all: Vec<_> = NamedGroup::all().collect();
    let found = exclude(&all, 3, ask).await;
    assert_eq!(found.unknown, []);
    let mut found: Vec<_> = found.accepted.iter().map(|group| group.name()).collect();
    found.sort_unstable();
    assert_eq!(found, ["X25519MLKEM768", "secp384r1", "x448"]);
}

#[tokio::test]
async fn a_handshake_completes_in_every_version() {
    let versions = [
        (SslVersion::TLS1, ProtocolVersion::Tls10),
        (SslVersion::TLS1_1, ProtocolVersion::Tls11),
        (SslVersion::TLS1_2, ProtocolVersion::Tls12),
        (SslVersion::TLS1_3, ProtocolVersion::Tls13),
    ];
    for (highest, version) in versions {
        let server = Server::tls(|context| {
            context.set_max_proto_version(Some(highest)).unwrap();
            context.set_groups_list("P-256").unwrap();
            context.set_alpn_select_callback(|_, offered| {
                select_next_proto(b"\x0bxmpp-client", offered).ok_or(AlpnError::NOACK)
            });
        });
        let line = server.line();
        let shaken = line.handshake_offering(&["h2", "xmpp-client"]).await.unwrap();
        assert_eq!(shaken.version, version);
        assert_eq!(
            shaken.group.map(|group| group.name().into_owned()).as_deref(),
            Some("secp256r1")
        );
        assert_eq!(shaken.alpn.as_deref(), Some("xmpp-client"));
        assert_eq!((shaken.certificates.len(), shaken.afterwards), (1, None));
        assert!(line.has_heard_hello());
        let plain = line.handshake().await.unwrap();
        assert_eq!((plain.alpn, plain.cipher_suite), (None, shaken.cipher_suite));
        assert_eq!((line.connections(), server.accepted()), (2, 2));
    }
}

#[tokio::test]
async fn a_handshake_without_a_demanded_certificate_says_so() {
    for highest in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = Server::tls(|context| {
            context.set_max_proto_version(Some(highest)).unwrap();
            context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
        });
        let shaken = server.line().handshake().await;
        if highest == SslVersion::TLS1_2 {
            assert_eq!(shaken, Err(Refusal::Alert(AlertDescription(40))));
        } else {
            let shaken = shaken.unwrap();
            assert_eq!(shaken.certificates.len(), 1);
            assert_eq!(shaken.afterwards, Some(Refusal::Alert(AlertDescription(116))));
        }
    }
}

#[tokio::test]
async fn a_handshake_is_refused_with_the_same_reasons() {
    let server = Server::tls(|context| context.set_cipher_list("NULL-SHA:@SECLEVEL=0").unwrap());
    let other = Server::start(|client| {
        client.hello();
        client.say("HTTP/1.1 400 Bad Request\r\n\r\n");
        client.wait();
    });
    let closed = Server::start(|client| drop(client.hello()));
    let silent = Server::start(|client| client.wait());
    let lying = Server::start(|client| {
        client.hello();
        client.say([&[0x16, 3, 3, 0, 4][..], &[11, 0, 0, 0]].concat());
        client.wait();
    });
    let mut reasons = Vec::new();
    for server in [&other, &closed, &silent, &lying] {
        reasons.push(server.line().handshake().await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(reasons.join("\n"));
    drop(server);
}
