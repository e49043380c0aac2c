//! The hello of an ordinary client.

use std::net::IpAddr;

use ring::digest;

use crate::{
    CipherSuite, ClientHello, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme,
};

/// What clients offer up to TLS 1.2, common ones first. No finite field: a server that knows
/// RFC 7919 would then use that instead of its own, which is the one to be seen.
const CURVES: [u16; 30] = [
    0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x001A, 0x001B, 0x001C, 0x0016, 0x0015, 0x0014, 0x0013,
    0x0012, 0x0011, 0x0010, 0x000F, 0x000E, 0x000D, 0x000C, 0x000B, 0x000A, 0x0009, 0x0008, 0x0007,
    0x0006, 0x0005, 0x0004, 0x0003, 0x0002, 0x0001,
];

/// What clients offer in TLS 1.3: classical ones first, so that a server without a preference of
/// its own does not seem to prefer a hybrid.
const GROUPS_13: [u16; 19] = [
    0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x001F, 0x0020, 0x0021, 0x0100, 0x0101, 0x0102, 0x0103,
    0x0104, 0x11EC, 0x11EB, 0x11ED, 0x0200, 0x0201, 0x0202,
];

/// Of TLS 1.2 and 1.3, strong ones first.
const SCHEMES: [u16; 22] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x081A,
    0x081B, 0x081C, 0x0401, 0x0501, 0x0601, 0x0904, 0x0905, 0x0906, 0x0203, 0x0201,
];

/// Of TLS 1.2 alone: pairs with DSA, SHA-224 and MD5.
const PAIRS: [u16; 8] = [0x0303, 0x0301, 0x0402, 0x0502, 0x0602, 0x0302, 0x0202, 0x0101];

pub(super) fn hello(
    version: ProtocolVersion,
    cipher_suites: &[CipherSuite],
    server_name: Option<&str>,
    random: [u8; 32],
) -> ClientHello {
    let tls13 = version == ProtocolVersion::Tls13;
    let mut hello = ClientHello {
        legacy_version: version.wire().min(ProtocolVersion::Tls12.wire()),
        random,
        // Middleboxes want to see a session resumed (RFC 8446, appendix D.4).
        session_id: if tls13 { session_id(&random) } else { Vec::new() },
        cipher_suites: cipher_suites.to_vec(),
        compression_methods: vec![0],
        extensions: None,
    };
    if version >= ProtocolVersion::Tls10 {
        extend(&mut hello, version, server_name);
    }
    hello
}

fn extend(hello: &mut ClientHello, version: ProtocolVersion, server_name: Option<&str>) {
    if let Some(name) = server_name.and_then(host_name) {
        hello.set_server_name(name);
    }
    hello.set_extension(ExtensionType::EXTENDED_MASTER_SECRET, Vec::new());
    hello.set_extension(ExtensionType::RENEGOTIATION_INFO, vec![0]);
    let tls13 = version == ProtocolVersion::Tls13;
    let groups = if tls13 { &GROUPS_13[..] } else { &CURVES };
    hello.set_groups(&groups.iter().copied().map(NamedGroup).collect::<Vec<_>>());
    // One format: uncompressed.
    hello.set_extension(ExtensionType::EC_POINT_FORMATS, vec![1, 0]);
    hello.set_extension(ExtensionType::SESSION_TICKET, Vec::new());
    if version >= ProtocolVersion::Tls12 {
        let pairs = PAIRS.into_iter().filter(|_| !tls13);
        let schemes = SCHEMES.into_iter().chain(pairs).map(SignatureScheme);
        hello.set_signature_schemes(&schemes.collect::<Vec<_>>());
    }
    if tls13 {
        hello.set_supported_versions(&[version.wire()]);
        // One mode: psk_dhe_ke.
        hello.set_extension(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec![1, 1]);
        hello.set_key_shares(&[]);
    }
}

/// The name as `server_name` has it, without the final dot; nothing for addresses.
fn host_name(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    // An address of IPv6 may have a zone, which `IpAddr` does not read.
    let address = inner.parse::<IpAddr>().is_ok() || name.contains(':');
    (!name.is_empty() && !address).then_some(name)
}

/// 32 bytes that are as random as the random is, and as repeatable.
fn session_id(random: &[u8; 32]) -> Vec<u8> {
    digest::digest(&digest::SHA256, random).as_ref().to_vec()
}
