//! Fingerprints of recorded hellos, beside those of other programs.
#![expect(clippy::print_stdout, reason = "what could not be run is said")]

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use hallmark_tls::{ClientHello, fingerprint};
use serde_json::Value;

/// What the authors of JA4 publish for their own captures: file, stream, fingerprint.
const JA4: [(&str, &str, &str); 11] = [
    ("https-connect.pcap", "0", "t12i860500_e18388e7f3a3_a1e935682795"),
    ("https3-301-get.pcap", "0", "t10d230100_6a57a6f57151_000000000000"),
    ("http2-with-cookies.pcapng", "0", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("latest.pcapng", "1", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("latest.pcapng", "3", "t12d190800_d83cc789557e_7af1ed941c26"),
    ("latest.pcapng", "5", "t13d1516h2_8daaf6152771_9b887d9acb53"),
    ("latest.pcapng", "9", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("macos_tcp_flags.pcap", "0", "t13d2613h2_2802a3db6c62_845d286b0d67"),
    ("tls-sni.pcapng", "0", "t13d1516h2_8daaf6152771_e5627efa2ab1"),
    ("tls-sni.pcapng", "5", "t13d1516h1_8daaf6152771_e5627efa2ab1"),
    ("tls-sni.pcapng", "6", "t13d151400_8daaf6152771_de4a06bb82e3"),
];

/// A hello as tshark found it.
struct Recorded {
    stream: String,
    hello: ClientHello,
    ja3: String,
    ja3_text: String,
}

#[test]
fn tshark_and_the_authors_of_ja4_agree() {
    let folder = captures().join("real/ja4/pcap");
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("not run: tshark, to compare fingerprints, is not installed");
        return;
    }
    let Ok(files) = folder.read_dir() else {
        println!("not run: the recorded captures are not there (HALLMARK_CAPTURES)");
        return;
    };
    let (mut compared, mut published) = (0, 0);
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for Recorded { stream, hello, ja3, ja3_text } in hellos(&path) {
            assert_eq!(fingerprint::ja3_text(&hello), ja3_text, "{name}, stream {stream}");
            assert_eq!(fingerprint::ja3(&hello), ja3, "{name}, stream {stream}");
            compared += 1;
            for (_, _, ja4) in JA4.iter().filter(|known| known.0 == name && known.1 == stream) {
                assert_eq!(fingerprint::ja4(&hello), *ja4, "{name}, stream {stream}");
                published += 1;
            }
        }
    }
    println!("{compared} hellos have tshark's JA3, {published} of them their published JA4");
    assert_eq!(published, JA4.len());
}

fn captures() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match std::env::var_os("HALLMARK_CAPTURES") {
        Some(folder) => root.join(folder),
        None => root.join("../shared/captures"),
    }
}

fn hellos(capture: &Path) -> Vec<Recorded> {
    let filter = "tls.handshake.type == 1 && tcp";
    let output = Command::new("tshark")
        .args(["-T", "json", "-x", "-J", "tcp tls", "-Y", filter, "-r"])
        .arg(capture)
        .output()
        .unwrap();
    let packets: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    packets.as_array().into_iter().flatten().filter_map(recorded).collect()
}

fn recorded(packet: &Value) -> Option<Recorded> {
    let text = |name| find(packet, name).and_then(Value::as_str).map(str::to_owned);
    // The value of a raw field is its digits, then place and length.
    let digits = find(packet, "tls.handshake_raw")?.get(0)?.as_str()?;
    let message: Vec<u8> = digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let hello = ClientHello::parse(message.get(4..)?).unwrap();
    assert_eq!(hello.message(), message);
    Some(Recorded {
        stream: text("tcp.stream")?,
        hello,
        ja3: text("tls.handshake.ja3")?,
        ja3_text: text("tls.handshake.ja3_full")?,
    })
}

/// The first field of this name, at any depth.
fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => {
            fields.get(name).or_else(|| fields.values().find_map(|field| find(field, name)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}
