//! sslscan. OpenSSL's names are not needed: it prints the numbers too.

use std::process::Command;

use hallmark_tls::{CipherSuite, NamedGroup, ProtocolVersion};
use roxmltree::{Document, Node};

use super::{NAME, Target, printed};
use crate::compare::{Item, Seen};

/// Scans. Its STARTTLS for XMPP asks for the domain by the name that it connects to.
pub(crate) fn sslscan(target: &Target) -> Seen {
    let mut command = Command::new("sslscan");
    command.args(["--xml=-", "--no-colour", "--no-heartbleed", "--no-renegotiation", "--ipv4"]);
    command.arg(format!("--sni-name={NAME}"));
    if target.starttls_xmpp {
        command.arg("--starttls-xmpp").arg(format!("{NAME}:{}", target.address.port()));
    } else {
        command.arg(target.address.to_string());
    }
    read(&printed(&mut command)).unwrap_or_else(|error| panic!("{}: {error}", target.name))
}

fn read(xml: &str) -> Result<Seen, String> {
    let document = Document::parse(xml).map_err(|error| format!("{error}: {xml}"))?;
    if let Some(error) = document.descendants().find(|node| node.has_tag_name("error")) {
        return Err(error.text().unwrap_or("it failed without a word").to_owned());
    }
    if !document.descendants().any(|node| node.has_tag_name("protocol")) {
        return Err(format!("no protocol was tested: {xml}"));
    }
    let tells_groups = [ProtocolVersion::Tls12, ProtocolVersion::Tls13].into();
    let mut seen = Seen { tells_groups, ..Seen::default() };
    for node in document.descendants() {
        seen.accepted.extend(item(node)?);
    }
    Ok(seen)
}

fn item(node: Node<'_, '_>) -> Result<Option<Item>, String> {
    let of = |name: &str| {
        node.attribute(name).ok_or_else(|| format!("<{}> without {name}", node.tag_name().name()))
    };
    Ok(match node.tag_name().name() {
        "protocol" if of("enabled")? == "1" => {
            Some(Item::Version(version(of("type")?, of("version")?)?))
        }
        "cipher" => {
            let version = version("", of("sslversion")?)?;
            let suite = CipherSuite(number(of("id")?)?);
            Some(Item::Suite(version, suite.name().into_owned()))
        }
        "group" => {
            let version = version("", of("sslversion")?)?;
            let group = NamedGroup(number(of("id")?)?);
            Some(Item::Group(version, group.name().into_owned()))
        }
        _ => None,
    })
}

/// `ssl` and `3`, `tls` and `1.0`, or `TLSv1.0` with nothing before.
fn version(kind: &str, number: &str) -> Result<ProtocolVersion, String> {
    let name = if kind.is_empty() {
        number.to_owned()
    } else {
        format!("{}v{number}", kind.to_uppercase())
    };
    name.parse().map_err(|_| format!("{name} is not a version"))
}

fn number(text: &str) -> Result<u16, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u16::from_str_radix(digits, 16).map_err(|error| format!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<document title="SSLScan Results" version="2.0.7">
 <ssltest host="127.0.0.1" sniname="localhost" port="15333">
  <protocol type="ssl" version="2" enabled="1" />
  <protocol type="ssl" version="3" enabled="0" />
  <protocol type="tls" version="1.3" enabled="1" />
  <cipher status="preferred" sslversion="TLSv1.3" bits="256" cipher="TLS_AES_256_GCM_SHA384" id="0x1302" />
  <group sslversion="TLSv1.2" bits="128" name="secp256r1 (NIST P-256)" id="0x0017" />
  <certificates><certificate type="short"><subject><![CDATA[a<b]]></subject></certificate></certificates>
 </ssltest>
</document>"#;

    #[test]
    fn its_report_is_read() {
        let seen = read(XML).unwrap();
        let items: Vec<_> = seen.accepted.iter().map(ToString::to_string).collect();
        assert_eq!(
            items,
            ["SSLv2", "TLSv1.3", "TLSv1.3 TLS_AES_256_GCM_SHA384", "TLSv1.2 secp256r1"]
        );
    }

    #[test]
    fn a_failure_is_no_empty_result() {
        let xml = "<document><error><![CDATA[Could not connect]]></error></document>";
        assert_eq!(read(xml), Err("Could not connect".to_owned()));
        assert!(read("<document></document>").is_err());
        assert!(read("sslscan: command line").is_err());
        assert!(read(&XML.replace("0x1302", "0x1302zz")).is_err());
        assert!(read(&XML.replace("sslversion=\"TLSv1.3\"", "")).is_err());
    }
}
