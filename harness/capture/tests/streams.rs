//! Connections made by hand: who is the client, where TLS begins, what is missing.

mod build;

use build::{
    ACK, CLIENT, End, RST, SERVER, SYN, Talk, client_hello, pcap, pcapng, read_bytes, segment,
    server_hello,
};
use hallmark_capture::{Captured, Flow, Layer, Limits, Protocol, Transport, read};
use hallmark_tls::KeyLog;

fn read_talk(talk: &Talk) -> (Captured, build::Heard) {
    read_bytes(&pcap(&talk.packets), &Limits::default())
}

fn only(captured: &Captured) -> &Flow {
    let [flow] = captured.flows.as_slice() else { panic!("{} flows", captured.flows.len()) };
    flow
}

#[test]
fn a_session_from_its_first_segment() {
    let mut talk = Talk::begun();
    talk.client(&client_hello()).server(&server_hello());
    let (captured, heard) = read_talk(&talk);
    let flow = only(&captured);
    assert_eq!((flow.client.port(), flow.server.port()), (CLIENT.1, SERVER.1));
    assert_eq!((&flow.protocol, flow.transport, flow.packets), (&Protocol::Tls, Transport::Tcp, 5));
    assert_eq!(flow.first_seen.expect("a time").to_string(), "2023-11-14T22:13:20.25Z");
    let handshake = flow.handshake.as_ref().expect("a handshake");
    assert_eq!(handshake.version, Some(0x0303));
    assert_eq!(handshake.cipher_suite.map(|suite| suite.0), Some(0xc02f));
    assert_eq!(handshake.sni.as_deref(), Some("chat.example"));
    assert_eq!((handshake.resumed, handshake.completed), (None, false));
    assert_eq!(heard.raw[&(1, "client")], client_hello());
    assert_eq!(heard.raw[&(1, "server")], server_hello());
    assert_eq!(flow.bytes, [client_hello().len() as u64, server_hello().len() as u64]);
    assert!(flow.problems.is_empty(), "{:?}", flow.problems);
}

#[test]
fn hellos_may_come_byte_by_byte() {
    let mut talk = Talk::begun();
    for byte in client_hello() {
        talk.client(&[byte]);
    }
    for byte in server_hello() {
        talk.server(&[byte]);
    }
    let (captured, _) = read_talk(&talk);
    let handshake = only(&captured).handshake.as_ref().expect("a handshake");
    assert_eq!((handshake.client_hello, handshake.version), (true, Some(0x0303)));
}

#[test]
fn a_recording_of_the_server_alone_is_told_by_its_hello() {
    let mut talk = Talk::picked_up();
    talk.server(&server_hello());
    let (captured, heard) = read_talk(&talk);
    let flow = only(&captured);
    assert_eq!((flow.client.port(), flow.server.port()), (CLIENT.1, SERVER.1));
    let handshake = flow.handshake.as_ref().expect("a handshake");
    assert_eq!((handshake.client_hello, handshake.version), (false, Some(0x0303)));
    assert_eq!(heard.raw[&(1, "server")], server_hello());
}

#[test]
fn a_session_under_way_is_tls_without_a_handshake() {
    let mut talk = Talk::picked_up();
    talk.server(&[&[23, 3, 3, 0, 40][..], &[0xaa; 40], &[23, 3, 3, 0, 24], &[0xbb; 24]].concat());
    let (captured, _) = read_talk(&talk);
    let flow = only(&captured);
    assert_eq!((&flow.protocol, flow.closed, flow.application_bytes), (&Protocol::Tls, 2, 64));
    assert_eq!(flow.handshake.as_ref().map(|handshake| handshake.version), Some(None));
}

#[test]
fn tls_after_plain_words_is_starttls() {
    let mut talk = Talk::begun();
    talk.client(b"<stream:stream to='a'>").server(b"<stream:stream><stream:features/>");
    talk.client(b"<starttls/>").server(b"<proceed/>");
    talk.client(&client_hello()).server(&server_hello());
    let (captured, heard) = read_talk(&talk);
    let flow = only(&captured);
    assert_eq!((&flow.protocol, flow.starttls), (&Protocol::Tls, Some("xmpp")));
    assert_eq!(flow.handshake.as_ref().and_then(|handshake| handshake.version), Some(0x0303));
    assert!(heard.raw[&(1, "client")].starts_with(b"<stream:stream to='a'><starttls/>\x16"));
}

