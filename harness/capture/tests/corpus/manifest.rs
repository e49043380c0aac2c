//! What `tshark` said.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{folder::folder, tally::Counts};

/// A file of the manifest.
pub(crate) struct Entry {
    /// As the manifest names it.
    pub(crate) path: String,
    /// Where it is.
    pub(crate) file: PathBuf,
    /// Packets.
    pub(crate) packets: u64,
    /// Flows with a server hello over TCP, by version.
    pub(crate) versions: Counts,
    /// Flows with a server hello, by cipher suite; with those over QUIC.
    pub(crate) suites: Counts,
    /// Flows with a key share of the server, by group; with those over QUIC.
    pub(crate) groups: Counts,
    /// Flows with a retry request.
    pub(crate) retries: u64,
    /// Names that clients asked for.
    pub(crate) names: Vec<String>,
}

/// The manifest lists no more names of one file.
pub(crate) const MOST_NAMES: usize = 40;

/// Everything in the manifest; nothing where there is none.
pub(crate) fn load() -> Option<Vec<Entry>> {
    let root = folder().join("real");
    let text = std::fs::read_to_string(root.join("manifest.json")).ok()?;
    let manifest: Value = serde_json::from_str(&text).expect("the manifest is JSON");
    let files = manifest["files"].as_array().expect("files");
    Some(files.iter().map(|file| entry(&root, file)).collect())
}

fn entry(root: &Path, file: &Value) -> Entry {
    let path = file["path"].as_str().expect("path").to_owned();
    let facts = &file["facts"];
    Entry {
        file: root.join(&path),
        packets: facts["packets"].as_u64().expect("packets"),
        versions: counts(&facts["tls_by_version"], |name| name.strip_prefix("TCP ")),
        suites: counts(&facts["tls_by_cipher"], |name| Some(name)),
        groups: counts(&facts["server_key_share_groups"], |name| Some(name)),
        retries: facts["hello_retry_flows"].as_u64().expect("a count"),
        names: facts["sni"]
            .as_array()
            .expect("names")
            .iter()
            .map(|name| name.as_str().expect("a name").to_owned())
            .collect(),
        path,
    }
}

fn counts(object: &Value, pick: impl Fn(&str) -> Option<&str>) -> Counts {
    let mut counts = Counts::default();
    for (name, count) in object.as_object().expect("an object") {
        if let Some(name) = pick(name) {
            counts.add(name, count.as_u64().expect("a count"));
        }
    }
    counts
}

/// Files in which `tshark` counts something else as packets.
const PACKETS: &[(&str, &str)] = &[
    ("pcapng-tests/output_be/basic/test017.pcapng", CUSTOM_BLOCKS),
    ("pcapng-tests/output_be/basic/test018.pcapng", CUSTOM_BLOCKS),
    ("pcapng-tests/output_be/difficult/test202.pcapng", CUSTOM_BLOCKS),
    ("pcapng-tests/output_le/basic/test018.pcapng", CUSTOM_BLOCKS),
    ("pcapng-tests/output_le/difficult/test202.pcapng", CUSTOM_BLOCKS),
    ("tcpdump/tests/dsa-high-vid.pcap", LINK_TYPE),
    ("tcpdump/tests/dsa.pcap", LINK_TYPE),
    ("tcpdump/tests/frf16_magic_ie-oobr.pcap", LINK_TYPE),
    ("tcpdump/tests/juniper_es_oobr.pcap", LINK_TYPE),
    ("tcpdump/tests/vtp_asan-2.pcap", LINK_TYPE),
    ("tcpdump/tests/vtp_asan.pcap", LINK_TYPE),
];

const CUSTOM_BLOCKS: &str = "tshark counts custom blocks as records";
const LINK_TYPE: &str = "tshark refuses the whole file for its link type; it has packets";

/// Files in which we find sessions that `tshark` does not.
const MORE: &[(&str, &str)] = &[
    (
        "ndpi/tests/cfgs/default/pcap/KakaoTalk_talk.pcap",
        "one more on port 8080, which tshark takes for HTTP; with -d tcp.port==8080,tls it agrees",
    ),
    (
        "ndpi/tests/cfgs/default/pcap/anydesk.pcapng",
        "one more on port 80, which tshark takes for HTTP; with -d tcp.port==80,tls it agrees",
    ),
    (
        "zeek/testing/btest/Traces/rdp/rdp-no-cookie-mstshash.pcap",
        "after RDP's negotiation, on port 3389; with -d tcp.port==3389,tls tshark agrees",
    ),
    (
        "zeek/testing/btest/Traces/tls/ssl-to-http-server.pcap",
        "a client hello to port 80, which tshark takes for HTTP; with -d tcp.port==80,tls it agrees",
    ),
];

/// Files with sessions that we do not find.
const MISSED: &[(&str, &str)] = &[
    ("ndpi/tests/cfgs/default/pcap/443-opvn.pcap", "TLS inside OpenVPN"),
    ("ndpi/tests/cfgs/default/pcap/openvpn.pcap", "TLS inside OpenVPN"),
];

pub(crate) fn why_packets_differ(path: &str) -> Option<&'static str> {
    look_up(PACKETS, path)
}

pub(crate) fn why_we_see_more(path: &str) -> Option<&'static str> {
    look_up(MORE, path)
}

pub(crate) fn why_missed(path: &str) -> Option<&'static str> {
    look_up(MISSED, path)
}

fn look_up(list: &[(&str, &'static str)], path: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == path).map(|(_, reason)| *reason)
}
