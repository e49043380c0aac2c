//! Decrypted streams by their digests, also where no `tshark` is installed.
//!
//! The digests are of what `tshark` 4.0.17 writes with `-q -z follow,tls,raw,N`, each side by itself.

#![expect(clippy::print_stdout, reason = "what could not be run is said")]

#[path = "corpus/folder.rs"]
mod folder;

use std::{collections::BTreeMap, path::Path};

use folder::folder;
use hallmark_capture::{Flow, Layer, Limits, Listener, Side, read};
use hallmark_tls::KeyLog;
use ring::digest::{Context, SHA256};

/// Digests of what each side said under TLS.
#[derive(Default)]
struct Digests {
    streams: BTreeMap<(u64, u8), (u64, Option<Context>)>,
    gaps: usize,
}

fn rank(side: Side) -> u8 {
    match side {
        Side::Client => 0,
        Side::Server => 1,
    }
}

impl Listener for Digests {
    fn bytes(&mut self, flow: u64, side: Side, layer: Layer, offset: u64, bytes: &[u8]) {
        if layer == Layer::Raw {
            return;
        }
        let (length, context) = self.streams.entry((flow, rank(side))).or_default();
        assert_eq!(*length, offset, "in order, without a break");
        *length += bytes.len() as u64;
        context.get_or_insert_with(|| Context::new(&SHA256)).update(bytes);
    }

    fn gap(&mut self, _: u64, _: Side, layer: Layer) {
        self.gaps += usize::from(layer == Layer::Decrypted);
    }

    fn datagram(&mut self, _: u64, _: Side, _: &[u8]) {}
}

/// Length and digest of what each side said, client first, by flow.
fn decrypted(capture: &Path, keys: &KeyLog) -> (Vec<Flow>, Vec<String>) {
    let mut digests = Digests::default();
    let files = [capture.to_owned()];
    let captured =
        read(&files, keys, &Limits::default(), &mut digests, &mut |_| {}).expect("reads");
    assert_eq!(digests.gaps, 0, "{}: gaps", capture.display());
    let lines = digests.streams.into_values().map(|(length, context)| {
        let digest = context.map(Context::finish);
        let hex: String = digest
            .iter()
            .flat_map(|digest| digest.as_ref())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{length} {hex}")
    });
    (captured.flows, lines.collect())
}

fn key_log(path: &Path) -> KeyLog {
    let mut keys = KeyLog::default();
    keys.read(&std::fs::read(path).expect("a key log"));
    keys
}

struct Case {
    capture: &'static str,
    keys: Option<&'static str>,
    digests: &'static [&'static str],
}

const PING: &str = "4 758d61f26a44448384e5c4468a0dcb7a2abe456067b0f7b505bc28b9411fe931";
const PONG: &str = "4 9795c5ff8937f23526ccb207a5684c1fc94a7854e19c021b39d944e51f5baef2";

const CASES: &[Case] = &[
    Case {
        capture: "real/illustrated-tls13/captures/capture.pcap",
        keys: Some("real/illustrated-tls13/captures/keylog.txt"),
        digests: &[PING, PONG],
    },
    Case {
        capture: "real/illustrated-tls13/archive/captures/capture.pcap",
        keys: Some("real/illustrated-tls13/archive/captures/keylog.txt"),
        digests: &[PING, PONG],
    },
    Case {
        // Keys inside the capture.
        capture: "real/ja4/pcap/http2-with-cookies.pcapng",
        keys: None,
        digests: &[
            "5264 21a9c73f9d2b914b5fe7a22ce2f443c74ab51d567e971a772c1d862ae2508c05",
            "1825333 89bb21991598e94a90ad027b17a40a11ce00c2a4de6408cb4ac915c9cb0e2613",
        ],
    },
    Case {
        // Draft 20.
        capture: "real/wireshark/test/captures/tls13-20-chacha20poly1305.pcap",
        keys: Some("real/wireshark/test/keys/tls13-20-chacha20poly1305.keys"),
        digests: &[
            "16 9da962f9aa12f77f407b1e6e9013cba9db64a392ba86d1b05faec73d905bab67",
            "2608 9b6a669f1ee2bda606df1cb5c479437c8f8dac45ecbc50c125bb76b17d5e9bda",
            "16 9da962f9aa12f77f407b1e6e9013cba9db64a392ba86d1b05faec73d905bab67",
            "2608 88f711c02cfe5e9c326d4be0eb9426515f9786eb16599d9a21f0ca3a1f95a494",
        ],
    },
    Case {
        capture: "messaging/xmpp-plain.pcap",
        keys: Some("messaging/xmpp-plain.keylog"),
        digests: &[
            "1331 d69fd7a5e865a983e0d0992f7eef82a6266e0a4cc53f302e71645eb04ef9403d",
            "2845 60f80ff7aa8db88731e24d8ae003888b1cae3dba05fe1a576d1ea51922f44d94",
            "1331 fe0cc584b3acecc16d9e5df77c01f96ff1605c0e54a9fce46baf68c1320fac83",
            "2833 04f4e4d014f64e529af8466cc0620192f519695419f4de82c9192006f1cb5406",
        ],
    },
    Case {
        capture: "messaging/xmpp-omemo.pcap",
        keys: Some("messaging/xmpp-omemo.keylog"),
        digests: &[
            "24058 0684f1030f158362721d544213d552bc6cd8a19c7be4dfc6756dc71e588844a2",
            "41557 afb3a6dc92f89b2446666d742db7c958fa85e6151d21d9eebe728c35966bf9b7",
            "33984 b78693e14cf020aaca3ee59abb5d947c0bc5d5d50bca9b68b5b010e2ad94f861",
            "35087 6ae4465dbc6229b95e08c7fdb60b14c6e656028119c900dd88c396bd0ac9d6e3",
        ],
    },
    Case {
        capture: "messaging/matrix-e2ee.pcap",
        keys: Some("messaging/matrix-e2ee.keylog"),
        digests: &[
            "22904 7706368d4b07bb618a2793286c0967f7b46dcf1925fd65f66155cf5eb26d9de9",
            "26933 7b81b20fe7b1adc97a060391e4f173ae7bb53eb045b13b4ccbd91d4dac858915",
            "21670 2915a3e3112d656e8f73fa0aa3ddf7d68db4d18db0393a3e92dc1000b378bd12",
            "28795 1c43e1ac18ab6a914719bfd526f50a3cce8c60f3cf8d09ea2d7ddd440769bd00",
        ],
    },
];

#[test]
fn what_is_opened_is_what_tshark_opens() {
    for case in CASES {
        let capture = folder().join(case.capture);
        if !capture.exists() {
            println!("not run: {} (HALLMARK_CAPTURES)", case.capture);
            continue;
        }
        let keys = case.keys.map(|path| key_log(&folder().join(path))).unwrap_or_default();
        let (flows, digests) = decrypted(&capture, &keys);
        assert_eq!(digests, case.digests, "{}", case.capture);
        let opened: u64 = flows.iter().map(|flow| flow.opened).sum();
        let closed: u64 = flows.iter().map(|flow| flow.closed).sum();
        println!("{}: {opened} records opened, {closed} closed", case.capture);
        assert_eq!(closed, 0, "{}", case.capture);
    }
}
