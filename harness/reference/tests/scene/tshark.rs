//! What Wireshark reads with the logged keys: an opinion that is not ours.

use std::process::Command;

use crate::world::World;

/// The decrypted streams, both directions of each in one, or nothing where tshark is not
/// installed.
pub(crate) fn decrypted(world: &World) -> Option<Vec<Vec<u8>>> {
    let count = crate::capture::streams(&world.played.capture).len();
    let follow = (0..count).flat_map(|of| ["-z".to_owned(), format!("follow,tls,raw,{of}")]);
    let asked = Command::new("tshark")
        .args(["-q", "-o", &format!("tls.keylog_file:{}", world.played.keylog.display())])
        .args(follow)
        .arg("-r")
        .arg(&world.played.capture)
        .output();
    let Ok(done) = asked else {
        println!("not run: tshark is not installed");
        return None;
    };
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let streams: Vec<_> = text.split("Follow: tls,raw").skip(1).map(bytes).collect();
    assert_eq!(streams.len(), count);
    Some(streams)
}

/// The lines of one stream that are hexadecimal; those of the server are indented.
fn bytes(section: &str) -> Vec<u8> {
    let hex = |line: &str| -> Option<Vec<u8>> {
        let line = line.trim();
        let pairs = (0..line.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(line.get(at..at + 2)?, 16).ok()).collect()
    };
    section.lines().filter_map(hex).flatten().collect()
}
