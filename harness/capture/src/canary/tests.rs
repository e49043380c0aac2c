//! Planted and found; not planted and not found; at any place, in any form, in any chunks.

use std::{collections::BTreeSet, fs};

use proptest::prelude::*;

use super::{forms::forms, *};

const TEXT: &str = "NHSCANARY-7f3a: <b>\"O'Neil\" & caf\u{e9}/1</b>";

fn hunter(texts: &[&str]) -> Hunter {
    let canaries: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| Canary::new(format!("canary-{}", n + 1), *text).unwrap())
        .collect();
    Hunter::new(&canaries)
}

/// Encodings and offsets found in one stream that arrives in these chunks.
fn found(hunter: &mut Hunter, chunks: &[&[u8]]) -> Vec<(&'static str, u64)> {
    let mut offset = 0;
    for chunk in chunks {
        hunter.bytes(1, Side::Client, Layer::Raw, offset, chunk);
        offset += chunk.len() as u64;
    }
    hunter.hits().iter().map(|hit| (hit.encoding, hit.offset)).collect()
}

fn encodings(text: &str, bytes: &[u8]) -> BTreeSet<&'static str> {
    found(&mut hunter(&[text]), &[bytes]).into_iter().map(|(encoding, _)| encoding).collect()
}

#[test]
fn the_forms_are_these() {
    let shown: Vec<_> = forms("Caf\u{e9} \"9/A\"&-_=")
        .iter()
        .map(|form| format!("{:<17} {}", form.encoding, form.bytes.escape_ascii()))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

/// What other programs write: typed, not computed by the code under test.
#[test]
fn what_other_programs_write_is_found() {
    // python3: base64, urllib.parse, json, html, quopri, codecs, applied to this text.
    let text = "Bed 7? M\u{fc}ller & S\u{f8}n";
    for (encoding, written) in [
        ("utf-8", "Bed 7? M\u{fc}ller & S\u{f8}n"),
        ("hex", "42656420373f204dc3bc6c6c657220262053c3b86e"),
        ("hex", "42656420373F204DC3BC6C6C657220262053C3B86E"),
        ("base64", "QmVkIDc/IE3DvGxsZXIgJiBTw7hu"),
        ("base64url", "QmVkIDc_IE3DvGxsZXIgJiBTw7hu"),
        ("base64", "eEJlZCA3PyBNw7xsbGVyICYgU8O4bg=="),
        ("base64", "eHhCZWQgNz8gTcO8bGxlciAmIFPDuG4="),
        ("base64-utf-16le", "QgBlAGQAIAA3AD8AIABNAPwAbABsAGUAcgAgACYAIABTAPgAbgA="),
        ("percent", "Bed%207%3F%20M%C3%BCller%20%26%20S%C3%B8n"),
        ("percent", "Bed+7%3F+M%C3%BCller+%26+S%C3%B8n"),
        ("percent", "Bed%207%3f%20M%c3%bcller%20%26%20S%c3%b8n"),
        ("json-escape", r"Bed 7? M\u00fcller & S\u00f8n"),
        ("json-escape", r"Bed 7? M\u00fcller \u0026 S\u00f8n"),
        ("html-entities", "Bed 7? M\u{fc}ller &amp; S\u{f8}n"),
        ("html-entities", "Bed 7? M&#252;ller &amp; S&#248;n"),
        ("html-entities", "Bed 7? M&#xfc;ller &amp; S&#xf8;n"),
        ("quoted-printable", "Bed 7? M=C3=BCller & S=C3=B8n"),
    ] {
        let shown = encodings(text, format!("[{written}]").as_bytes());
        assert_eq!(shown, BTreeSet::from([encoding]), "{written}");
    }
    let every = (text.bytes().map(|b| format!("%{b:02x}"))).collect::<String>();
    assert_eq!(encodings(text, every.as_bytes()), BTreeSet::from(["percent"]));
    let every = (text.encode_utf16().map(|u| format!("\\u{u:04X}"))).collect::<String>();
    assert_eq!(encodings(text, every.as_bytes()), BTreeSet::from(["json-escape"]));
}

#[test]
fn a_json_string_within_a_json_string_is_found() {
    let inner = serde_json::to_string(TEXT).unwrap();
    let outer = serde_json::to_string(&serde_json::json!({ "push": inner })).unwrap();
    assert_eq!(encodings(TEXT, outer.as_bytes()), BTreeSet::from(["json-escape"]));
}

#[test]
fn line_breaks_within_base64_hex_and_quoted_printable_are_no_hiding_place() {
    let text = "NHSCANARY-7f3a-with-a-tail-that-is-long-enough-for-a-break";
    let wrap = |written: &str, columns: usize, end: &str| -> Vec<u8> {
        written.as_bytes().chunks(columns).collect::<Vec<_>>().join(end.as_bytes())
    };
    let base64 = "eHhOSFNDQU5BUlktN2YzYS13aXRoLWEtdGFpbC10aGF0LWlzLWxvbmctZW5vdWdoLWZvci1hLWJyZWFr";
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (encoding, written, columns, end) in [
        ("base64-folded", base64, 64, "\r\n"),
        ("base64-folded", base64, 76, "\n"),
        ("base64-folded", base64, 20, "\r\n"),
        ("hex-folded", &hex, 60, "\n"),
        ("utf-8-folded", text, 40, "=\r\n"),
    ] {
        let lines = wrap(written, columns, end);
        // The core starts where it starts; breaks within it do not move it.
        let first = if encoding == "base64-folded" { 3 } else { 0 };
        for split in 0..lines.len() {
            let (one, two) = lines.split_at(split);
            let shown = found(&mut hunter(&[text]), &[one, two]);
            assert_eq!(shown, [(encoding, first)], "{written} in {columns} columns at {split}");
        }
    }
    // Without a break it is found once, under the plain name.
    assert_eq!(found(&mut hunter(&[text]), &[base64.as_bytes()]), [("base64", 3)]);
}

#[test]
fn equals_signs_stay_where_no_line_break_follows() {
    let text = "key==value==NHS";
    assert_eq!(found(&mut hunter(&[text]), &[b"key==val\nue==NHS"]), [("utf-8-folded", 0)]);
    assert_eq!(found(&mut hunter(&[text]), &[b"key==val=\r\nue==NHS"]), [("utf-8-folded", 0)]);
    assert_eq!(found(&mut hunter(&[text]), &[b"==key==value==NHS"]), [("utf-8", 2)]);
    assert_eq!(found(&mut hunter(&[text]), &[b"key=value=NHS"]), []);
}

#[test]
fn utf_16_is_one_hit_in_the_byte_order_that_fits() {
    let wide = |text: &str, big: bool| -> Vec<u8> {
        let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    };
    for (big, encoding) in [(false, "utf-16le"), (true, "utf-16be")] {
        let bytes = wide("before NHSCANARY-7f3a after NHSCANARY-7f3a", big);
        let shown = found(&mut hunter(&["NHSCANARY-7f3a"]), &[&bytes]);
        assert_eq!(shown, [(encoding, 14), (encoding, 56)]);
    }
}

#[test]
fn a_gap_cuts_and_streams_do_not_mix() {
    let text = "NHSCANARY-7f3a";
    let (one, two) = text.as_bytes().split_at(6);
    let mut cut = hunter(&[text]);
    cut.bytes(1, Side::Client, Layer::Raw, 0, one);
    cut.gap(1, Side::Client, Layer::Raw);
    cut.bytes(1, Side::Client, Layer::Raw, 6, two);
    assert_eq!(cut.hits(), []);
    // An offset that does not continue is a gap, told or not.
    cut.bytes(2, Side::Client, Layer::Raw, 0, one);
    cut.bytes(2, Side::Client, Layer::Raw, 7, two);
    assert_eq!(cut.hits(), []);
    // Neither other flows, nor the other side, nor the other layer continue it.
    cut.bytes(3, Side::Client, Layer::Raw, 0, one);
    cut.bytes(4, Side::Client, Layer::Raw, 6, two);
    cut.bytes(3, Side::Server, Layer::Raw, 6, two);
    cut.bytes(3, Side::Client, Layer::Decrypted, 6, two);
    cut.datagram(3, Side::Client, one);
    cut.datagram(3, Side::Client, two);
    assert_eq!(cut.hits(), []);
    // But the stream itself goes on.
    cut.bytes(3, Side::Client, Layer::Raw, 6, two);
    let place = Place::Flow { flow: 3, side: Side::Client, layer: Layer::Raw };
    assert_eq!(cut.hits(), [Hit { canary: 0, place, encoding: "utf-8", offset: 0 }]);
}

#[test]
fn texts_that_mean_nothing_are_refused() {
    let refused = |text: &str| Canary::new("canary-1", text).unwrap_err().to_string();
    assert_eq!(refused(""), "canary-1 has 0 character(s); fewer than 8 are found by chance");
    assert_eq!(refused("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}").split(';').count(), 2);
    assert_eq!(refused(&"x".repeat(513)), "canary-1 has 513 characters; the most is 512");
    assert!(Canary::new("canary-1", "x".repeat(512)).is_ok());
}

#[test]
fn a_canary_does_not_show_its_text() {
    let canary = Canary::new("canary-1", "NHSCANARY-7f3a").unwrap();
    let shown = format!("{canary:?} {:?}", Hunter::new(std::slice::from_ref(&canary)));
    assert!(!shown.contains("NHSCANARY"), "{shown}");
}

#[test]
fn hits_are_capped_and_counted() {
    let mut hunter = hunter(&["NHSCANARY-7f3a"]);
    let many = b"NHSCANARY-7f3a".repeat(5_000);
    hunter.bytes(1, Side::Server, Layer::Raw, 0, &many);
    hunter.bytes(2, Side::Server, Layer::Raw, 0, b"NHSCANARY-7f3a");
    assert_eq!((hunter.hits().len(), hunter.total(0)), (1_001, 5_001));
}

#[test]
fn many_long_canaries_are_found_too() {
    let texts: Vec<String> =
        (0..100).map(|n| format!("NHSCANARY-{n:03}-{}", "z".repeat(60))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut hunter = hunter(&texts);
    let shown = found(&mut hunter, &[b"..", texts[7].as_bytes(), b"..", texts[99].as_bytes()]);
    assert_eq!(shown, [("utf-8", 2), ("utf-8", 78)]);
}

#[test]
fn nothing_to_look_for_finds_nothing() {
    let mut hunter = hunter(&[]);
    assert_eq!(found(&mut hunter, &[&[0; 4096], b"NHSCANARY"]), []);
    assert_eq!(hunter.total(0), 0);
}

#[test]
fn a_storage_folder_is_searched_with_its_names_and_without_its_links() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("store");
    fs::create_dir_all(inside.join("b/NHSCANARY%2d7f3a")).unwrap();
    fs::write(inside.join("b/archive.list"), "x = \"NHSCANARY-7f3a\"\n").unwrap();
    // Across the boundary of two chunks.
    let mut large = vec![b'.'; 2 * 64 * 1024];
    large[65_530..65_544].copy_from_slice(b"NHSCANARY-7f3a");
    fs::write(inside.join("large"), large).unwrap();
    fs::write(folder.path().join("outside"), "NHSCANARY-7f3a").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join("outside"), inside.join("link")).unwrap();
        std::os::unix::fs::symlink(&inside, inside.join("round")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(inside.join("socket")).unwrap();
        drop(socket);
    }
    let mut hunter = hunter(&["NHSCANARY-7f3a"]);
    let searched = hunter.search_folder(&inside);
    insta::assert_debug_snapshot!(
        hunter.hits().iter().map(|hit| (&hit.place, hit.encoding, hit.offset)).collect::<Vec<_>>()
    );
    #[cfg(unix)]
    insta::assert_debug_snapshot!(searched);
}

