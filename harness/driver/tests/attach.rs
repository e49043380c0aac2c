//! Drivers that somebody else started: honest ones, and ones that make trouble.

#[path = "../src/bin/fake/toy.rs"]
mod toy;

use std::{
    io::{BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixListener,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use hallmark_driver::{
    Address, Attach, Deadlines, Guard, Manifest, Unreachable, check, protocol::ops, sdk,
};

/// Serves each connection on a thread of its own with this; returns the address.
fn listening(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> Address {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    Address::Tcp(address)
}

fn honest(stream: TcpStream) {
    let reader = BufReader::new(stream.try_clone().unwrap());
    let _ = sdk::serve(&mut toy::Toy::saying(None), reader, stream);
}

fn attach(address: Address) -> Attach {
    let operation = Duration::from_millis(500);
    let deadlines = Deadlines { hello: operation, operation };
    Attach { deadlines, ..Attach::to("attach:it", address) }
}

#[tokio::test]
async fn each_connection_is_a_device() {
    let driver = Attach::to("attach:toy", listening(honest));
    let report = check(&driver).await;
    assert!(report.is_conformant(), "{report}");
    assert!(report.to_string().contains("attached to, so its end cannot be seen"), "{report}");

    let mut one = driver.connect().await.unwrap();
    let mut other = driver.connect().await.unwrap();
    for (device, name) in [(&mut one, "alice"), (&mut other, "bob")] {
        let args = ops::IdentityCreate { name: name.to_owned() };
        assert_eq!(device.call(&args).await.to_string(), "ok");
    }
    let keys = (one.call(&ops::IdentityPublic {}).await, other.call(&ops::IdentityPublic {}).await);
    assert_ne!(keys.0.ok().unwrap(), keys.1.ok().unwrap());
    let [said] = one.isolation().try_into().unwrap();
    assert!(said.starts_with("none enforced: the driver was started by somebody else"), "{said}");
}

#[tokio::test]
async fn a_unix_socket_is_found_from_the_manifests_folder() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("d.sock")).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let reader = BufReader::new(stream.try_clone().unwrap());
            let _ = sdk::serve(&mut toy::Toy::saying(None), reader, stream);
        }
    });
    let text = "name = \"toy\"\nprotocol = \"hallmark-driver/2\"\nattach = \"unix:d.sock\"\n\
                licence = \"MIT\"\ncandidate = { name = \"Toy\", version = \"1\" }\n";
    let manifest = Manifest::parse("driver.toml", text, folder.path()).unwrap();
    let driver = manifest.connect("toy", Guard::this_executable()).unwrap();
    let connection = driver.connect().await.unwrap();
    assert_eq!(connection.hello().candidate.name, "Toy");
    assert!(!connection.is_process());
}

#[tokio::test]
async fn where_nobody_listens_it_says_so_with_the_manifests_note() {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let note = Some("Start the app first.".to_owned());
    let driver = Attach { note, ..attach(Address::Tcp(free)) };
    let Err(error @ Unreachable::Attach { .. }) = driver.connect().await else { panic!() };
    let said = error.to_string();
    assert!(said.starts_with(&format!("could not attach to the driver at {free}: ")), "{said}");
    assert!(said.ends_with("; its manifest notes: Start the app first."), "{said}");
    let nowhere = attach(Address::Unix(Path::new("/nowhere/d.sock").to_owned()));
    assert!(matches!(nowhere.connect().await, Err(Unreachable::Attach { .. })));
}

/// Each of these ends soon, as an outcome of its own, and takes little memory.
#[tokio::test]
async fn hostile_listeners_are_unreachable() {
    let flood = |mut stream: TcpStream| {
        let chunk = [b'x'; 64 * 1024];
        while stream.write_all(&chunk).is_ok() {}
    };
    let lines = |mut stream: TcpStream| while stream.write_all(b"{}\n").is_ok() {};
    let silent = |mut stream: TcpStream| {
        let _ = stream.read_to_end(&mut Vec::new());
    };
    let half = |mut stream: TcpStream| {
        let _ = stream.write_all(b"{\"id\":1,\"ok\":{\"protocol\"");
    };
    let http = |mut stream: TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    };
    let mut shown = Vec::new();
    for (what, address) in [
        ("closes", listening(drop)),
        ("never answers", listening(silent)),
        ("floods", listening(flood)),
        ("floods with lines", listening(lines)),
        ("half an answer", listening(half)),
        ("another protocol", listening(http)),
    ] {
        let start = Instant::now();
        // Time for 16 MiB even on a busy machine, but for the one that never answers.
        let mut driver = attach(address);
        if what != "never answers" {
            driver.deadlines.hello = Duration::from_secs(20);
        }
        let Err(error) = driver.connect().await else { panic!("{what} said hello") };
        assert!(start.elapsed() < Duration::from_secs(20), "{what}: {:?}", start.elapsed());
        shown.push(format!("{what}: {error}"));
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_listener_that_stops_later_breaks_the_connection() {
    let once = |stream: TcpStream| {
        let mut device = toy::Toy::saying(None);
        let mut version = hallmark_driver::protocol::Version::V1;
        let mut line = Vec::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let _ = std::io::BufRead::read_until(&mut reader, b'\n', &mut line);
        let (answer, _) = sdk::answer_line(&mut device, &mut version, &line);
        let _ = serde_json::to_writer(&stream, &answer);
        let _ = (&stream).write_all(b"\n");
    };
    let mut connection = attach(listening(once)).connect().await.unwrap();
    let first = connection.call(&ops::Ping {}).await.to_string();
    assert_eq!(first, "the driver closed the connection");
    assert_eq!(connection.call(&ops::Ping {}).await.to_string(), first);
}
