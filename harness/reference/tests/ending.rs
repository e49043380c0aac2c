//! Nothing is left of a server and a scene once they are over. Alone in its process, because it
//! counts threads.

#![expect(clippy::print_stdout, reason = "what could not be run is told to people")]

use std::{fs, net::TcpStream};

use hallmark_reference::{
    Fault, Faults, ReferenceServer,
    scene::{Played, SceneError, play},
};

/// Threads of this process, where the system tells.
fn threads() -> Option<usize> {
    Some(fs::read_dir("/proc/self/task").ok()?.count())
}

/// A scene may be played on a thread of somebody else's runtime.
fn elsewhere<T: Send>(play: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(play).join().unwrap())
}

#[test]
fn no_thread_and_no_port_is_left() {
    let Some(before) = threads() else {
        println!("not run: this system does not list threads in /proc");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::from(Fault::PlaintextPort);
    let server = ReferenceServer::start(&faults, folder.path()).unwrap();
    let played: Result<Played, SceneError> = elsewhere(|| play(&server, &faults, folder.path(), 1));
    assert!(played.is_ok());
    let open = TcpStream::connect(server.address()).unwrap();
    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    assert_eq!(threads(), Some(before));
    drop(open);
}