#[test]
fn plain_words_after_a_hello_do_not_pass_for_tls() {
    let mut talk = Talk::begun();
    talk.client(&client_hello()).server(b"<stream:error>not well-formed</stream:error>");
    let (captured, _) = read_talk(&talk);
    let flow = only(&captured);
    assert_eq!(flow.problems, ["bytes of the server that are no TLS records"]);
    assert_eq!(flow.handshake.as_ref().map(|handshake| handshake.version), Some(None));
}

#[test]
fn a_new_syn_with_another_number_is_another_connection() {
    let mut talk = Talk::begun();
    talk.client(b"GET /one HTTP/1.1\r\n\r\n");
    let repeated = talk.packets[0].clone();
    talk.packets.push(repeated);
    talk.packets.push(segment(CLIENT, SERVER, SYN, 77, 0, b""));
    talk.packets.push(segment(SERVER, CLIENT, SYN | ACK, 99, 78, b""));
    talk.packets.push(segment(CLIENT, SERVER, ACK, 78, 100, b"GET /two HTTP/1.1\r\n\r\n"));
    let (captured, heard) = read_talk(&talk);
    let packets: Vec<_> = captured.flows.iter().map(|flow| (flow.id, flow.packets)).collect();
    assert_eq!(packets, [(1, 5), (2, 3)]);
    assert_eq!(heard.raw[&(1, "client")], b"GET /one HTTP/1.1\r\n\r\n");
    assert_eq!(heard.raw[&(2, "client")], b"GET /two HTTP/1.1\r\n\r\n");
}

#[test]
fn what_was_lost_is_a_gap_and_said_so() {
    let mut talk = Talk::begun();
    talk.client(b"before the gap ").lose(0, 500).client(b"after the gap");
    for _ in 0..20 {
        talk.server(b"x");
    }
    let (captured, heard) = read_talk(&talk);
    assert_eq!(heard.raw[&(1, "client")], b"before the gap after the gap");
    assert_eq!(heard.gaps, [(1, "client", Layer::Raw)]);
    let flow = only(&captured);
    assert_eq!(flow.problems, ["gap of 500 bytes, client to server"]);
    assert_eq!(flow.bytes, [28, 20]);
}

#[test]
fn what_a_reset_says_is_no_part_of_the_stream() {
    let mut talk = Talk::begun();
    talk.client(b"said");
    talk.send(1, RST, b"go away");
    let (_, heard) = read_talk(&talk);
    assert_eq!(heard.raw.get(&(1, "server")), None);
}

#[test]
fn a_recording_in_two_files_is_one() {
    let mut talk = Talk::begun();
    talk.client(&client_hello()).server(&server_hello());
    let folder = tempfile::tempdir().expect("a folder");
    let files = [folder.path().join("1"), folder.path().join("2")];
    std::fs::write(&files[0], pcap(&talk.packets[..4])).expect("a file");
    std::fs::write(&files[1], pcapng(&talk.packets[4..])).expect("a file");
    let mut progress = Vec::new();
    let mut heard = build::Heard::default();
    let captured = read(&files, &KeyLog::default(), &Limits::default(), &mut heard, &mut |bytes| {
        progress.push(bytes)
    })
    .expect("reads");
    let handshake = only(&captured).handshake.as_ref().expect("a handshake");
    assert_eq!((handshake.client_hello, handshake.version), (true, Some(0x0303)));
    assert_eq!(captured.files.iter().map(|file| file.packets).collect::<Vec<_>>(), [4, 1]);
    let sizes = files.map(|file| std::fs::metadata(file).expect("a file").len());
    assert_eq!(progress, [sizes[0], sizes[0] + sizes[1]]);
}

#[test]
fn more_flows_than_allowed_are_closed_and_reported() {
    let packets: Vec<_> = (0..1000)
        .map(|n| segment(End(1, 10_000 + n), SERVER, ACK, 1, 1, b"GET / HTTP/1.1\r\n"))
        .collect();
    let limits = Limits { flows: 64, ..Limits::default() };
    let (captured, heard) = read_bytes(&pcap(&packets), &limits);
    assert_eq!((captured.flows.len(), heard.raw.len()), (1000, 1000));
    let closed = captured.flows.iter().filter(|flow| !flow.problems.is_empty()).count();
    assert_eq!(captured.flows[0].problems, ["closed early: too many flows at the same time"]);
    let line = format!("{closed} flows were closed early: too many at a time");
    assert_eq!(captured.files[0].problems, [line]);
    assert!((1000 - 64..1000).contains(&closed), "{closed}");
}
