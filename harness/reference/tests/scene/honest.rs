//! The scene without faults.

use std::{fs, time::Instant};

use crate::{
    capture::{hello, streams},
    tshark::decrypted,
    world::{holds, holds_base64, scene},
};

#[test]
fn everything_is_delivered_over_tls_13() {
    let begun = Instant::now();
    let world = scene(&[]);
    println!("played in {:?}", begun.elapsed());
    let streams = streams(&world.played.capture);
    let main = world.server.address().port();
    let media = world.server.media_address().port();
    let servers: Vec<_> = streams.keys().map(|(server, _)| *server).collect();
    assert_eq!(servers.iter().filter(|port| **port == main).count(), 2);
    assert_eq!(servers.iter().filter(|port| **port == media).count(), 2);
    assert_eq!(servers.len(), 4);
    for stream in streams.values() {
        assert_eq!(hello(stream), Some((0x0303, 0x1302)), "TLS_AES_256_GCM_SHA384");
        let texts = world.played.canaries.iter().chain(&world.played.controls);
        for text in texts {
            for bytes in [&stream.forth, &stream.back] {
                assert!(!holds(bytes, text.as_bytes()));
            }
        }
    }
    let keylog = fs::read_to_string(&world.played.keylog).unwrap();
    let count = |label: &str| keylog.lines().filter(|line| line.starts_with(label)).count();
    assert_eq!(count("CLIENT_TRAFFIC_SECRET_0 "), 4);
    assert_eq!(count("SERVER_TRAFFIC_SECRET_0 "), 4);
}

#[test]
fn the_control_stands_in_every_stream_and_no_canary_does() {
    let world = scene(&[]);
    let Some(streams) = decrypted(&world) else { return };
    assert_eq!(streams.len(), 4);
    for stream in streams {
        assert!(holds(&stream, world.played.controls[0].as_bytes()));
        for canary in &world.played.canaries {
            assert!(!holds(&stream, canary.as_bytes()) && !holds_base64(&stream, canary));
        }
    }
}

#[test]
fn stores_hold_the_control_and_no_canary() {
    let world = scene(&[]);
    let files = world.files();
    let names: Vec<_> = files.iter().map(|(path, _)| path.to_string_lossy()).collect();
    insta::assert_snapshot!(names.join("\n"));
    for part in ["server/index.jsonl", "phones/alice.backup", "phones/bob.backup"] {
        let (_, bytes) = files.iter().find(|(path, _)| path.to_str() == Some(part)).unwrap();
        assert!(holds(bytes, world.played.controls[0].as_bytes()), "{part}");
    }
    for (path, bytes) in &files {
        for canary in &world.played.canaries {
            let found = holds(bytes, canary.as_bytes()) || holds_base64(bytes, canary);
            assert!(!found, "{canary} in {}", path.display());
        }
    }
}

#[test]
fn one_server_bears_several_scenes() {
    let world = scene(&[]);
    let folder = tempfile::tempdir().unwrap();
    let play = hallmark_reference::scene::play;
    let again = play(&world.server, &Default::default(), folder.path(), 1).unwrap();
    assert_ne!(again.canaries, world.played.canaries);
    assert_eq!(streams(&again.capture).len(), 4);
}

#[test]
fn a_scene_without_its_server_says_so() {
    let world = scene(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = hallmark_reference::scene::play(&world.server, &Default::default(), &file, 1);
    let said = refused.unwrap_err().to_string();
    assert!(said.starts_with("failed to make the folder of the scene: "), "{said}");
}
