//! nmap's scripts `ssl-enum-ciphers` and `sslv2`.

use std::{fs, process::Command};

use hallmark_tls::ProtocolVersion;
use roxmltree::{Document, Node, ParsingOptions};

use super::{NAME, Target, printed};
use crate::compare::{Item, Seen};

/// Scans. The plus forces the scripts upon a port that nmap knows nothing of.
///
/// It speaks STARTTLS only by the name of the service, and takes that from a table of ports: one
/// with our port is put before its own. `sslv2` knows STARTTLS of XMPP too.
pub(crate) fn nmap(target: &Target) -> Seen {
    let tables = tempfile::tempdir().unwrap();
    let port = target.address.port().to_string();
    let mut command = Command::new("nmap");
    command.args(["-Pn", "-sT", "--unprivileged", "-p", &port, "-oX", "-"]);
    command.args(["--script", "+ssl-enum-ciphers,+sslv2"]);
    command.args(["--script-args", &format!("tls.servername={NAME}")]);
    if target.starttls_xmpp {
        fs::write(tables.path().join("nmap-services"), format!("xmpp\t{port}/tcp\t1\n")).unwrap();
        // The domain of the stream is the name of the address in the hosts file.
        command.arg("--datadir").arg(tables.path()).args(["--system-dns", NAME]);
    } else {
        command.args(["-n", &target.address.ip().to_string()]);
    }
    read(&printed(&mut command)).unwrap_or_else(|error| panic!("{}: {error}", target.name))
}

fn read(xml: &str) -> Result<Seen, String> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document =
        Document::parse_with_options(xml, options).map_err(|error| format!("{error}: {xml}"))?;
    let scripts = document.descendants().filter(|node| node.has_tag_name("script"));
    let mut seen = Seen::default();
    for script in scripts {
        match script.attribute("id") {
            Some("ssl-enum-ciphers") => read_ciphers(script, &mut seen),
            Some("sslv2") => read_ssl2(script, &mut seen),
            _ => {}
        }
    }
    if seen.accepted.is_empty() { Err(format!("no script saw anything: {xml}")) } else { Ok(seen) }
}

/// A table for each version, with a table `ciphers` of tables with an element `name`, in the
/// server's order if it has one.
fn read_ciphers(script: Node<'_, '_>, seen: &mut Seen) {
    for table in tables(script) {
        let Some(version) = table.attribute("key").and_then(|key| key.parse().ok()) else {
            continue;
        };
        seen.accepted.insert(Item::Version(version));
        let suites = tables(table).filter(|inner| inner.attribute("key") == Some("ciphers"));
        let names = suites.flat_map(|suites| suites.descendants()).filter(|node| is(*node, "name"));
        let suites: Vec<_> = names.filter_map(|name| name.text().map(iana)).collect();
        let preference = table.children().find(|node| is(*node, "cipher preference"));
        let order = match preference.and_then(|node| node.text()) {
            Some("server") => Some(Some(suites.clone())),
            Some("client") => Some(None),
            _ => None,
        };
        seen.orders.extend(order.map(|order| (version, order)));
        seen.accepted.extend(suites.into_iter().map(|name| Item::Suite(version, name)));
    }
}

fn is(node: Node<'_, '_>, key: &str) -> bool {
    node.has_tag_name("elem") && node.attribute("key") == Some(key)
}

/// `SSLv2 supported`, and a table of names.
fn read_ssl2(script: Node<'_, '_>, seen: &mut Seen) {
    let elements = |node: Node<'_, '_>| -> Vec<String> {
        let children = node.children().filter(|child| child.has_tag_name("elem"));
        children.filter_map(|element| element.text().map(ToOwned::to_owned)).collect()
    };
    if !elements(script).iter().any(|text| text == "SSLv2 supported") {
        return;
    }
    seen.accepted.insert(Item::Version(ProtocolVersion::Ssl2));
    for table in tables(script) {
        let names = elements(table).into_iter().map(|name| name.replacen("SSL2_", "SSL_CK_", 1));
        seen.accepted.extend(names.map(|name| Item::Suite(ProtocolVersion::Ssl2, name)));
    }
}

fn tables<'a, 'd>(node: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    node.children().filter(|child| child.has_tag_name("table"))
}

/// nmap marks suites of TLS 1.3 by an invented key exchange.
fn iana(name: &str) -> String {
    name.replacen("TLS_AKE_WITH_", "TLS_", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<?xml-stylesheet href="file:///nmap.xsl" type="text/xsl"?>
<nmaprun scanner="nmap"><host><ports><port>
<script id="ssl-enum-ciphers" output="&#xa;  TLSv1.3: "><table key="TLSv1.3">
<table key="ciphers"><table><elem key="kex_info">ecdh_x25519</elem>
<elem key="name">TLS_AKE_WITH_AES_128_GCM_SHA256</elem></table></table>
<table key="compressors"></table><elem key="cipher preference">client</elem></table>
<elem key="least strength">A</elem></script>
<script id="sslv2" output="x"><elem>SSLv2 supported</elem>
<table key="ciphers"><elem>SSL2_RC4_128_WITH_MD5</elem></table></script>
</port></ports></host></nmaprun>"#;

    #[test]
    fn its_report_is_read() {
        let seen = read(XML).unwrap();
        let items: Vec<_> = seen.accepted.iter().map(ToString::to_string).collect();
        assert_eq!(
            items,
            ["SSLv2", "TLSv1.3", "SSLv2 SSL_CK_RC4_128_WITH_MD5", "TLSv1.3 TLS_AES_128_GCM_SHA256"]
        );
    }

    #[test]
    fn a_version_without_cipher_suites_is_one() {
        let xml = r#"<nmaprun><script id="sslv2"><elem>SSLv2 supported</elem>
            <elem key="ciphers">none</elem></script></nmaprun>"#;
        let seen = read(xml).unwrap();
        assert_eq!(seen.accepted, [Item::Version(ProtocolVersion::Ssl2)].into());
    }

    #[test]
    fn a_failure_is_no_empty_result() {
        assert!(read("<nmaprun><host/></nmaprun>").is_err());
        assert!(read("Failed to resolve").is_err());
    }
}
