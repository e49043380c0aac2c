//! The relay passes everything on, and what it writes is what passed.

#![expect(clippy::print_stdout, reason = "what could not be run is told to people")]

mod reader;

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use hallmark_wire::{Acceptor, Relay};

use crate::reader::{Recording, read};

const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Says everything back.
fn echo(listen: SocketAddr) -> Acceptor {
    Acceptor::start(listen, 64, |client| {
        let mut stream = client.stream();
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            if stream.write_all(&chunk[..length]).is_err() {
                return;
            }
        }
        let _ = stream.shutdown(Shutdown::Write);
    })
    .unwrap()
}

/// Sends, closes its half, and returns what came back, with its own port.
fn call(address: SocketAddr, text: &[u8]) -> (u16, Vec<u8>) {
    let stream = TcpStream::connect(address).unwrap();
    let port = stream.local_addr().unwrap().port();
    let mut back = Vec::new();
    thread::scope(|both| {
        both.spawn(|| {
            (&stream).write_all(text).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        });
        (&stream).read_to_end(&mut back).unwrap();
    });
    (port, back)
}

fn text(of: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (of * 31 + at * 7 + at / 251) as u8).collect()
}

#[test]
fn what_passes_is_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.pcapng");
    let server = echo(LOOPBACK.into());
    let relay = Relay::start(LOOPBACK.into(), server.address(), &file).unwrap();
    let lengths = [0, 1, 1399, 1400, 1401, 16 * 1024, 300_000, 64];
    let texts: Vec<_> = lengths.iter().enumerate().map(|(of, len)| text(of, *len)).collect();
    // All at once: their packets lie mixed in the file.
    let ports: Vec<_> = thread::scope(|all| {
        let calls: Vec<_> =
            texts.iter().map(|text| all.spawn(|| call(relay.address(), text))).collect();
        calls
            .into_iter()
            .zip(&texts)
            .map(|(call, text)| {
                let (port, back) = call.join().unwrap();
                assert_eq!(&back, text);
                port
            })
            .collect()
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let recorded = runtime.block_on(relay.finish()).unwrap();
    let Recording { flows, packets, secrets } = read(&file);
    assert_eq!((recorded.connections, recorded.cut), (lengths.len() as u64, 0));
    assert_eq!(recorded.packets, packets);
    assert_eq!(secrets, Vec::<String>::new());
    assert_eq!(flows.len(), lengths.len());
    for (port, text) in ports.iter().zip(&texts) {
        let client: SocketAddr = (Ipv4Addr::LOCALHOST, *port).into();
        let flow = &flows[&(client, server.address())];
        assert_eq!(flow.handshake, ["S", "SA", "A"]);
        assert!(&flow.forth == text && &flow.back == text, "{} bytes differ", text.len());
        assert_eq!(flow.ended, 2);
    }
    check_with_tshark(&file, lengths.len());
}

#[test]
fn further_targets_and_secrets_go_into_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.pcapng");
    let (one, two) = (echo(LOOPBACK.into()), echo(LOOPBACK.into()));
    let mut relay = Relay::start(LOOPBACK.into(), one.address(), &file).unwrap();
    let other = relay.also(LOOPBACK.into(), two.address()).unwrap();
    assert_ne!(relay.address(), other);
    let (first, _) = call(relay.address(), b"first");
    let (second, _) = call(other, b"second");
    relay.secrets("CLIENT_RANDOM 00 11\n").unwrap();
    assert_eq!(relay.finish_blocking().unwrap().connections, 2);
    let recording = read(&file);
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    assert_eq!(recording.flows[&(local(first), one.address())].forth, b"first");
    assert_eq!(recording.flows[&(local(second), two.address())].forth, b"second");
    assert_eq!(recording.secrets, ["CLIENT_RANDOM 00 11\n"]);
}

#[test]
fn ipv6_is_written_as_ipv6() {
    let listen = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    if TcpListener::bind(listen).is_err() {
        println!("not run: this machine has no IPv6 loopback");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("relay.pcapng");
    let server = echo(listen);
    let relay = Relay::start(listen, server.address(), &file).unwrap();
    let (port, _) = call(relay.address(), b"text");
    // A client of the other family is written as a mapped address.
    let mut mixed = Relay::start(LOOPBACK.into(), server.address(), &folder.path().join("mixed"));
    let (mapped, _) = call(mixed.as_mut().unwrap().address(), b"mixed");
    assert_eq!(relay.finish_blocking().unwrap().connections, 1);
    assert_eq!(mixed.unwrap().finish_blocking().unwrap().connections, 1);
    let client = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
    assert_eq!(read(&file).flows[&(client, server.address())].back, b"text");
    let client = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), mapped));
    assert_eq!(
        read(&folder.path().join("mixed")).flows[&(client, server.address())].back,
        b"mixed"
    );
}

#[test]
fn a_target_that_is_gone_shows_as_an_ended_connection() {
    let folder = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap();
    let relay = Relay::start(LOOPBACK.into(), gone, &folder.path().join("file")).unwrap();
    let mut answer = Vec::new();
    let _ = TcpStream::connect(relay.address()).unwrap().read_to_end(&mut answer);
    assert!(answer.is_empty());
    let recorded = relay.finish_blocking().unwrap();
    assert_eq!((recorded.connections, recorded.packets), (0, 0));
}

#[test]
fn nothing_goes_on_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = echo(LOOPBACK.into());
    let relay =
        Relay::start(LOOPBACK.into(), server.address(), &folder.path().join("file")).unwrap();
    let address = relay.address();
    let mut open = TcpStream::connect(address).unwrap();
    open.write_all(b"text").unwrap();
    open.read_exact(&mut [0; 4]).unwrap();
    let begun = Instant::now();
    drop(relay);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(matches!(open.read(&mut [0; 1]), Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).is_err());
}

/// Wireshark's opinion: no packet malformed, every checksum right, nothing lost or repeated.
fn check_with_tshark(file: &Path, flows: usize) {
    let tshark = |args: &[&str]| {
        let done = Command::new("tshark").arg("-r").arg(file).args(args).output().ok()?;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Some(String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let checked = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"];
    let wrong = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || \
                 tcp.analysis.flags";
    let Some(found) = tshark(&[&checked[..], &["-Y", wrong]].concat()) else {
        println!("not run: tshark is not installed");
        return;
    };
    assert_eq!(found, "");
    let right = "ip.checksum.status == 1 && tcp.checksum.status == 1 && tcp.flags.fin == 1";
    let ends = tshark(&[&checked[..], &["-Y", right]].concat()).unwrap_or_default();
    assert_eq!(ends.lines().count(), 2 * flows);
}
