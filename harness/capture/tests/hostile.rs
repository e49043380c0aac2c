//! Files that lie. Nothing may panic, hang, or take more memory than it was given.

mod build;

use std::io::Write;

use build::{
    ACK, CLIENT, SERVER, Talk, block, client_hello, enhanced, pcap, pcapng, read_bytes, section,
    segment, server_hello,
};
use flate2::{Compression, write::GzEncoder};
use hallmark_capture::{Limits, read};
use hallmark_tls::KeyLog;
use proptest::prelude::*;

fn handshake() -> Vec<Vec<u8>> {
    let mut talk = Talk::begun();
    talk.client(&client_hello()).server(&server_hello());
    talk.packets
}

/// Packets and problems.
fn outcome(bytes: &[u8]) -> (u64, Vec<String>) {
    let (mut captured, _) = read_bytes(bytes, &Limits::default());
    let file = captured.files.remove(0);
    (file.packets, file.problems)
}

#[test]
fn a_file_cut_anywhere_is_read_as_far_as_it_goes() {
    for whole in [pcap(&handshake()), pcapng(&handshake())] {
        assert_eq!(outcome(&whole), (5, Vec::new()));
        let mut last = 0;
        for length in 0..whole.len() {
            let (packets, problems) = outcome(&whole[..length]);
            assert!((last..5).contains(&packets), "cut at {length}");
            // Only a cut between packets goes unnoticed.
            assert!(problems.len() == 1 || packets > last || problems.is_empty(), "{problems:?}");
            last = packets;
        }
        assert_eq!(last, 4);
    }
}

#[test]
fn what_is_no_capture_says_what_it_is() {
    let said: Vec<_> = [
        &b""[..],
        b"hello",
        b"\x28\xb5\x2f\xfd....",
        b"snoop\0\0\0....",
        b"PK\x03\x04....",
        b"\xd4\xc3\xb2\xa1..",
        b"\x0a\x0d\x0d\x0a\x1c\0\0\0",
    ]
    .into_iter()
    .map(outcome)
    .collect();
    insta::assert_debug_snapshot!(said);
}

