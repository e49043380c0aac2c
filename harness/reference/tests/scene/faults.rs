//! What each fault of the app and of its traffic leaves behind. The controls are in `honest.rs`.

use hallmark_reference::Fault;

use crate::{
    capture::{Stream, hello, streams},
    tshark::decrypted,
    world::{World, holds, holds_base64, scene},
};

fn media(world: &World) -> Vec<Stream> {
    let port = world.server.media_address().port();
    let all = streams(&world.played.capture);
    let media: Vec<_> = all.into_iter().filter(|((server, _), _)| *server == port).collect();
    assert_eq!(media.len(), 2);
    media.into_iter().map(|(_, stream)| stream).collect()
}

/// Version and suite of the streams to the media server, and that they hold no canary.
fn media_of(fault: Fault) -> (u16, u16) {
    let world = scene(&[fault]);
    let media = media(&world);
    let hellos: Vec<_> = media.iter().map(|stream| hello(stream).unwrap()).collect();
    assert_eq!(hellos[0], hellos[1]);
    if let Some(streams) = decrypted(&world) {
        for stream in streams {
            assert!(holds(&stream, world.played.controls[0].as_bytes()));
            for canary in &world.played.canaries {
                assert!(!holds(&stream, canary.as_bytes()) && !holds_base64(&stream, canary));
            }
        }
    }
    hellos[0]
}

/// How many canaries stand in the decrypted streams, as they are and in base64.
fn in_transit(world: &World) -> Option<[usize; 2]> {
    let all = decrypted(world)?.concat();
    let count = |found: &dyn Fn(&String) -> bool| {
        world.played.canaries.iter().filter(|canary| found(canary)).count()
    };
    Some([
        count(&|canary| holds(&all, canary.as_bytes())),
        count(&|canary| holds_base64(&all, canary)),
    ])
}

/// The same in stored files, with the part of the store in which they stand.
fn at_rest(world: &World) -> Vec<(String, &'static str, usize)> {
    let mut found = Vec::new();
    for (path, bytes) in world.files() {
        let count = |stands: &dyn Fn(&String) -> bool| {
            world.played.canaries.iter().filter(|canary| stands(canary)).count()
        };
        let plain = count(&|canary| holds(&bytes, canary.as_bytes()));
        let encoded = count(&|canary| holds_base64(&bytes, canary));
        for (how, count) in [("plain", plain), ("base64", encoded)] {
            if count > 0 {
                found.push((path.to_string_lossy().into_owned(), how, count));
            }
        }
    }
    found
}

#[test]
fn media_tls10() {
    assert_eq!(media_of(Fault::MediaTls10), (0x0301, 0xC014));
}

#[test]
fn media_static_rsa() {
    assert_eq!(media_of(Fault::MediaStaticRsa), (0x0303, 0x009D));
}

#[test]
fn media_null_cipher() {
    assert_eq!(media_of(Fault::MediaNullCipher), (0x0303, 0xC010));
    // Nothing hides the control; the attachment is sealed all the same.
    let world = scene(&[Fault::MediaNullCipher]);
    for stream in media(&world) {
        assert!(holds(&stream.forth, world.played.controls[0].as_bytes()));
    }
}

#[test]
fn plaintext_port() {
    let world = scene(&[Fault::PlaintextPort]);
    let port = world.server.notices_address().unwrap().port();
    let streams = streams(&world.played.capture);
    let clear: Vec<_> = streams.iter().filter(|((server, _), _)| *server == port).collect();
    assert_eq!(clear.len(), 4);
    for (_, stream) in &clear {
        assert!(stream.forth.starts_with(b"PRESENCE ") && stream.back.starts_with(b"NOTICE "));
        assert!(holds(&stream.forth, world.played.controls[0].as_bytes()));
        for canary in &world.played.canaries {
            assert!(!holds(&stream.forth, canary.as_bytes()));
        }
    }
    assert_eq!(streams.len(), 4 + clear.len());
    assert!(scene(&[]).server.notices_address().is_none());
}

#[test]
fn canary_in_clear() {
    let world = scene(&[Fault::CanaryInClear]);
    assert_eq!(at_rest(&world), []);
    // Four messages; the attachment is not in a preview.
    assert_eq!(in_transit(&world).unwrap_or([4, 0]), [4, 0]);
}

#[test]
fn canary_base64_in_store() {
    let world = scene(&[Fault::CanaryBase64InStore]);
    let found = ["alice", "bob"].map(|name| (format!("phones/{name}.backup"), "base64", 4));
    assert_eq!(at_rest(&world), found);
    assert_eq!(in_transit(&world).unwrap_or([0, 0]), [0, 0]);
}

#[test]
fn leak_plaintext_shows_in_transit_and_at_rest() {
    let world = scene(&[Fault::LeakPlaintext]);
    let found = at_rest(&world);
    assert!(
        !found.is_empty()
            && found
                .iter()
                .all(|(path, how, _)| { path.starts_with("server/messages/") && *how == "base64" }),
        "{found:?}"
    );
    assert_eq!(in_transit(&world).unwrap_or([0, found.len()]), [0, found.len()]);
}

#[test]
fn the_scene_is_played_whatever_the_fault() {
    let declares = |fault: Fault, check| fault.declared().iter().any(|turn| turn.check == check);
    for fault in Fault::ALL {
        let world = scene(&[fault]);
        let stored = declares(fault, "traffic/canaries-at-rest");
        assert_eq!(!at_rest(&world).is_empty(), stored, "{fault}");
    }
    let world = scene(&Fault::ALL);
    assert!(!at_rest(&world).is_empty());
}
