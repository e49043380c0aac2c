//! What `tshark` decrypts.

use std::{net::SocketAddr, path::Path, process::Command};

use super::streams::Stream;

/// Decrypts every TCP stream, with these keys and those inside the file.
pub(crate) fn decrypt(file: &Path, keys: &[u8]) -> Vec<Stream> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys");
    std::fs::write(&log, keys).unwrap();
    let option = format!("tls.keylog_file:{}", log.display());
    let ends = ends(file);
    let follow: Vec<_> =
        (0..ends.len()).flat_map(|n| ["-z".to_owned(), format!("follow,tls,raw,{n}")]).collect();
    let mut command = tshark(file);
    command.args(["-o", &option, "-q"]).args(&follow);
    let text = printed(&mut command);
    let blocks: Vec<_> = text.split("Follow: tls,raw").skip(1).collect();
    assert_eq!(blocks.len(), ends.len(), "{command:?}: {text}");
    blocks.into_iter().map(|block| stream(block, &ends)).collect()
}

/// The key log of a capture whose sessions have this pre-shared key.
pub(crate) fn keys_of_psk(file: &Path, psk: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("keys");
    let mut command = tshark(file);
    command.args(["-o", &format!("tls.psk:{psk}"), "-Y", "tls", "--export-tls-session-keys"]);
    command.arg(&log);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(log).unwrap()
}

/// Both ends of each TCP stream, the sender of its first packet first.
fn ends(file: &Path) -> Vec<[SocketAddr; 2]> {
    let mut command = tshark(file);
    let fields =
        ["tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst", "tcp.dstport"];
    command.args(["-Y", "tcp", "-T", "fields", "-E", "occurrence=l"]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let mut ends = Vec::new();
    for line in printed(&mut command).lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let [number, from4, from6, from_port, to4, to6, to_port] = columns[..] else {
            panic!("{line}")
        };
        let socket = |v4: &str, v6: &str, port: &str| -> SocketAddr {
            let host = if v4.is_empty() { v6 } else { v4 };
            SocketAddr::new(host.parse().unwrap(), port.parse().unwrap())
        };
        if number.parse() == Ok(ends.len()) {
            ends.push([socket(from4, from6, from_port), socket(to4, to6, to_port)]);
        }
    }
    ends
}

/// Lines of hexadecimal digits; those of the other end begin with a tab.
fn stream(block: &str, all: &[[SocketAddr; 2]]) -> Stream {
    let value = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {block}")).trim()
    };
    let number: usize = value("Filter: tcp.stream eq").parse().unwrap();
    let mut said = [Vec::new(), Vec::new()];
    for line in block.lines() {
        let digits = line.trim_start();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            said[usize::from(line.starts_with('\t'))].extend(bytes(digits));
        }
    }
    // The node that spoke first under TLS, for which alone tshark 4.0 always has the address.
    let first = value("Node 0:");
    let mut ends = all[number];
    if said.iter().any(|said| !said.is_empty()) && ends[0].to_string() != first {
        ends.reverse();
        assert_eq!(ends[0].to_string(), first, "{block}");
    }
    Stream { number, ends, said }
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn tshark(file: &Path) -> Command {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args(["-o", "tcp.reassemble_out_of_order:TRUE"]);
    command
}

fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