#[test]
fn a_packet_of_four_gigabytes_ends_the_file() {
    let mut file = pcap(&handshake());
    for field in [0_u32, 0, u32::MAX, u32::MAX] {
        file.extend_from_slice(&field.to_le_bytes());
    }
    file.extend_from_slice(&[0; 1000]);
    let (packets, problems) = outcome(&file);
    assert_eq!(packets, 5);
    insta::assert_debug_snapshot!(problems, @r#"
    [
        "packet 6 at byte 577 claims 4294967295 bytes: not read further",
    ]
    "#);
}

#[test]
fn blocks_with_wrong_lengths_are_passed_over_or_end_the_file() {
    let packet = enhanced(false, &handshake()[0], &[]);
    let with = |bytes: &[u8]| [&section(false)[..], bytes, &packet].concat();
    let lengths = [0_u32, 8, 11, 16, u32::MAX];
    let said: Vec<_> = lengths
        .into_iter()
        .map(|length| {
            // Process information: its parser in pcap-parser panics on lengths below 12.
            let block = [0x8000_0001, length, 0, length].map(u32::to_le_bytes).concat();
            (length, outcome(&with(&block)))
        })
        .collect();
    insta::assert_debug_snapshot!(said);
}

#[test]
fn a_packet_larger_than_its_block_is_passed_over() {
    let body = [0, 0, 0, 0x7fff_fff0, 0x7fff_fff0].map(u32::to_le_bytes).concat();
    let packet = enhanced(false, &handshake()[0], &[]);
    let file = [section(false), block(false, 6, &body), block(false, 2, &body), packet].concat();
    let (packets, problems) = outcome(&file);
    assert_eq!(packets, 1);
    insta::assert_debug_snapshot!(problems, @r#"
    [
        "a packet block that cannot be read at byte 48: passed over",
        "a packet block that cannot be read at byte 80: passed over",
    ]
    "#);
}

#[test]
fn options_that_lie_harm_nobody() {
    let options: [&[u8]; 4] = [
        &[0xff, 0xff, 0xff, 0xff],
        &[1, 0, 0xff, 0xff, 0, 0, 0, 0],
        &[9, 0, 1, 0, 0xff, 0, 0, 0, 14, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0; 4096],
    ];
    for options in options {
        let interface = [&[101, 0, 0, 0, 0, 0, 0, 0][..], options].concat();
        let mut file = section(false);
        file.extend(block(false, 1, &interface));
        let mut packet = enhanced(false, &handshake()[0], options);
        packet[8] = 1;
        file.extend(packet);
        assert_eq!(outcome(&file), (1, Vec::new()), "{options:?}");
    }
}

#[test]
fn sections_in_both_byte_orders_follow_each_other() {
    let packet = &handshake()[0];
    let mut file = Vec::new();
    for big_endian in [true, false, true] {
        file.extend(section(big_endian));
        file.extend(enhanced(big_endian, packet, &[]));
    }
    // Interfaces of one section mean nothing in the next.
    file.extend(&section(false)[..28]);
    file.extend(enhanced(false, packet, &[]));
    let (packets, problems) = outcome(&file);
    assert_eq!(packets, 3);
    insta::assert_debug_snapshot!(problems, @r#"
    [
        "a packet of an interface that was not described at byte 388: passed over",
    ]
    "#);
}

#[test]
fn compressed_captures_are_read_and_cut_ones_say_so() {
    let compress = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    };
    let whole = pcapng(&handshake());
    let (one, other) = whole.split_at(100);
    assert_eq!(outcome(&compress(&whole)), (5, Vec::new()));
    let members = [compress(one), compress(other)].concat();
    assert_eq!(outcome(&members), (5, Vec::new()), "members follow each other");
    let (packets, problems) = outcome(&members[..members.len() - 60]);
    assert!(packets < 5 && !problems.is_empty(), "{packets} {problems:?}");
    assert_eq!(outcome(&compress(&compress(&whole))).1, ["compressed with gzip twice: not read"]);
}

#[test]
fn a_missing_file_and_a_folder_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in [folder.path().join("missing"), folder.path().to_owned()] {
        let mut heard = build::Heard::default();
        let files = [path];
        let result = read(&files, &KeyLog::default(), &Limits::default(), &mut heard, &mut |_| {});
        assert!(result.is_err(), "{}", files[0].display());
    }
}

#[test]
fn no_more_waits_for_reassembly_than_allowed() {
    // Every other byte of every stream is missing.
    let mut packets = Vec::new();
    for n in 0..20_000_u32 {
        let port = 1000 + u16::try_from(n % 50).expect("small");
        let from = build::End(1, port);
        packets.push(segment(from, SERVER, ACK, 1 + n * 3000, 1, &[b'x'; 1400]));
    }
    let limits = Limits { reassembly: 1 << 20, per_direction: 1 << 18, ..Limits::default() };
    let (captured, heard) = read_bytes(&pcap(&packets), &limits);
    let bytes: usize = heard.raw.values().map(Vec::len).sum();
    assert_eq!((captured.flows.len(), bytes), (50, 20_000 * 1400), "nothing that came is lost");
    let warned = captured.flows.iter().filter(|flow| {
        flow.problems.iter().any(|line| line.starts_with("more waited behind a gap"))
    });
    assert!(warned.count() > 0);
}

#[test]
fn handshakes_that_never_become_whole_are_bounded_together() {
    let message = [&[22, 3, 3, 0x02, 0, 1, 0, 0x20, 0, 3, 3][..], &[0; 506]].concat();
    let packets: Vec<_> =
        (0..1000).map(|n| segment(build::End(1, 1000 + n), SERVER, ACK, 1, 1, &message)).collect();
    let limits = Limits { reassembly: 100_000, ..Limits::default() };
    let (captured, _) = read_bytes(&pcap(&packets), &limits);
    let given_up = captured
        .flows
        .iter()
        .filter(|flow| flow.problems == ["unfinished messages were given up: too much is held"]);
    assert_eq!(given_up.count(), 1000 - 100_000 / 512);
}

#[test]
fn what_cannot_be_read_is_heard_all_the_same() {
    let mut file = pcap(&[b"a canary in a packet of an unknown kind".to_vec()]);
    file[20] = 200;
    let (captured, heard) = read_bytes(&file, &Limits::default());
    assert_eq!((captured.flows.len(), heard.datagrams), (0, 1));
    assert_eq!(captured.files[0].problems, ["1 packets not read: link type 200 is not supported"]);
}

#[test]
fn a_handshake_without_end_is_bounded() {
    // Certificates of 16 MB are announced, and keep coming.
    let mut talk = Talk::begun();
    talk.client(&client_hello()).server(&server_hello());
    talk.server(&[22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff]);
    for _ in 0..200 {
        talk.server(&[&[22, 3, 3, 0x10, 0][..], &[0; 4096]].concat());
    }
    let (captured, _) = read_bytes(&pcap(&talk.packets), &Limits::default());
    let [flow] = captured.flows.as_slice() else { panic!("one flow") };
    assert!(flow.problems[0].starts_with("handshake of the server"), "{:?}", flow.problems);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Bytes altered anywhere, in either format.
    #[test]
    fn altered_files_harm_nobody(
        ng in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = if ng { pcapng(&handshake()) } else { pcap(&handshake()) };
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let (packets, _) = outcome(&file);
        prop_assert!(packets <= file.len() as u64 / 12);
    }

    /// Anything after a SYN, from both sides.
    #[test]
    fn any_words_harm_nobody(
        words in prop::collection::vec((any::<bool>(), words()), 0..12),
    ) {
        let mut talk = Talk::begun();
        for (from_client, words) in &words {
            if *from_client { talk.client(words) } else { talk.server(words) };
        }
        let (captured, heard) = read_bytes(&pcap(&talk.packets), &Limits::default());
        let said: usize = words.iter().map(|(_, words)| words.len()).sum();
        prop_assert_eq!(heard.raw.values().map(Vec::len).sum::<usize>(), said);
        prop_assert_eq!(captured.flows.len(), 1);
    }

    /// Any packet over any link.
    #[test]
    fn any_packet_harms_nobody(
        link_type in prop_oneof![0..300_u32, Just(1), Just(101), Just(113), Just(127), Just(276)],
        packet in prop::collection::vec(any::<u8>(), 0..200),
        inside in any::<bool>(),
    ) {
        let packet = if inside {
            segment(CLIENT, SERVER, 0x1f, 5, 6, &packet)
        } else {
            packet
        };
        let mut file = pcap(&[packet]);
        file[20..24].copy_from_slice(&link_type.to_le_bytes());
        prop_assert_eq!(outcome(&file).0, 1);
    }
}

/// Records that are nearly right, and noise.
fn words() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        Just(client_hello()),
        Just(server_hello()),
        (20..25_u8, 0..5_u8, prop::collection::vec(any::<u8>(), 0..100)).prop_map(
            |(kind, minor, body)| {
                let length = u16::try_from(body.len()).expect("short").to_be_bytes();
                [&[kind, 3, minor, length[0], length[1]][..], &body].concat()
            }
        ),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(kind, body)| {
            let length = u8::try_from(body.len()).expect("short");
            [&[22, 3, 3, 0, length + 4, kind % 26, 0, 0, length][..], &body].concat()
        }),
    ]
}
