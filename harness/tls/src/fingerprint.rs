//! Fingerprints of a client hello.

use std::fmt::Write;

use openssl::hash::{MessageDigest, hash};
use ring::digest;

use crate::{
    ClientHello, ExtensionType, ProtocolVersion, bytes::Reader, extensions, iana::is_grease,
};

/// JA3: MD5 of versions, suites, extensions, groups and point formats, in hexadecimal. GREASE is
/// left out.
#[must_use]
pub fn ja3(hello: &ClientHello) -> String {
    let text = ja3_text(hello);
    let digest = hash(MessageDigest::md5(), text.as_bytes());
    digest.map(|digest| hexadecimal(&digest)).unwrap_or_default()
}

/// What JA3 is a digest of: `771,4865-4866,0-23,29-23,0`.
#[must_use]
pub fn ja3_text(hello: &ClientHello) -> String {
    let groups = hello.groups().into_iter().map(|group| group.0);
    let formats = hello.extension(ExtensionType::EC_POINT_FORMATS);
    let formats = formats.and_then(|body| Reader::new(body).vector(1, "").ok());
    let formats = formats.map_or(&[][..], Reader::rest).iter().map(|&format| u16::from(format));
    [
        hello.legacy_version.to_string(),
        decimal(suites(hello)),
        decimal(extension_types(hello)),
        decimal(groups.filter(|&group| !is_grease(group))),
        decimal(formats),
    ]
    .join(",")
}

/// JA4 of a client over TCP (`t…`), the BSD-licensed part of the family:
/// `t13d1516h2_8daaf6152771_e5627efa2ab1`.
#[must_use]
pub fn ja4(hello: &ClientHello) -> String {
    let mut suites: Vec<u16> = suites(hello).collect();
    suites.sort_unstable();
    let mut types: Vec<u16> = extension_types(hello).collect();
    types.sort_unstable();
    let name = if hello.extension(ExtensionType::SERVER_NAME).is_some() { 'd' } else { 'i' };
    let counts = [suites.len(), types.len()].map(|count| count.min(99));
    format!(
        "t{}{name}{:02}{:02}{}_{}_{}",
        version(hello),
        counts[0],
        counts[1],
        protocol(hello),
        short_digest(&list(&suites)),
        short_digest(&about_extensions(hello, types)),
    )
}

/// The highest version offered, in two characters.
fn version(hello: &ClientHello) -> &'static str {
    let offered = hello.supported_versions().into_iter().filter(|&version| !is_grease(version));
    // Exactly these values are known; drafts of TLS 1.3 are not.
    match offered.max().unwrap_or(hello.legacy_version) {
        wire if wire >> 8 == 0x7F => "00",
        wire => match ProtocolVersion::from_wire(wire) {
            Some(ProtocolVersion::Tls13) => "13",
            Some(ProtocolVersion::Tls12) => "12",
            Some(ProtocolVersion::Tls11) => "11",
            Some(ProtocolVersion::Tls10) => "10",
            Some(ProtocolVersion::Ssl3) => "s3",
            Some(ProtocolVersion::Ssl2) => "s2",
            None => "00",
        },
    }
}

/// First and last character of the first protocol of ALPN; of its hexadecimal form where one of
/// them is no letter or digit; `00` where there is none.
fn protocol(hello: &ClientHello) -> String {
    let protocols = hello.extension(ExtensionType::ALPN).map(extensions::protocols);
    let first = protocols.and_then(|protocols| protocols.first().copied()).unwrap_or_default();
    let (Some(&start), Some(&end)) = (first.first(), first.last()) else {
        return "00".to_owned();
    };
    if start.is_ascii_alphanumeric() && end.is_ascii_alphanumeric() {
        return [char::from(start), char::from(end)].iter().collect();
    }
    format!("{:x}{:x}", start >> 4, end & 0x0F)
}

/// Sorted extensions without name and protocols, whose values differ between visits of one client,
/// then signature schemes in their order.
fn about_extensions(hello: &ClientHello, mut types: Vec<u16>) -> String {
    types.retain(|&kind| {
        !matches!(ExtensionType(kind), ExtensionType::SERVER_NAME | ExtensionType::ALPN)
    });
    let schemes = hello.signature_schemes().into_iter().map(|scheme| scheme.0);
    let schemes: Vec<u16> = schemes.filter(|&scheme| !is_grease(scheme)).collect();
    match (types.is_empty(), schemes.is_empty()) {
        (true, true) => String::new(),
        (_, true) => list(&types),
        _ => format!("{}_{}", list(&types), list(&schemes)),
    }
}

fn suites(hello: &ClientHello) -> impl Iterator<Item = u16> {
    hello.cipher_suites.iter().map(|suite| suite.0).filter(|&suite| !is_grease(suite))
}

fn extension_types(hello: &ClientHello) -> impl Iterator<Item = u16> {
    let types = hello.extensions.iter().flatten().map(|(kind, _)| kind.0);
    types.filter(|&kind| !is_grease(kind))
}

fn decimal(values: impl Iterator<Item = u16>) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join("-")
}

fn list(values: &[u16]) -> String {
    values.iter().map(|value| format!("{value:04x}")).collect::<Vec<_>>().join(",")
}

/// The first 12 digits of SHA-256; zeros for nothing.
fn short_digest(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let mut digest = hexadecimal(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    digest.truncate(12);
    digest
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