#[test]
fn a_single_file_and_a_missing_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("msgs.db"), "NHSCANARY-7f3a").unwrap();
    let mut hunter = hunter(&["NHSCANARY-7f3a"]);
    let searched = hunter.search_folder(&folder.path().join("msgs.db"));
    assert_eq!((searched.files, hunter.total(0)), (1, 1));
    let searched = hunter.search_folder(&folder.path().join("absent"));
    assert_eq!((searched.files, searched.unreadable, searched.problems.len()), (0, 1, 1));
}

/// Chunks of one stream, cut at these places.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

proptest! {
    #[test]
    fn every_form_is_found_wherever_it_stands_and_however_it_arrives(
        text in "[A-Za-z0-9<>&\"'/ \u{e9}\u{1f600}=_-]{8,60}",
        form in any::<prop::sample::Index>(),
        before in prop::collection::vec(any::<u8>(), 0..300),
        after in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let forms = forms(&text);
        let form = form.get(&forms);
        let stream = [&before[..], &form.bytes, &after].concat();
        let mut hunter = hunter(&[&text]);
        let shown = found(&mut hunter, &cut(&stream, &cuts));
        let at = before.len() as u64;
        // UTF-16 has a twin one byte away, which can be the one that is kept.
        let near = |&(encoding, offset): &(&str, u64)| {
            encoding == form.encoding && offset == at
                || encoding.starts_with("utf-16") && form.encoding.starts_with("utf-16")
                    && offset.abs_diff(at) <= 1
        };
        prop_assert!(shown.iter().any(near), "{} at {at}: {shown:?}", form.encoding);
    }

    #[test]
    fn base64_is_found_at_any_alignment_in_any_columns(
        text in "[A-Za-z0-9-]{8,60}",
        before in prop::collection::vec(any::<u8>(), 0..99),
        after in prop::collection::vec(any::<u8>(), 0..99),
        columns in 4usize..80,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let bytes = [&before[..], text.as_bytes(), &after].concat();
        let lines = openssl_like(&bytes, columns);
        let shown = found(&mut hunter(&[&text]), &cut(&lines, &cuts));
        prop_assert!(shown.iter().any(|(encoding, _)| encoding.starts_with("base64")));
    }

    #[test]
    fn chunks_make_no_difference(
        stream in prop::collection::vec(prop_oneof![Just(b'N'), Just(b'H'), Just(b'S'), Just(b'='), Just(b'\n'), Just(b'\0'), Just(b'4'), Just(b'e')], 0..400),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let texts = ["NHSNHSNH", "SSSSSSSS", "NNNNNNNN"];
        let whole = found(&mut hunter(&texts), &[&stream]);
        prop_assert_eq!(found(&mut hunter(&texts), &cut(&stream, &cuts)), whole);
    }

    #[test]
    fn what_was_not_planted_is_not_found(
        stream in prop::collection::vec(any::<u8>(), 0..4096),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let shown = found(&mut hunter(&["NHSCANARY-7f3a"]), &cut(&stream, &cuts));
        prop_assert_eq!(shown, []);
    }

    #[test]
    fn both_engines_find_the_same(
        stream in "[NHS=\\n4e]{0,400}",
        text in "[NHS]{8,9}",
    ) {
        let (mut table, mut compact) = (hunter(&[&text]), hunter(&[&text]));
        compact.matcher = Matcher::within(&[Canary::new("canary-1", text).unwrap()], 0);
        prop_assert_eq!(
            found(&mut table, &[stream.as_bytes()]), found(&mut compact, &[stream.as_bytes()])
        );
    }
}

/// Base64 with padding in lines, by another road than the code under test takes.
fn openssl_like(bytes: &[u8], columns: usize) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut written = Vec::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - group.len()));
        for at in 0..4 {
            let index = (word >> (18 - 6 * at) & 63) as usize;
            written.push(if at <= group.len() { ALPHABET[index] } else { b'=' });
        }
    }
    written.chunks(columns).collect::<Vec<_>>().join(&b"\r\n"[..])
}
