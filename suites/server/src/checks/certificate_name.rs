//! The certificate is made out for the name that clients ask for (RFC 9525, section 6).

use std::net::IpAddr;

use hallmark_model::{Verdict, text};

use super::{Check, Conclusion, no_certificate, place, unless_unknown};
use crate::facts::{Area, Certificate, Names};

/// How many names of a certificate are listed.
const LISTED: usize = 6;

pub(super) const CHECK: Check = Check {
    name: "certificate-name",
    title: "The certificate is made out for this server",
    area: Area::Certificates,
    expected: "the name that clients ask for is among the subject alternative names of every certificate of the server",
    judge: |facts, _| {
        if let Some(conclusion) = no_certificate(facts) {
            return conclusion;
        }
        let wanted = text::one_line(&facts.server_name);
        let leaves = || facts.certificates.iter().filter(|certificate| certificate.position == 0);
        let other = leaves().find(|leaf| !covers(&leaf.names, &facts.server_name));
        let conclusion = match (other, leaves().next()) {
            (Some(leaf), _) => Conclusion::new(
                Verdict::Fail,
                format!("{}: {}", place(facts, leaf), made_out_for(leaf)),
                format!(
                    "{wanted} is not among its names; the common name of the subject does not count \
                     (RFC 9525, section 2)"
                ),
            )
            .about([leaf.subject.clone()]),
            (None, Some(leaf)) => Conclusion::new(
                Verdict::Pass,
                format!("{}: {}", place(facts, leaf), made_out_for(leaf)),
                format!("{wanted} is among them"),
            ),
            (None, None) => Conclusion::new(
                Verdict::Inconclusive,
                "no certificate of the server itself was read",
                "without it nothing can be concluded about its names",
            ),
        };
        unless_unknown(facts, Area::Certificates, conclusion)
    },
};

/// Whether `wanted`, a host name or an address, is among `names`.
pub(crate) fn covers(names: &Names, wanted: &str) -> bool {
    let bare = wanted.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => names.ip.contains(&address),
        Err(_) => names.dns.iter().any(|pattern| matches(pattern, wanted)),
    }
}

/// Whether a name of a certificate stands for `host`: without regard to case, with `*` for exactly
/// one whole label at the left (RFC 9525, 6.3).
fn matches(pattern: &str, host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        None => !pattern.contains('*') && pattern.eq_ignore_ascii_case(host),
        Some(parent) => {
            let Some((label, rest)) = host.split_once('.') else { return false };
            !label.is_empty() && !parent.contains('*') && rest.eq_ignore_ascii_case(parent)
        }
    }
}

fn made_out_for(leaf: &Certificate) -> String {
    let dns = leaf.names.dns.iter().map(|name| text::one_line(name));
    let ip = leaf.names.ip.iter().map(ToString::to_string);
    let names: Vec<_> = dns.chain(ip).collect();
    match names.len() {
        0 => "made out for no name".to_owned(),
        n if n > LISTED => {
            format!("made out for {} and {} more", names[..LISTED].join(", "), n - LISTED)
        }
        _ => format!("made out for {}", names.join(", ")),
    }
}
